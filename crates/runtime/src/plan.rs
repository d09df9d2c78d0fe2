//! From a launch specification to a list of kernel steps: pure, printable, testable without root.
