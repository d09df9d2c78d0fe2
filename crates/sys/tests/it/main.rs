//! Tests of the doors to the kernel, from outside.

mod child;
