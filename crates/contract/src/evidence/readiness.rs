//! What it answers once it is ready.

/// Answer to an HTTP request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpAnswer {
    /// Port asked.
    pub port: u16,
    /// Path asked.
    pub path: String,
    /// Status code.
    pub status: u16,
}
