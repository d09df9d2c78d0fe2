//! An editor's server: findings, edits and explanations while a Dockerfile is being written.
//!
//! The Language Server Protocol 3.17, as far as Dockerfiles need it; docs/design/0012 says why by hand. From
//! the outside in: [`transport`] cuts bytes into messages, [`rpc`] reads them, [`server`] answers, each answer
//! made by a module of its name.

mod actions;
mod diagnostics;
mod documents;
mod file_uri;
mod hover;
mod positions;
mod rpc;
mod server;
mod transport;

pub use server::serve;
