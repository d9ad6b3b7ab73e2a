//! The turn of an epoch, and the memory of recent blocks.
//!
//! It must not know consensus. An epoch's last block writes what its children need: the next epoch's number, start and set, and
//! the set of the epoch after that, which a module may have chosen. Invariant: the sets of the previous, the present and the next epoch are in the state after any
//! block, so that an attendance of the previous epoch can still be checked.

use crypto::ids;
use types::{Epoch, Hash32, ValidatorSet};

use crate::context::BlockInfo;
use crate::keys;
use crate::overlay::Overlay;
use crate::records::{self, Ancestor, EpochRecord, VersionStart};
use crate::short_bytes::ShortBytes;

/// Writes the epoch that begins after the last block `block`. `chosen` is the set of the epoch after that; without a choice the
/// set goes on as it is.
pub(crate) fn turn(
    overlay: &mut Overlay<'_>,
    ended: &EpochRecord,
    block: &BlockInfo,
    chosen: Option<&ValidatorSet>,
) -> EpochRecord {
    let number = ended.number.next();
    // Set(e + 1) follows from the state at the end of e - 1: everybody knows it a whole epoch before it votes.
    let next_validators_hash = chosen.map_or(ended.next_validators_hash, ids::validator_set_hash);
    let upcoming = match chosen {
        Some(set) => Some(records::encode(set)),
        None => overlay.read(&keys::validators(number), |bytes| bytes.map(ShortBytes::from)),
    };
    overlay.write(&keys::validators(number.next()), upcoming);
    if let Some(old) = ended.number.0.checked_sub(1) {
        overlay.write(&keys::validators(Epoch(old)), None);
        overlay.write(&keys::attended(Epoch(old)), None);
    }
    let fixed: Option<VersionStart> = overlay.read(&keys::version(), |bytes| bytes.map(records::decode));
    let begins = fixed.filter(|fixed| fixed.epoch == number);
    let begun = EpochRecord {
        number,
        start: block.time,
        version: begins.map_or(ended.version, |begins| begins.version),
        validators_hash: ended.next_validators_hash,
        next_validators_hash,
    };
    overlay.write(&keys::epoch(), Some(records::encode(&begun)));
    begun
}

/// Remembers the block itself for its descendants, in place of the one 4,096 before it.
pub(crate) fn remember(overlay: &mut Overlay<'_>, block: &BlockInfo, hash: Hash32) {
    let ancestor = Ancestor { height: block.height, hash, time: block.time, epoch: block.epoch };
    overlay.write(&keys::ancestor(block.height), Some(records::encode(&ancestor)));
}
