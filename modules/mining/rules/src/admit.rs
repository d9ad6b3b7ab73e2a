//! Judging a proof of work: cheap questions first, one header hash, and only for what meets a target the rest.
//!
//! It must not write, nor loop over the window. Invariant: what is admitted needs only its place among the shares of its block to
//! be carried out, because a block's work takes effect at the block's end.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use execution::{Admission, Ancestor, BlockInfo, Judge, ModuleView, Reject};
use pow::{Coinbase, Commitment, Target, WorkHeader, merkle, sha256d};
use types::canary::{Canary, planted};
use types::{Hash32, Height, TimeMs};

use crate::call::ProofBytes;
use crate::check::PROOF_WEIGHT;
use crate::genesis::MiningParameters;
use crate::keys;
use crate::records::{Terms, Tip, view};
use crate::reject::MiningReject;
use crate::retarget::{share_target, weight};
use crate::seen::Seen;

/// Of all works only one may stand in a block, so they have one deduplication key.
const WORK_KEY: &[u8] = b"work";
/// A work goes before every share.
const WORK_PRIORITY: u32 = u32::MAX >> 1;

/// Where a header builds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The height in the work chain that it is for.
    pub(crate) work_height: u64,
    /// What it is judged by.
    pub(crate) terms: Terms,
    /// Whether it builds on the newest work, and so may be one.
    pub(crate) is_next: bool,
}

impl Place {
    /// On the newest work or the one before it.
    pub(crate) fn of(tip: &Tip, header: &WorkHeader) -> Result<Self, MiningReject> {
        let previous = Hash32(header.previous);
        if previous == tip.hash {
            return Ok(Self { work_height: tip.work_height.saturating_add(1), terms: tip.next, is_next: true });
        }
        match tip.grace {
            Some((before, terms)) if previous == before => {
                Ok(Self { work_height: tip.work_height, terms, is_next: false })
            }
            _ => Err(MiningReject::UnknownPrevious),
        }
    }

    /// What a digest must meet to make the header a work, if it may be one.
    fn work_target(&self) -> Option<Target> {
        Target::from_compact(self.terms.bits).ok().filter(|_| self.is_next)
    }

    /// Whether a digest makes the header a work.
    pub(crate) fn is_work(&self, digest: &[u8; 32]) -> bool {
        self.work_target().is_some_and(|target| target.is_met_by(digest))
    }
}

/// What proofs of one work height are judged by, with what follows from it.
struct Standard {
    place: Place,
    /// None where nothing can be a work.
    work_target: Option<Target>,
    share_target: Target,
    share_priority: u32,
    /// Read when the first proof gets that far.
    seen: OnceCell<Seen>,
}

/// Judges proofs against the state after the parent, and reads of it once what is the same for all of a block.
pub(crate) struct ProofJudge<'a> {
    state: ModuleView<'a>,
    block: &'a BlockInfo,
    parameters: MiningParameters,
    tip: Tip,
    /// For headers on the newest work, and for those on the one before it.
    standards: [OnceCell<Standard>; 2],
    /// The blocks that proofs bound so far: mostly a few recent ones.
    anchors: BTreeMap<Height, Ancestor>,
}

impl<'a> ProofJudge<'a> {
    pub(crate) fn new(state: ModuleView<'a>, block: &'a BlockInfo) -> Self {
        let tip = view(&state, &keys::tip()).expect("the genesis wrote this record, and no block removes it");
        let parameters = MiningParameters::view(&state);
        Self { state, block, parameters, tip, standards: [OnceCell::new(), OnceCell::new()], anchors: BTreeMap::new() }
    }

    fn standard(&self, place: Place) -> &Standard {
        let [next, grace] = &self.standards;
        let cell = if place.is_next { next } else { grace };
        cell.get_or_init(|| {
            let share_target = share_target(&self.parameters, place.terms.bits);
            let share_priority = share_priority(weight(share_target));
            Standard { place, work_target: place.work_target(), share_target, share_priority, seen: OnceCell::new() }
        })
    }

    fn anchor(&mut self, height: Height) -> Result<Ancestor, MiningReject> {
        if let Some(anchor) = self.anchors.get(&height) {
            return Ok(*anchor);
        }
        let anchor = self.state.ancestor(height).ok_or(MiningReject::UnknownAnchor)?;
        self.anchors.insert(height, anchor);
        Ok(anchor)
    }

