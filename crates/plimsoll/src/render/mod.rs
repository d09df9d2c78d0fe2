//! Values to text for people: diagnostics, tables, relative times.

pub mod contract;
pub mod diagnostic;
pub mod table;
pub mod time;
