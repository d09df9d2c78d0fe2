//! Experiments, observers and the search for the strictest setting.