    fn has_seen(&self, standard: &Standard, digest: &[u8; 32]) -> bool {
        let key = || keys::seen(standard.place.work_height);
        let seen = standard.seen.get_or_init(|| Seen::from_value(self.state.get(&key())));
        seen.contains(digest) && !planted(Canary::ProofCountedAgain)
    }
}

impl Judge for ProofJudge<'_> {
    fn admit(&mut self, call: &[u8]) -> Result<Admission, Reject> {
        let proof = ProofBytes::read(call).ok_or(MiningReject::MalformedProof)?;
        let header = WorkHeader::from_bytes(proof.header);
        let place = Place::of(&self.tip, &header)?;
        if header.bits != place.terms.bits {
            return Err(MiningReject::WrongBits.into());
        }
        let anchor = self.anchor(proof.anchor)?;
        let expiry = check_times(&self.parameters, self.block, &header, &anchor)?;
        let digest = sha256d(proof.header);
        let standard = self.standard(place);
        if !standard.share_target.is_met_by(&digest) {
            return Err(MiningReject::AboveTarget.into());
        }
        let is_work = standard.work_target.is_some_and(|target| target.is_met_by(&digest));
        let work_from = self.tip.time.saturating_add(self.parameters.spacing_min_ms);
        if is_work && self.block.time < work_from && self.tip.work_height > 0 {
            return Err(MiningReject::TooSoon.into());
        }
        if !is_work && place.terms.shares >= self.parameters.shares_per_work_max {
            return Err(MiningReject::SharesFull.into());
        }
        if self.has_seen(standard, &digest) {
            return Err(MiningReject::Duplicate.into());
        }
        check_coinbase(self.block, &proof, &header, place.work_height, anchor.hash)?;
        let priority = if is_work { WORK_PRIORITY } else { standard.share_priority };
        let key = if is_work { WORK_KEY } else { &digest };
        Ok(Admission { weight: PROOF_WEIGHT, key: key.into(), expiry, priority })
    }
}

/// Anchor and header time within their bounds; returns until when the anchor is good.
fn check_times(
    parameters: &MiningParameters,
    block: &BlockInfo,
    header: &WorkHeader,
    anchor: &Ancestor,
) -> Result<TimeMs, MiningReject> {
    let expiry = anchor.time.saturating_add(parameters.anchor_age_max_ms);
    if block.time > expiry {
        return Err(MiningReject::AnchorTooOld);
    }
    let header_time = u64::from(header.time);
    let earliest = (anchor.time.0 / 1_000).saturating_sub(parameters.header_behind_max_s.into());
    if header_time < earliest {
        return Err(MiningReject::TimeTooEarly);
    }
    let latest = (block.time.0 / 1_000).saturating_add(parameters.header_ahead_max_s.into());
    if header_time > latest { Err(MiningReject::TimeTooLate) } else { Ok(expiry) }
}

/// The coinbase is one, binds this chain, height, payee and block, and is what the header commits to.
fn check_coinbase(
    block: &BlockInfo,
    proof: &ProofBytes<'_>,
    header: &WorkHeader,
    work_height: u64,
    anchor: Hash32,
) -> Result<(), MiningReject> {
    let coinbase = Coinbase::parse(proof.coinbase)?;
    if coinbase.work_height != work_height {
        return Err(MiningReject::WrongHeight);
    }
    let commitment = Commitment { chain_id: block.chain_id, work_height, payee: coinbase.payee, anchor };
    if !coinbase.binds(&commitment) {
        return Err(MiningReject::OtherCommitment);
    }
    let root = merkle::fold(coinbase.txid, &proof.branch);
    let is_mined = root == header.merkle_root || planted(Canary::MerkleRootUnchecked);
    if is_mined { Ok(()) } else { Err(MiningReject::WrongRoot) }
}

/// Heavier shares first: the bits of the weight, then the eight digits behind the highest.
fn share_priority(weight: u128) -> u32 {
    let length = u128::BITS.saturating_sub(weight.leading_zeros());
    let digits = weight.checked_shl(weight.leading_zeros()).unwrap_or(0) >> 119;
    let digits = u32::try_from(digits & 0xff).expect("eight bits");
    (length << 8) | digits
}
