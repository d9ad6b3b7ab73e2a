//! What nodes say to each other, in canonical bytes.
//!
//! A message says nothing about who sent it: that is known from the stream it came over. Every list is bounded,
//! so that a decoder refuses before it allocates.

use std::ops::Deref;
use std::sync::Arc;

use borsh::{BorshDeserialize, BorshSerialize, io};
use consensus::CertificateRequest;
use types::{
    Body, ByteString, Canonical, Certificate, ChainId, DecodeError, Epoch, Hash32, Header, Height, List, Proposal,
    Receipt, SystemCall, Transaction, Vote, limits,
};

/// Most transactions in one message.
pub const TRANSACTIONS_PER_MESSAGE_MAX: usize = 1_000;
/// Most system calls in one message.
pub const SYSTEM_CALLS_PER_MESSAGE_MAX: usize = 32;
/// Most bytes of their bodies, so that a message fits the channel of a module.
pub const SYSTEM_CALLS_BYTES_PER_MESSAGE_MAX: usize = 60 * 1024;

const _: () = assert!(limits::SYSTEM_CALL_BYTES_MAX <= SYSTEM_CALLS_BYTES_PER_MESSAGE_MAX);
/// Most blocks in one answer.
pub const BLOCKS_PER_ANSWER_MAX: usize = 512;
/// Most headers in one answer.
pub const HEADERS_PER_ANSWER_MAX: usize = 1_024;
/// Most certificates in one answer.
pub const CERTIFICATES_PER_ANSWER_MAX: usize = 64;
/// Most snapshots that a peer says to serve.
pub const SNAPSHOTS_MAX: usize = 3;
/// Most fields of a status beside those that everybody knows.
pub const STATUS_FIELDS_MAX: usize = 8;
/// Most bytes of blocks in one answer; the first block is sent whatever its size.
pub const ANSWER_BYTES_MAX: usize = 7 * 1024 * 1024;

/// Most transactions that a leader sends in full beside a sketch.
pub const GIVEN_MAX: usize = 128;
/// Most transactions of a block that are asked for one by one; who misses more asks for the block.
pub const PLACES_MAX: usize = 2_048;
/// What a sketch may be longer than the body it stands for: its header, and a short id and a place for each transaction
/// that is in it in full.
const SKETCH_OVERHEAD_BYTES: usize = 4 * 1024;
const _: () = assert!(limits::HEADER_BYTES_MAX + 16 + GIVEN_MAX * (ShortId::LENGTH + 4) <= SKETCH_OVERHEAD_BYTES);
const _: () = assert!(limits::TRANSACTIONS_PER_BLOCK_MAX <= u16::MAX as usize);

/// Why bytes from a peer were not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// They are of a kind that this version does not know. A newer one may: it is nobody's fault.
    #[error("kind {0}, which this version does not know")]
    UnknownKind(u8),
    /// They are of a kind that is known, and wrong.
    #[error(transparent)]
    Malformed(#[from] DecodeError),
}

/// What peers say comes in kinds, told by the first byte, and later versions may have more of them.
pub trait Kinds: Canonical {
    /// How many kinds this version knows: their bytes are those below this number.
    const KINDS: u8;

    /// Reads a value of a known kind from exactly these bytes.
    ///
    /// # Errors
    /// [`Unread`].
    fn read(bytes: &[u8]) -> Result<Self, Unread> {
        match bytes.first() {
            Some(kind) if *kind >= Self::KINDS => Err(Unread::UnknownKind(*kind)),
            _ => Ok(Self::from_canonical(bytes)?),
        }
    }
}

impl Kinds for Message {
    const KINDS: u8 = 6;
}

impl Kinds for Request {
    const KINDS: u8 = 7;
}

impl Kinds for Response {
    const KINDS: u8 = 7;
}

/// A value that the pool, a block and several messages hold at once; its bytes are the value's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shared<T>(pub Arc<T>);

impl<T> From<T> for Shared<T> {
    fn from(value: T) -> Self {
        Self(Arc::new(value))
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: BorshSerialize> BorshSerialize for Shared<T> {
    fn serialize<W: io::Write>(&self, writer: &mut W) -> io::Result<()> {
        self.0.serialize(writer)
    }
}

impl<T: BorshDeserialize> BorshDeserialize for Shared<T> {
    fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        T::deserialize_reader(reader).map(Self::from)
    }
}

/// The first bytes of a transaction's `wid`: enough to find it in a pool, too few to prove anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct ShortId(pub [u8; 8]);

impl ShortId {
    /// Length in bytes.
    pub const LENGTH: usize = 8;

