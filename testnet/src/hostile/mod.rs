//! Hostile strangers, and a validator that turned, against a local network of real daemons, while honest transfers run.
//!
//! Each attack is a file under `attacks`, named after its crime; most are written on an implementation of libp2p that is not ours
//! (js-libp2p, under `testnet/hostile/`) or on plain sockets. It must not look into a node: what a node does is judged by the time
//! in which honest transfers become final, by its memory, its metrics and its log.
//! Invariants: every attack is bounded in time and count and reaches loopback only; what was not run is named with its reason; a
//! suspicion that noise may explain is tried again on a network made anew before it is called a violation.
//!
//! | file | tells |
//! |---|---|
//! | `options` | what may be typed |
//! | `attack`, `attacks` | what an attack is; all of them |
//! | `siege`, `forge` | the network under attack, and what attackers know of it |
//! | `peers`, `stranger`, `sockets` | whose hands attack: js-libp2p, our own network layer, plain sockets |
//! | `pulse`, `figures` | honest transfers, and how soon they are final |
//! | `witness`, `metrics`, `logs` | memory, counters, and what the logs say |
//! | `attempt`, `verdict`, `report`, `run` | one attack tried, judged, told; all of them |

mod attack;
mod attacks;
mod attempt;
mod figures;
mod forge;
mod logs;
mod metrics;
mod options;
mod peers;
mod pulse;
mod report;
mod run;
mod siege;
pub mod sockets;
mod stranger;
mod verdict;
mod witness;

pub use attack::{Assault, Attack, Attacks, Begun, Deeds, Hand, Scene, Wrongs};
pub use options::Options;
pub use run::run;
pub use siege::Siege;
