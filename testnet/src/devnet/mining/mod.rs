//! Mining on a local network: a built-in miner at node 0, what a person sees of it, and the proof that every µTHR is where the
//! rules say.
//!
//! It must not use the chain's own rules to judge the chain: `books` reckons from nothing but blocks and the genesis.
//!
//! | file | tells |
//! |---|---|
//! | `asked` | what nodes are asked over HTTP |
//! | `events` | what blocks hold and report, read from bytes |
//! | `target` | targets, weights and the pace, reckoned anew |
//! | `books` | who has earned what, reckoned anew with plain loops |
//! | `miner` | `thronos mine` as a process |
//! | `trial` | a network, its miners, and the books that follow it |
//! | `claim` | a claim, and what it moves |
//! | `share` | one share, made here and handed to all nodes |
//! | `pace` | the difficulty while another miner comes and goes |
//! | `restart` | a node that is killed while it serves a miner |
//! | `check`, `watch` | the commands |

mod asked;
mod books;
mod check;
mod claim;
mod events;
mod miner;
mod pace;
mod restart;
mod share;
mod target;
mod trial;
mod watch;

pub(super) use check::{check, quick_works};
pub(super) use watch::Onlooker;
