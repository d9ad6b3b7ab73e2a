//! The rules of the chain as a whole: the kernel with the modules of the chain and one more, `probe`, that asks the kernel for what
//! no module needs yet. Signatures are real; only tests that say so leave them out.
#![allow(clippy::arithmetic_side_effects, reason = "a test that overflows fails")]

mod building;
mod determinism;
mod epochs;
mod fees;
mod golden;
mod harness;
mod hooks;
mod lists;
mod mining;
mod model;
mod page_vectors;
mod probe;
mod queries;
mod rejects;
mod replay;
mod seams;
mod starts;
mod system_calls;
mod tokens_rules;
mod validity;
mod vault;
mod versions;
mod witnesses;
