//! Proof to Kubernetes objects with reasons.
