//! crypto

pub mod jellyfish;
