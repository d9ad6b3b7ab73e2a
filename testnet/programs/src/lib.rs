//! The programs behind `cargo x sim`, `devnet`, `soak` and `hostile`, and the list of what is tried with them.
//!
//! It must not know anything else: what a network is stands in `testnet`, what a feature's trial does in the feature's folder.

pub mod trials;
