//! Registry v2: pull and push.
