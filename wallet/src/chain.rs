//! What the wallet knows of its chain without asking anybody, and how it checks what nodes say.
//!
//! The genesis is the anchor: it names the chain and its first validators, whose keys must prove possession. A header counts as
//! final when a quorum of the set it names signed it, or a descendant of it; checked with `bls12_381`, which shares no code with
//! what nodes run. It must not know how the answers got here.
//!
//! Invariant: nothing is called checked whose signatures were not checked against a set that hashes to what the header names.

use crypto::bls_pure::{PublicKey, Signature, verify_aggregate};
use crypto::jellyfish;
use types::{
    Canonical, Certificate, ChainId, Epoch, Genesis, Hash32, Header, Height, Network, SystemCall, ValidatorSet,
    VoteKind,
};

use crate::{Error, Result};

/// A validator set whose hash is known to be right, with its keys parsed.
#[derive(Clone, Debug)]
struct TrustedSet {
    /// The first epoch that it signs; the last one is the one before the next set's first.
    from: Epoch,
    hash: Hash32,
    set: ValidatorSet,
    keys: Vec<PublicKey>,
}

/// A chain by its genesis.
#[derive(Clone, Debug)]
pub struct Chain {
    id: ChainId,
    genesis: Genesis,
    /// By their first epochs, which rise.
    sets: Vec<TrustedSet>,
}

/// A header that this wallet has found final.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedHeader {
    /// The header.
    pub header: Header,
    /// Its hash.
    pub hash: Hash32,
    /// How many validators signed.
    pub signers: usize,
    /// How many validators there are.
    pub validators: usize,
}

/// A header with what is said to prove it final, as nodes give it.
#[derive(Clone, Copy, Debug)]
pub struct FinalityClaim<'a> {
    /// Canonical bytes of the header in hex.
    pub header_hex: &'a str,
    /// Headers from the next height up to the one that the certificate names.
    pub descendants_hex: &'a [String],
    /// Canonical bytes of the certificate in hex.
    pub certificate_hex: &'a str,
}

impl Chain {
    /// Takes a genesis as the anchor, by the rules that nodes begin a chain with.
    ///
    /// # Errors
    /// `bad_genesis` for what [`genesis::check`] refuses, or when its validators do not prove possession of their keys.
    pub fn new(genesis: Genesis) -> Result<Self> {
        genesis::check(&genesis, &runtime::registry()).map_err(|error| bad_genesis(&error.to_string()))?;
        let set = genesis::validator_set(&genesis).map_err(|error| bad_genesis(&error.to_string()))?;
        // Once more, with the code that nodes do not run.
        for validator in &genesis.validators {
            let proven = PublicKey::parse(&validator.key).is_ok_and(|key| key.verify_possession(&validator.possession));
            if !proven {
                let why = format!("the validator {} does not prove possession of its key", validator.key);
                return Err(bad_genesis(&why));
            }
        }
        let set = TrustedSet::new(Epoch::ZERO, set).map_err(|why| bad_genesis(&why))?;
        Ok(Self { id: crypto::ids::chain_id(&genesis), genesis, sets: vec![set] })
    }

    /// Reads a genesis file as the anchor, by the parser and the rules that nodes have.
    ///
    /// # Errors
    /// `bad_genesis`.
    pub fn from_json(json: &str) -> Result<Self> {
        Self::new(genesis::parse(json, &runtime::registry()).map_err(|error| bad_genesis(&error.to_string()))?)
    }

    /// The chain's identity.
    #[must_use]
    pub const fn id(&self) -> ChainId {
        self.id
    }

    /// How its addresses are written.
    #[must_use]
    pub const fn network(&self) -> Network {
        self.genesis.network
    }

    /// The genesis.
    #[must_use]
    pub const fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// Whether the set that a header names is the one that signs its epoch, as far as changes of the set are known: a set that was
    /// followed by another signs nothing any more, and none signs before its time.
    #[must_use]
    pub fn knows_set(&self, header: &Header) -> bool {
        self.set_of(header.epoch).is_some_and(|set| set.hash == header.validators_hash)
    }

    fn set_of(&self, epoch: Epoch) -> Option<&TrustedSet> {
        self.sets.iter().rev().find(|set| set.from <= epoch)
    }

