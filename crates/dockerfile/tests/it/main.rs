//! Larger tests of the Dockerfile reader.

mod corpus;
mod properties;
mod shells;
mod syntax;
