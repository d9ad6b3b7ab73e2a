//! Local networks of real processes: homes, genesis, daemons, and what people and tests do with them.
//!
//! It must not know the insides of a node: it makes the files that an operator would make, starts `thronosd`, and asks over HTTP.
//! Invariants: no daemon outlives the process that started it; every wait ends with what was waited for, with a deadline, or with
//! a signal; nothing is deleted that was not made here.
//!
//! | file | tells |
//! |---|---|
//! | `options` | what may be typed |
//! | `layout`, `ports`, `claims` | where everything lies and listens, and that nobody else takes it |
//! | `homes`, `wallets` | keys, genesis and settings |
//! | `launch`, `process` | one daemon: start, pause, kill, its log |
//! | `network`, `join` | all of them together |
//! | `relay` | slow and lossy lines between them |
//! | `wait`, `stop` | waiting for a condition, and giving up |
//! | `delivery` | a call on its way, through the wallet's own code |
//! | `local` | what a feature's trial brings along |
//! | `check`, `watch`, `run` | the commands |

pub mod check;
mod claims;
mod delivery;
mod failure;
mod homes;
mod join;
pub mod launch;
mod layout;
mod local;
mod network;
mod options;
mod ports;
mod process;
mod relay;
mod run;
mod stop;
mod wait;
mod wallets;
mod watch;

pub use delivery::{await_final, prepare, send};
pub use failure::{Failure, Outcome};
pub use homes::Plan;
pub use layout::{Layout, Marker};
pub use local::{Local, LocalActor, LocalProof, Prove, Proven, Service, StartActor};
pub use network::{LocalNetwork, READY_PATIENCE, Standing};
pub use options::Options;
pub use ports::{DEFAULT_BASE, Ports};
pub use process::{NodeProcess, Programs};
pub use relay::{Carried, Fronts, Relay, RelayReport, Weather};
pub use run::run;
pub use stop::Stop;
pub use wait::{until, until_it_stands};
pub use wallets::{Person, Wallets};
