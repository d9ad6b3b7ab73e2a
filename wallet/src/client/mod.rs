//! The way to a node: typed answers over blocking HTTP.

pub mod types;
