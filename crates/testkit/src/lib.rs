//! Hermetic environment, registry with faults and tiny root file systems for tests.
