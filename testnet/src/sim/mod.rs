//! The simulator: whole networks in one process, from one seed each, in virtual time.
//!
//! The replicas, their engine, their log and their rules are those of the daemon; links, disks, clocks, processes and
//! faulty members are simulated ([`run()`]). Checkers look at everything that leaves honest nodes and at everything they
//! keep. A run is repeated by its seed alone. Planted bugs ([`hunt()`]) prove that the checkers see. A network to which
//! nothing happens ([`HealthyNetwork`]) tells how fast it is. What a feature does in a network its trial brings
//! ([`Simulated`]).
//!
//! It must not use sockets, files, threads or the clock inside a network: only `run` spreads seeds over threads.

mod actor;
mod calm;
mod canaries;
mod checks;
mod client;
mod clock;
mod crimes;
mod echo;
mod expectations;
mod faults;
mod gossip;
mod ground;
mod keys;
mod links;
mod lives;
pub(crate) mod lots;
mod node;
mod outcome;
mod pace;
mod panics;
mod perform;
mod queue;
mod release;
mod roster;
mod run;
mod scenarios;
mod simulated;
mod store;
mod story;
mod world;

pub use actor::{Actor, Rest, Stage};
pub use canaries::{Catch, hunt};
pub use crimes::{Crime, Hand, Loot, Smuggler, Utterance};
pub use ground::Outline;
pub use keys::VALIDATORS_MAX;
pub use lots::Lots;
pub use outcome::{Failure, Outcome, Report};
pub use pace::{HealthyNetwork, Leaders, Pace, Unhealthy};
pub use run::{Options, UnknownScenario, run, scenario_names};
pub use scenarios::{Casting, tolerated};
pub use simulated::{ChainChecker, Criminal, InMix, Scenario, Simulated, Troupe};
pub use world::{Cast, World};