    /// The short id of the transaction with these exact bytes.
    #[must_use]
    pub const fn of(wid: &Hash32) -> Self {
        let [a, b, c, d, e, f, g, h, ..] = *wid.as_bytes();
        Self([a, b, c, d, e, f, g, h])
    }
}

/// Something said without being asked.
// A message is moved from the socket to the engine and no further: its size costs nothing that a box would save.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = false)]
pub enum Message {
    /// A leader's signed proposal, without the body.
    Proposal(Proposal),
    /// One validator's vote.
    Vote(Vote),
    /// A quorum's votes.
    Certificate(Certificate),
    /// A block without what others have already: a hint until its leader's vote comes.
    Sketch(Box<Sketch>),
    /// Transactions for the pool.
    Transactions(List<Shared<Transaction>, TRANSACTIONS_PER_MESSAGE_MAX>),
    /// System calls of modules that wait for a block.
    SystemCalls(List<SystemCall, SYSTEM_CALLS_PER_MESSAGE_MAX>),
}

/// A header and what its body is made of. Whether the right body was made of it is decided by the header's body root
/// alone.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Sketch {
    /// The header.
    pub header: Header,
    /// The body's system calls.
    pub system_calls: List<SystemCall, { limits::SYSTEM_CALLS_PER_BLOCK_MAX }>,
    /// The body's transactions, in order.
    pub transactions: List<ShortId, { limits::TRANSACTIONS_PER_BLOCK_MAX }>,
    /// Those of them that others may not have, in rising order of their places.
    pub given: List<Given, GIVEN_MAX>,
}

/// A transaction of a sketch in full.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Given {
    /// Its place among the body's transactions.
    pub place: u16,
    /// The transaction.
    pub transaction: Shared<Transaction>,
}

/// A header with its body.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct WireBlock {
    /// The header.
    pub header: Header,
    /// The body it commits to.
    pub body: Shared<Body>,
}

/// A block of the final chain with what proves it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct CertifiedBlock {
    /// The header.
    pub header: Header,
    /// The body.
    pub body: Body,
    /// The finalization of this block or, where the block became final with it, of a descendant.
    pub certificate: Certificate,
}

/// A final block with everything that is kept of it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct KeptBlock {
    /// The block.
    pub block: CertifiedBlock,
    /// Its own receipt, then one per transaction.
    pub receipts: List<Receipt, { limits::TRANSACTIONS_PER_BLOCK_MAX + 1 }>,
}

/// A question to one peer.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = false)]
pub enum Request {
    /// "How far are you?"
    Status,
    /// Certificates of one view, of any of the kinds.
    Certificates(CertificateRequest),
    /// One block by its hash, final or not.
    Block {
        /// Its hash.
        hash: Hash32,
    },
    /// Final blocks in order.
    Range {
        /// The first height.
        from: Height,
        /// How many, at most [`BLOCKS_PER_ANSWER_MAX`].
        count: u16,
    },
    /// Transactions of a block that is not final yet, of whoever sketched it.
    Transactions {
        /// The block's hash.
        block: Hash32,
        /// Their places, rising.
        places: List<u16, PLACES_MAX>,
    },
    /// Headers of final blocks, downwards.
    Headers {
        /// The hash of the first.
        last: Hash32,
        /// How many, at most [`HEADERS_PER_ANSWER_MAX`].
        count: u16,
    },
    /// A final block with its receipts, which the asker had and cannot read any more.
    Kept {
        /// Its height.
        height: Height,
    },
}

