//! What the server asks the shell to do, in this order.

use std::net::IpAddr;

use types::{Hash32, Height};

use crate::book::{BookError, Closed, Entry};
use crate::ledger::LedgerError;
use crate::line::LineError;
use crate::worker::Worker;

use super::input::{ConnectionId, ProofId};

/// Why a connection is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CloseReason {
    /// Too many connections.
    Full,
    /// Too many connections from one IP address.
    FullForIp,
    /// There is no such port.
    NoSuchPort,
    /// A TLS hello on the plain port.
    Tls,
    /// Not JSON.
    NotJson,
    /// A line without end, or a flood of newlines.
    Flood,
    /// Too many requests other than submits.
    TooManyRequests,
    /// Too many invalid submits.
    TooManyInvalid,
    /// Too many submits that came late or twice: the machine does not take up new jobs. It may come back at once.
    TooManyLate,
    /// The worker is banned.
    Banned,
    /// It neither subscribed nor named a worker in time.
    NoLogin,
    /// All places were taken, and another one wanted in: of those that have no worker the oldest goes.
    GaveWay,
    /// Nothing was heard for too long.
    Idle,
    /// The server stops.
    Drained,
    /// Its device may mine no more.
    Device,
}

impl CloseReason {
    /// The label in metrics and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::FullForIp => "full_for_ip",
            Self::NoSuchPort => "no_such_port",
            Self::Tls => "tls_on_plain_port",
            Self::NotJson => "not_json",
            Self::Flood => "flood",
            Self::TooManyRequests => "too_many_requests",
            Self::TooManyInvalid => "too_many_invalid",
            Self::TooManyLate => "too_many_late",
            Self::Banned => "banned",
            Self::NoLogin => "no_login",
            Self::GaveWay => "gave_way",
            Self::Idle => "idle",
            Self::Drained => "drained",
            Self::Device => "device",
        }
    }
}

impl CloseReason {
    /// What a miner is told before it is sent away for what it did.
    #[must_use]
    pub const fn sentence(self) -> Option<&'static str> {
        match self {
            Self::TooManyRequests => Some("Banned for five minutes: more than 60 requests within a minute"),
            Self::TooManyInvalid => Some("Banned for five minutes: more than 12 invalid submits within a minute"),
            Self::TooManyLate => {
                Some("Too many submits that came late or twice: connect again and take up each new job")
            }
            _ => None,
        }
    }
}

impl From<LineError> for CloseReason {
    fn from(error: LineError) -> Self {
        match error {
            LineError::Tls => Self::Tls,
            LineError::NotJson(_) => Self::NotJson,
            LineError::TooLong | LineError::Blank => Self::Flood,
        }
    }
}

/// A share that is heavy enough for the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Its number, for the verdict.
    pub id: ProofId,
    /// Who found it.
    pub worker: Worker,
    /// For which work.
    pub work_height: u64,
    /// The height of the block that its coinbase binds.
    pub anchor_height: Height,
    /// Whether it meets the target of a work.
    pub is_work: bool,
    /// The header's bytes.
    pub header: [u8; 80],
    /// The header's hash.
    pub hash: [u8; 32],
    /// The coinbase.
    pub coinbase: Vec<u8>,
    /// The Merkle branch beside the coinbase.
    pub branch: Vec<Hash32>,
}

/// Something for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A worker may mine.
    Authorized {
        /// Who.
        worker: Worker,
        /// From where.
        ip: IpAddr,
    },
    /// A worker has to stay away for a while.
    Banned {
        /// Who, if it was authorized.
        worker: Option<Worker>,
        /// From where.
        ip: IpAddr,
        /// Why.
        reason: CloseReason,
    },
    /// The receipts of a closed work are fixed.
    Receipts(Closed),
    /// The receipts of a closed work cannot be kept: only their root is.
    ReceiptsLost {
        /// The closed work.
        work_height: u64,
        /// Why.
        error: String,
    },
    /// The kept receipts of a closed work were damaged, and are of no use.
    ReceiptsDamaged {
        /// The closed work.
        work_height: u64,
        /// Where the damaged file is kept.
        kept: String,
    },
    /// A template for an earlier work came, and was not used.
    OldTemplate {
        /// Its height.
        work_height: u64,
    },
    /// An income or payment does not fit the book.
    Refused(BookError),
    /// The share ledger was damaged: what is whole of it is used.
    LedgerDamaged {
        /// What is wrong.
        error: LedgerError,
        /// Where the damaged files are kept.
        kept: Vec<String>,
    },
}

/// Something to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Append this entry to the ledger, durably, before anything after it is done.
    Save {
        /// The entry's number.
        sequence: u64,
        /// The entry.
        entry: Entry,
    },
    /// Send bytes.
    Send {
        /// To whom.
        connection: ConnectionId,
        /// Whole lines.
        bytes: Vec<u8>,
    },
    /// Close the connection once everything is sent. [`super::Input::Closed`] is expected after it.
    Close {
        /// Which.
        connection: ConnectionId,
        /// Why.
        reason: CloseReason,
    },
    /// Hand this to the chain.
    Submit(Box<Proof>),
    /// Ask whether this worker may mine; again and again, where it mines as a device.
    Admission {
        /// The connection.
        connection: ConnectionId,
        /// Comes back with the answer.
        ticket: u64,
        /// Who.
        worker: Worker,
        /// From where.
        ip: IpAddr,
        /// As which device, as its password names it: letters and digits.
        device: Option<String>,
    },
    /// Tell the operator.
    Event(Event),
}
