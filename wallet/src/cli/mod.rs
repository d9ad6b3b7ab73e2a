//! What every command of `thronos` may use: where it stands, how it answers, and the way of what it sends.
//!
//! A feature's commands are an enum with [`Verbs`] in the feature's client; [`family()`] makes a line of the program's list of it.
//! Answers go to standard output, in words or, with `--json`, as one JSON document; everything else goes to standard error. It must
//! not know a command.

pub mod context;
pub mod digest;
mod family;
pub mod file;
pub mod handing_in;
pub mod output;
pub mod passwords;
mod presence;
pub mod record;
pub mod report;
pub mod span;
pub mod submit;
pub mod typed;

pub use context::Context;
pub use family::{Family, Verbs, family};
pub use report::Report;
