//! A directory as a root: every path inside it is resolved by descriptor, never by string twice.