    /// Takes over the next epoch's set, as the final last block of an epoch commits to it.
    ///
    /// # Errors
    /// `wrong_validator_set` when the block commits to another set or is not an epoch's last.
    pub fn follow(&mut self, last: &CheckedHeader, next: ValidatorSet) -> Result<Epoch> {
        let wrong =
            |why: String| Error::new("wrong_validator_set", why, "the node is lying or damaged: ask another one");
        if last.header.next_validators_hash != Some(crypto::ids::validator_set_hash(&next)) {
            return Err(wrong(format!("block {} does not commit to the given validator set", last.header.height)));
        }
        let from = last.header.epoch.next();
        let next = TrustedSet::new(from, next).map_err(wrong)?;
        match self.sets.iter().position(|set| set.from >= from) {
            // Headers of one chain commit to one set for an epoch.
            Some(place) if self.sets.get(place).is_some_and(|set| set.from == from && set.hash != next.hash) => {
                return Err(wrong(format!("two final blocks commit to different validator sets for epoch {from}")));
            }
            Some(place) if self.sets.get(place).is_some_and(|set| set.from == from) => {}
            Some(place) => self.sets.insert(place, next),
            None => self.sets.push(next),
        }
        Ok(from)
    }

    /// Checks that a header of this chain is final.
    ///
    /// # Errors
    /// `other_chain`, `unknown_validator_set`, or `not_final` that says what does not hold.
    pub fn check_final(&self, claim: FinalityClaim<'_>) -> Result<CheckedHeader> {
        let header: Header = decode(claim.header_hex, "header")?;
        let certificate: Certificate = decode(claim.certificate_hex, "certificate")?;
        let hash = crypto::ids::header_hash(&header);
        let (mut newest, mut newest_hash) = (header.clone(), hash);
        for descendant in claim.descendants_hex {
            let child: Header = decode(descendant, "header")?;
            if child.parent != newest_hash || newest.height.checked_add(1) != Some(child.height) {
                return Err(not_final(&header, "the headers up to the certified one are not a chain"));
            }
            newest_hash = crypto::ids::header_hash(&child);
            newest = child;
        }
        let (signers, validators) = self.check_certificate(&newest, newest_hash, &certificate)?;
        if header.chain_id != self.id {
            return Err(self.other_chain(header.chain_id));
        }
        Ok(CheckedHeader { header, hash, signers, validators })
    }

    /// Checks the certificate of exactly this header; says how many of how many signed.
    fn check_certificate(&self, header: &Header, hash: Hash32, certificate: &Certificate) -> Result<(usize, usize)> {
        let statement = &certificate.statement;
        if header.chain_id != self.id {
            return Err(self.other_chain(header.chain_id));
        }
        if statement.kind != VoteKind::Finalize || !statement.is_well_formed() || statement.block != hash {
            return Err(not_final(header, "the certificate is not a finalization of it"));
        }
        // Only an epoch's last block is proposed again in later views.
        let is_last = header.next_validators_hash.is_some();
        let fits = if is_last { statement.view >= header.view } else { statement.view == header.view };
        if statement.epoch != header.epoch || !fits {
            return Err(not_final(header, "the certificate is of another epoch or view"));
        }
        let signing = self.set_of(header.epoch).filter(|set| set.hash == header.validators_hash);
        let Some(TrustedSet { set, keys, .. }) = signing else {
            let message = format!(
                "block {} names a validator set that this wallet does not know as the one of epoch {}",
                header.height, header.epoch
            );
            return Err(Error::new(
                "unknown_validator_set",
                message,
                "follow the chain from its genesis, or ask another node",
            ));
        };
        let signers = certificate.signers.signers(set.len()).map_err(|error| not_final(header, &error.to_string()))?;
        if !set.is_quorum(set.power_of(signers.iter().copied())) {
            return Err(not_final(header, "the signers are not a quorum"));
        }
        let signed_by = signers.iter().filter_map(|signer| keys.get(usize::from(signer.0)));
        let preimage = crypto::ids::vote_preimage(self.id, statement);
        let signature =
            Signature::parse(&certificate.signature).map_err(|error| not_final(header, &error.to_string()))?;
        if !verify_aggregate(&preimage, signed_by, &signature) {
            return Err(not_final(header, "the validators' signature is wrong"));
        }
        Ok((signers.len(), set.len()))
    }

