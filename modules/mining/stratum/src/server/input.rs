//! What happens to the server.

use std::net::IpAddr;
use std::sync::Arc;

use types::Hash32;

use crate::attest::{AttestTerms, MiningDevice};
use crate::book::Settlement;
use crate::refusal::Refusal;
use crate::template::Template;

/// A connection, numbered by the shell; a number is never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// A proof that was handed to the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProofId(pub u64);

/// What became of a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The chain took it as a share.
    Share,
    /// The chain took it as the work.
    Work,
    /// The chain refused it.
    Refused,
}

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Input<'a> {
    /// A miner connected to the port of this index.
    Opened {
        /// The connection.
        connection: ConnectionId,
        /// The index in [`crate::Config::ports`].
        port: usize,
        /// From where.
        ip: IpAddr,
    },
    /// Somebody was turned away at the door, for the count.
    TurnedAway(super::CloseReason),
    /// Bytes came.
    Received {
        /// From whom.
        connection: ConnectionId,
        /// The bytes.
        bytes: &'a [u8],
    },
    /// The connection is gone.
    Closed {
        /// Which.
        connection: ConnectionId,
    },
    /// Time went on; wanted about once a second.
    Tick,
    /// The chain wants this next.
    Template(Arc<Template>),
    /// The chain's answer to a proof.
    Verdict {
        /// Which proof.
        proof: ProofId,
        /// The answer.
        verdict: Verdict,
    },
    /// The answer to [`crate::Output::Admission`].
    Admission {
        /// Whose login.
        connection: ConnectionId,
        /// Which login.
        ticket: u64,
        /// As which device it may mine, if it named one; or why not. [`Refusal::Busy`] where nobody can say so now.
        answer: Result<Option<MiningDevice>, Refusal>,
    },
    /// A device begins to attest its work; whether it may says [`crate::Server::may_attest`].
    Attest(AttestTerms),
    /// The version bits that miners may roll from now on.
    VersionMask(u32),
    /// The operator received base units from the chain.
    Income {
        /// What makes it different from any other.
        reference: Hash32,
        /// Base units.
        amount: u128,
        /// What the operator keeps of it.
        fee: u128,
    },
    /// The operator paid an address.
    Paid(Settlement),
    /// The server is about to stop: miners are asked to reconnect.
    Drain,
}