/// The answer to a [`Request`].
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = false)]
pub enum Response {
    /// How far the peer is.
    Status(PeerStatus),
    /// What it has of the certificates.
    Certificates(List<Certificate, CERTIFICATES_PER_ANSWER_MAX>),
    /// The block, if it has it.
    Block(Option<Box<WireBlock>>),
    /// Final blocks from the asked height on; empty when it has none.
    Range(List<CertifiedBlock, BLOCKS_PER_ANSWER_MAX>),
    /// The transactions in the order in which they were asked for; none when the block is not at hand.
    Transactions(List<Shared<Transaction>, PLACES_MAX>),
    /// Headers of final blocks from the asked one downwards; none when it is not at hand.
    Headers(List<Header, HEADERS_PER_ANSWER_MAX>),
    /// The block with its receipts, if it is at hand and no longer than an answer may be.
    Kept(Option<Box<KeptBlock>>),
}

impl Response {
    /// The transactions at these places of a body; none if a place is beyond it or the places do not rise.
    #[must_use]
    pub fn transactions_at(body: &Body, places: &[u16]) -> Self {
        let at = |place: &u16| body.transactions.get(usize::from(*place)).cloned().map(Shared::from);
        let rising = places.is_sorted_by(|left, right| left < right);
        let found = rising.then(|| places.iter().map(at).collect::<Option<Vec<_>>>()).flatten();
        Self::Transactions(List::new(found.unwrap_or_default()).unwrap_or_default())
    }
}

/// What a peer says of itself; a claim, checked by nothing.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct PeerStatus {
    /// Its chain.
    pub chain_id: ChainId,
    /// Its newest final height.
    pub height: Height,
    /// Its epoch.
    pub epoch: Epoch,
    /// The oldest height whose body and receipts it serves.
    pub base: Height,
    /// Snapshots of the state that it serves, newest first.
    pub snapshots: List<SnapshotClaim, SNAPSHOTS_MAX>,
    /// Its software, for people.
    pub software: ByteString<64>,
    /// What else it says; a tag that is not known here says nothing.
    pub more: List<StatusField, STATUS_FIELDS_MAX>,
}

/// A snapshot of the state that a peer says to serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SnapshotClaim {
    /// The block after which it was taken, an epoch's last one.
    pub height: Height,
    /// That epoch.
    pub epoch: Epoch,
    /// The state's root.
    pub root: Hash32,
}

/// Something that older software does not know and passes over.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct StatusField {
    /// What it is.
    pub tag: u16,
    /// Its value.
    pub bytes: ByteString<64>,
}

impl StatusField {
    /// The sender's wall clock when it answered: Unix milliseconds, eight bytes, little-endian.
    pub const CLOCK: u16 = 1;

    /// The sender's wall clock.
    #[must_use]
    pub fn clock(unix_ms: u64) -> Self {
        Self { tag: Self::CLOCK, bytes: ByteString::new(unix_ms.to_le_bytes().to_vec()).unwrap_or_default() }
    }
}

impl PeerStatus {
    /// What the peer's wall clock showed, in Unix milliseconds, if it says so.
    #[must_use]
    pub fn clock_ms(&self) -> Option<u64> {
        let field = self.more.iter().find(|field| field.tag == StatusField::CLOCK)?;
        Some(u64::from_le_bytes((*field.bytes).try_into().ok()?))
    }
}

impl Canonical for Message {
    const BYTES_MAX: usize = limits::BODY_BYTES_MAX + SKETCH_OVERHEAD_BYTES;
}

impl Canonical for WireBlock {
    const BYTES_MAX: usize = limits::BODY_BYTES_MAX + limits::HEADER_BYTES_MAX;
}

impl Canonical for Sketch {
    const BYTES_MAX: usize = limits::BODY_BYTES_MAX + SKETCH_OVERHEAD_BYTES - 1;
}

impl Canonical for Request {
    const BYTES_MAX: usize = 256 + 2 * PLACES_MAX;
}

impl Canonical for Response {
    const BYTES_MAX: usize = 8 * 1024 * 1024;
}

impl Message {
    /// The channel between validators on which the message travels.
    #[must_use]
    pub const fn lane(&self) -> Lane {
        match self {
            Self::Proposal(_) => Lane::Proposals,
            Self::Vote(_) | Self::Certificate(_) => Lane::Votes,
            Self::Sketch(_) => Lane::Bodies,
            Self::Transactions(_) | Self::SystemCalls(_) => Lane::Transactions,
        }
    }
}

/// Classes of messages that never wait for each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// Signed headers.
    Proposals,
    /// Votes and certificates.
    Votes,
    /// Sketches of blocks.
    Bodies,
    /// Transactions.
    Transactions,
}
