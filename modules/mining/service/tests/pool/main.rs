//! The service at a real node: its ports, what it owes and what it pays.

mod autopay;
mod kills;
mod machine;
mod older_names;
mod payouts;
mod ports;
mod program;
#[path = "../../../../../node/tests/support/mod.rs"]
mod support;
