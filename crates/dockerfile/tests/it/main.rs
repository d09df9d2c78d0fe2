//! Larger tests of the Dockerfile reader.

mod corpus;
mod properties;
mod reference;
mod shells;
mod spans;
mod syntax;
