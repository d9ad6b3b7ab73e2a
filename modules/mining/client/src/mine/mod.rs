//! The built-in miner: a Stratum V1 client that searches with [`lanes::sha256d`].
//!
//! [`message`] reads a pool's lines, [`session`] is the client as a state machine without sockets or clocks (lines in, lines and
//! events out), [`job`] makes headers of what a pool hands out, [`payee`] reads whom a job pays. Around it: [`connection`] moves
//! lines over TCP or TLS, [`trust`] says whose certificates count, [`workers`] search in threads, [`run`] joins them, reconnects and ends, [`show`] tells the person or the
//! program that asked.
//!
//! It must not know the chain's rules: what a share is worth is the pool's word, and what a work is worth is the chain's.
//! Invariants: no header is ever tried twice within a session, since every worker takes extranonces from one counter and
//! tries all versions and nonces of each; a pool's line is bounded and may say anything without causing more than the end of
//! its connection; a share is sent only while its job counts; a job that pays the wrong account is not searched at all.

pub mod benchmark;
pub mod connection;
pub mod job;
pub mod message;
pub mod payee;
pub mod run;
pub mod session;
pub mod show;
pub mod trust;
pub mod workers;

pub use payee::{Payee, Pays};
pub use run::{Options, Pool, Summary};
pub use session::Login;
