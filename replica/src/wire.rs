//! What nodes say to each other, in canonical bytes.
//!
//! A message says nothing about who sent it: that is known from the stream it came over. Every list is bounded,
//! so that a decoder refuses before it allocates.

use borsh::{BorshDeserialize, BorshSerialize};
use consensus::CertificateRequest;
use types::{
    Body, ByteString, Canonical, Certificate, ChainId, Epoch, Hash32, Header, Height, List, Proposal, Transaction,
    Vote, limits,
};

/// Most transactions in one message.
pub const TRANSACTIONS_PER_MESSAGE_MAX: usize = 1_000;
/// Most blocks in one answer.
pub const BLOCKS_PER_ANSWER_MAX: usize = 512;
/// Most certificates in one answer.
pub const CERTIFICATES_PER_ANSWER_MAX: usize = 64;
/// Most bytes of blocks in one answer; the first block is sent whatever its size.
pub const ANSWER_BYTES_MAX: usize = 7 * 1024 * 1024;

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
    /// A block's header and body: a hint until its leader's vote comes.
    Block(Box<WireBlock>),
    /// Transactions for the pool.
    Transactions(List<Transaction, TRANSACTIONS_PER_MESSAGE_MAX>),
}

/// A header with its body.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct WireBlock {
    /// The header.
    pub header: Header,
    /// The body it commits to.
    pub body: Body,
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
    /// Its software, for people.
    pub software: ByteString<64>,
}

impl Canonical for Message {
    const BYTES_MAX: usize = limits::BODY_BYTES_MAX + 2 * limits::HEADER_BYTES_MAX;
}

impl Canonical for WireBlock {
    const BYTES_MAX: usize = limits::BODY_BYTES_MAX + limits::HEADER_BYTES_MAX;
}

impl Canonical for Request {
    const BYTES_MAX: usize = 256;
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
            Self::Block(_) => Lane::Bodies,
            Self::Transactions(_) => Lane::Transactions,
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
    /// Bodies of blocks.
    Bodies,
    /// Transactions.
    Transactions,
}
