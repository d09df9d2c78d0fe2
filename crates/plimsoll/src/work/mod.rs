//! The pieces of work that verbs share and `ship` strings together.

pub mod base_images;
pub mod building;
pub mod explaining;
pub mod project;
pub mod proving;
pub mod scanning;
