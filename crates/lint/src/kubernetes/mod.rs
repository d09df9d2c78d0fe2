//! Rules about what Kubernetes makes of the image (PL5xx).

pub(crate) mod pl501_healthcheck_not_used_by_k8s;
pub(crate) mod pl502_healthcheck_tool_missing;
pub(crate) mod pl503_dollar_paren;
pub(crate) mod pl504_volume_vs_readonly;
