//! Dockerfile bytes to a syntax tree with spans.

pub mod syntax;
