//! The table of the house's domain-separation tags. A module's own stand with it; the registry refuses a tag that is there twice.
//!
//! A tag says what a hash or signature is about. It must not know how the bytes behind it are laid out. Invariants: a
//! tag is exactly 16 ASCII bytes, zero-padded; no two are equal; a tag never changes its meaning.

/// The first 16 bytes of a preimage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag([u8; Self::LENGTH]);

impl Tag {
    /// Length in bytes.
    pub const LENGTH: usize = 16;

    /// The tag of a name of 1 to 16 printable ASCII characters. A constant with another name does not compile.
    #[must_use]
    #[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)] // A const fn has nothing better; compile time only.
    pub const fn new(name: &str) -> Self {
        let name = name.as_bytes();
        assert!(!name.is_empty() && name.len() <= Self::LENGTH, "a tag has 1 to 16 characters");
        let mut bytes = [0; Self::LENGTH];
        let mut place = 0;
        while place < name.len() {
            assert!(name[place].is_ascii_graphic(), "a tag is printable ASCII");
            bytes[place] = name[place];
            place += 1;
        }
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }
}

macro_rules! tags {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)+) => {
        $($(#[$doc])* pub const $name: Tag = Tag::new($text);)+

        /// Every tag with its name in this table.
        pub const ALL: &[(&str, Tag)] = &[$((stringify!($name), $name)),+];
    };
}

tags! {
    /// Chain id: over the canonical genesis.
    CHAIN_ID = "thronos/chain";
    /// Transaction id, which is the digest that accounts sign: over chain id and body.
    TRANSACTION = "thronos/tx";
    /// Witness id: over transaction id and witness.
    WITNESS = "thronos/witness";
    /// Block hash: over the header.
    HEADER = "thronos/header";
    /// Body root: over the roots of its two parts.
    BODY = "thronos/body";
    /// A system call as a leaf.
    SYSTEM_CALL = "thronos/syscall";
    /// Leaves, nodes and root of the tree of system calls.
    SYSTEM_CALLS_TREE = "thronos/syscalls";
    /// Leaves, nodes and root of the tree of transactions, by witness id.
    TRANSACTIONS_TREE = "thronos/txs";
    /// A receipt as a leaf.
    RECEIPT = "thronos/receipt";
    /// Leaves, nodes and root of the tree of receipts.
    RECEIPTS_TREE = "thronos/receipts";
    /// A single event.
    EVENT = "thronos/event";
    /// Preimage of a consensus vote.
    VOTE = "thronos/vote";
    /// Preimage of a proposer's contribution to the seed.
    SEED = "thronos/seed";
    /// Address of a multisig policy.
    POLICY = "thronos/policy";
    /// Hash of a validator set.
    VALIDATOR_SET = "thronos/set";
    /// A validator's signed statement of its network identity.
    PEER_RECORD = "thronos/peer";
    /// First words between two peers.
    HANDSHAKE = "thronos/hello";
    /// Id of a gossiped message.
    GOSSIP = "thronos/gossip";
    /// A text that an account signs outside any transaction.
    MESSAGE = "thronos/message";
    /// Checksums and identities of what a node stores.
    STORAGE = "thronos/storage";
    /// Scalars of a randomized batch of BLS checks.
    BLS_BATCH = "thronos/blsbatch";
}

/// Ciphersuite of every BLS signature: draft-irtf-cfrg-bls-signature, minimal-signature-size, proof of possession.
pub const BLS_SIGNATURE_DST: &[u8] = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_";
/// Ciphersuite of BLS proofs of possession, of the same draft. They sign the compressed public key and nothing else, so
/// that a genesis can contain them.
pub const BLS_POSSESSION_DST: &[u8] = b"BLS_POP_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_";

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn all_tags_differ() {
        let tags: BTreeSet<_> = ALL.iter().map(|(_, tag)| tag).collect();
        assert_eq!(tags.len(), ALL.len());
        assert_ne!(BLS_SIGNATURE_DST, BLS_POSSESSION_DST);
        for dst in [BLS_SIGNATURE_DST, BLS_POSSESSION_DST] {
            let head: [u8; Tag::LENGTH] = dst[..Tag::LENGTH].try_into().expect("16 bytes");
            assert!(!tags.contains(&Tag(head)));
        }
    }

    #[test]
    fn a_tag_is_sixteen_ascii_bytes_with_zeros_only_at_the_end() {
        for (name, tag) in ALL {
            let text = tag.0.iter().take_while(|byte| **byte != 0).count();
            assert!(text > 0 && tag.0[..text].is_ascii(), "{name}");
            assert!(tag.0[text..].iter().all(|byte| *byte == 0), "{name}");
        }
        assert_eq!(TRANSACTION.as_bytes(), b"thronos/tx\0\0\0\0\0\0");
    }
}
