//! VerifyID off the chain: a node gives out challenges and judges what devices answer.
//!
//! `desk` is the pure core: sealed challenges, one answer each, limits. `book.rs` keeps on the disk what was answered, `secret.rs` the
//! service's secret, `clocks.rs` reads the machine's clocks, `api` answers over HTTP, `settings.rs` is the section of `config.toml`. It must
//! not know how a device is registered or gets its level, which are the rules', nor people.

#![allow(unused_qualifications, reason = "the expansion of utoipa's attributes qualifies names")]
#![allow(dead_code)]

mod desk;