    /// The error for something of another chain.
    #[must_use]
    pub fn other_chain(&self, found: ChainId) -> Error {
        let message = format!("this is of chain {found}, and the wallet is set to chain {}", self.id);
        Error::new(
            "other_chain",
            message,
            "use a node of the right chain, or another wallet with `--wallet-dir` or `--genesis`",
        )
    }
}

impl TrustedSet {
    fn new(from: Epoch, set: ValidatorSet) -> std::result::Result<Self, String> {
        let keys = set.validators().iter().map(|validator| PublicKey::parse(&validator.key));
        let keys = keys
            .collect::<std::result::Result<_, _>>()
            .map_err(|error| format!("a validator's key is none: {error}"))?;
        Ok(Self { from, hash: crypto::ids::validator_set_hash(&set), set, keys })
    }
}

impl CheckedHeader {
    /// Checks that a transaction's exact bytes are in this block.
    ///
    /// # Errors
    /// `not_in_block` when the node's list is not the block's, or does not have the transaction.
    pub fn check_contains(&self, system_calls: &[SystemCall], wids: &[Hash32], wid: &Hash32) -> Result<()> {
        let is_body = crypto::ids::body_root(system_calls, wids) == self.header.body_root;
        if is_body && wids.contains(wid) {
            return Ok(());
        }
        let message =
            format!("the node says that the transaction is in block {}, which is not true", self.header.height);
        Err(Error::new("not_in_block", message, "the node is lying or damaged: ask another one"))
    }

    /// Checks that this is the whole content of this block: its transactions by their bytes, and the system calls.
    ///
    /// # Errors
    /// `not_in_block`.
    pub fn check_body(&self, system_calls: &[SystemCall], wids: &[Hash32]) -> Result<()> {
        if crypto::ids::body_root(system_calls, wids) == self.header.body_root {
            return Ok(());
        }
        let message =
            format!("what the node shows as the content of block {} is not what it commits to", self.header.height);
        Err(Error::new("not_in_block", message, "the node is lying or damaged: ask another one"))
    }

    /// Checks a state value, or its absence, after the block before this one, whose result this header commits to.
    ///
    /// # Errors
    /// `wrong_proof` that says why.
    pub fn check_state(&self, key: &[u8], value: Option<&[u8]>, proof_hex: &str) -> Result<Height> {
        let wrong = |why: String| Error::new("wrong_proof", why, "the node is lying or damaged: ask another one");
        let bytes = hex::decode(proof_hex).map_err(|_| wrong("the proof is not hexadecimal".to_owned()))?;
        let proof: jellyfish::Proof =
            borsh::from_slice(&bytes).map_err(|error| wrong(format!("the proof cannot be read: {error}")))?;
        jellyfish::verify(&self.header.state_root.0, key, value, &proof).map_err(|error| wrong(error.to_string()))?;
        Ok(self.header.height.saturating_sub(1))
    }
}

fn bad_genesis(why: &str) -> Error {
    Error::new("bad_genesis", format!("the genesis is not usable: {why}"), "get the chain's genesis file again")
}

pub(crate) fn decode<T: Canonical>(text: &str, what: &str) -> Result<T> {
    let bad = |why: String| {
        Error::new("bad_answer", format!("the {what} that is given cannot be read: {why}"), "ask another node")
    };
    if text.len() / 2 > T::BYTES_MAX {
        return Err(bad(types::counted(text.len() as u64, "digit")));
    }
    let bytes = hex::decode(text).map_err(|_| bad("it is not hexadecimal".to_owned()))?;
    T::from_canonical(&bytes).map_err(|error| bad(error.to_string()))
}

fn not_final(header: &Header, why: &str) -> Error {
    let message = format!("block {} is said to be final, but {why}", header.height);
    Error::new("not_final", message, "the node is lying or damaged: ask another one")
}

/// Reads a header as nodes give it, unchecked: for asking which validator set it names.
///
/// # Errors
/// `bad_answer`.
pub fn decode_header(text: &str) -> Result<Header> {
    decode(text, "header")
}
