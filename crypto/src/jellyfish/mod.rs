//! The state commitment: one SHA-256 root over all state, and proofs that a key holds a value or is absent.
//!
//! The *hashing rule* is that of the Jellyfish Merkle tree, a sparse binary tree over 256-bit key hashes:
//!
//! - the hash of an empty subtree is the 32 bytes of [`EMPTY_ROOT`];
//! - a subtree with one leaf hashes like that leaf, `SHA-256("JMT::LeafNode" ‖ key hash ‖ value hash)`, however deep the leaf's
//!   key would reach;
//! - any other subtree hashes as `SHA-256("JMT::IntrnalNode" ‖ left ‖ right)`; bit 0 of a key hash is the highest bit of its
//!   first byte, and a set bit means right;
//! - key hash = SHA-256(state key), value hash = SHA-256(value).
//!
//! So the root depends on the present pairs only, never on the order or the batches in which they came. The two preimages differ
//! in length (77 and 80 bytes), so a leaf never passes for a node.
//!
//! The *layout* is ours: [`Page`]s of four levels (16 slots), each under its [`PagePath`], in the present version only. A slot with
//! up to three keys holds them itself; more stand on a page of their own. What was before is the caller's to keep: the old pages
//! that an [`update`] gives undo it. Nothing outside this folder may depend on how many levels a page holds.
//!
//! It must not know what a state key means, where pages are stored, or how many threads there are: [`Plan`] cuts an update into
//! independent parts and leaves running them to the caller.
//!
//! Invariants:
//! - a page below the root holds at least four leaves in its subtree; the root page at least one; an empty tree has no page;
//! - a page is read at most once per update, and written only when its content changed;
//! - depth is bounded by the key hash: at most 64 pages and 256 siblings, whatever keys an attacker grinds.

mod hash;
mod page;
mod path;
mod proof;
mod reader;
mod slot;
mod update;

pub use hash::{EMPTY_ROOT, KeyHash, Leaf, NodeHash, ValueHash};
pub use page::{PAGE_BYTES_MAX, Page};
pub use path::{PATH_BYTES_MAX, PagePath};
pub use proof::{Proof, ProofError, SIBLINGS_MAX, prove, verify, verify_hashed};
pub use reader::{Overlay, PageChanges, PageReader, ReplacedPages, pages_over};
pub use update::{Change, Plan, Subtree, SubtreeUpdate, TreeUpdate, update};

/// Bytes that are not the one encoding of a page, a path or a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodingError {
    /// The bytes end early, or go on after the value.
    #[error("the encoding has {got} bytes where it should have {want}")]
    Length {
        /// Bytes that the head of the encoding announces.
        want: usize,
        /// Bytes that are there.
        got: usize,
    },
    /// A path longer than a key hash can lead.
    #[error("a page path of {nibbles} nibbles: at most 63 are possible")]
    PathTooLong {
        /// The announced length.
        nibbles: usize,
    },
    /// Bits that must be zero are not.
    #[error("padding bits are set")]
    Padding,
    /// A page without any slot: such a page is not stored.
    #[error("the page is empty")]
    EmptyPage,
    /// A slot with more keys than a slot can hold, and no page either.
    #[error("a slot of kind {0}: 0 to 3 keys and 15 for a page are known")]
    SlotKind(u8),
    /// Keys of a slot that do not rise.
    #[error("the keys of a slot are not in rising order")]
    Unordered,
    /// An explicit hash has the value of the empty subtree, which is written as absent.
    #[error("the hash of the empty subtree is spelled out")]
    EmptySpelledOut,
    /// More siblings than a key hash has bits.
    #[error("{siblings} siblings: at most 256 are possible")]
    TooManySiblings {
        /// The announced number.
        siblings: usize,
    },
    /// A flag that is neither 0 nor 1.
    #[error("a flag byte of {0}: only 0 and 1 are known")]
    Flag(u8),
}
