//! The seed: randomness to which proposers add signatures that they can withhold but not choose.
//!
//! In the first block after each interval the proposer gives its BLS signature over the block's epoch and view, and
//! `mix' = SHA-256(mix ‖ signature)`. BLS signatures are unique, so there is nothing to grind. A rule may use a mix only for
//! something fixed at least two intervals earlier.

use crypto::{hash, ids};
use types::{BlsSignature, Hash32, TimeMs, Weight};

use crate::keys;
use crate::module::Admission;
use crate::overlay::Overlay;
use crate::records::{self, SeedRecord};
use crate::reject::{KernelReject, Reject};
use crate::system::Judgement;

/// Admits the proposer's part exactly when it is due.
pub(crate) fn admit(judgement: &Judgement<'_>, signature: &BlsSignature) -> Result<Admission, Reject> {
    let Judgement { registry, next, block, block_view, .. } = judgement;
    if !next.seed_is_due(block.time) {
        return Err(KernelReject::SeedNotDue.into());
    }
    let proposer = next.validators.get(block.proposer).ok_or(KernelReject::WrongSeed)?;
    let preimage = ids::seed_preimage(block.chain_id, block.epoch, *block_view);
    if !registry.signatures().verify(&[&proposer.key], &preimage, signature) {
        return Err(KernelReject::WrongSeed.into());
    }
    Ok(Admission { weight: Weight::ZERO, key: b"seed"[..].into(), expiry: TimeMs::MAX, priority: u32::MAX })
}

/// Adds an admitted signature to the mix.
pub(crate) fn mix(overlay: &mut Overlay<'_>, signature: &BlsSignature, time: TimeMs) -> Hash32 {
    let old: SeedRecord = overlay.read(&keys::seed(), |bytes| {
        records::decode(bytes.expect("the genesis wrote the seed, and no block removes it"))
    });
    let mix = Hash32(hash::sha256(&[old.mix.as_bytes().as_slice(), signature.as_bytes()].concat()));
    overlay.write(&keys::seed(), Some(records::encode(&SeedRecord { mix, time })));
    mix
}
