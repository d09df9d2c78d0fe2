//! The lab: a sample program and a base image that need no download, for examples and exercises.

pub mod app;
pub mod base;
