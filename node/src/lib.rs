//! The node: the shell that performs a replica's effects for real, its home, its keys, its settings and its API.
//!
//! It must not know the rules of any module, nor decide anything that a replica decides: time, sockets, files and threads are
//! here, decisions are in `replica`. Invariants: nothing leaves before what it rests on is on disk; every queue is bounded; a
//! failure of this machine stops the process and names the file.

pub mod api;
pub mod cli;
pub mod config;
pub mod control;
mod disk;
mod hardening;
pub mod home;
pub mod keys;
mod memory;
mod metrics;
mod open_files;
pub mod peer_id;
pub mod services;
pub mod shell;
mod stages;
mod vitals;

pub use disk::FileDisk;
pub use shell::{Node, NodeOptions, StartError};
