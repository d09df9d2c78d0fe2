//! Values to text for people: diagnostics, tables, relative times.

pub mod container;
pub mod contract;
pub mod contract_table;
pub mod diagnostic;
mod fitting;
pub mod lint;
pub mod manifest;
pub mod markdown;
pub mod proof;
pub mod table;
pub mod time;
pub mod unified_diff;
mod xml;
