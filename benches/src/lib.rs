//! What is measured: whole local networks from outside, and single stages from inside.
//!
//! Figures are printed, never judged here: budgets stand in `docs/PERFORMANCE.md`. It must not change what it measures: networks are
//! the ones that `cargo x devnet` starts, with the real daemon.
//!
//! | file | tells |
//! |---|---|
//! | `options`, `run` | what may be typed, and the document that is printed |
//! | `figures`, `machine`, `meter` | medians with their spread, the machine and who else uses it, CPU time and memory of processes |
//! | `ground`, `blocks`, `presigned` | a network to measure, blocks as they become final on each node, transfers signed in advance |
//! | `machines`, `hostile` | a thousand small machines that mine at a node, and strangers who attack its port |
//! | `made`, `chain_maker` | networks whose chain was made in advance, block by block, without agreeing on it |
//! | `parts/*` | one measurement each |
//! | `fixture` | a chain in memory, for the stages |

pub mod blocks;
pub mod chain_maker;
pub mod figures;
pub mod fixture;
pub mod ground;
pub mod hostile;
pub mod machine;
pub mod machines;
pub mod made;
pub mod meter;
pub mod options;
pub mod parts;
pub mod presigned;
mod run;

pub use run::run;
