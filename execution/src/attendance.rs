//! Attendance: who took part in finalizing, counted from a certificate that a proposer may put into its block.
//!
//! It is never required and never causes a block. Invariants: the certificate is a quorum's, of an ancestor among the recent ones,
//! by the set of that ancestor's epoch; heights only rise, so no certificate counts twice.

use crypto::ids;
use types::{TimeMs, ValidatorSet, View, VoteKind, Weight};

use crate::keys;
use crate::module::Admission;
use crate::overlay::Overlay;
use crate::records::{self, Ancestor, AttendanceRecord, AttendedRecord};
use crate::reject::{KernelReject, Reject};
use crate::system::{Attendance, Judgement};

/// Admits a certificate that is newer than the newest counted one.
pub(crate) fn admit(judgement: &Judgement<'_>, attendance: &Attendance) -> Result<Admission, Reject> {
    let Judgement { registry, view, next, .. } = judgement;
    let ancestor = records::ancestor(*view, attendance.height).ok_or(KernelReject::UnknownAncestor)?;
    let counted: AttendanceRecord = records::read(*view, &keys::attendance()).unwrap_or_default();
    if attendance.height <= counted.height {
        return Err(KernelReject::AttendanceNotNew.into());
    }
    let set: ValidatorSet =
        records::read(*view, &keys::validators(ancestor.epoch)).ok_or(KernelReject::UnknownAncestor)?;
    let statement = &attendance.certificate.statement;
    let names_ancestor = statement.kind == VoteKind::Finalize
        && statement.epoch == ancestor.epoch
        && statement.parent_view == View::ZERO
        && statement.block == ancestor.hash;
    let signers = attendance.certificate.signers.signers(set.len()).map_err(|_| KernelReject::WrongCertificate)?;
    if !names_ancestor || !set.is_quorum(set.power_of(signers.iter().copied())) {
        return Err(KernelReject::WrongCertificate.into());
    }
    let signed: Vec<_> = signers.iter().filter_map(|signer| set.get(*signer)).map(|validator| &validator.key).collect();
    let preimage = ids::vote_preimage(next.chain_id(), statement);
    if !registry.signatures().verify(&signed, &preimage, &attendance.certificate.signature) {
        return Err(KernelReject::WrongCertificate.into());
    }
    Ok(Admission { weight: Weight::ZERO, key: b"attendance"[..].into(), expiry: TimeMs::MAX, priority: u32::MAX })
}

/// Counts an admitted certificate; returns how many validators signed it.
pub(crate) fn count(overlay: &mut Overlay<'_>, attendance: &Attendance) -> u16 {
    let ancestor: Ancestor = overlay.read(&keys::ancestor(attendance.height), |bytes| {
        records::decode(bytes.expect("the attendance was admitted because this ancestor is known"))
    });
    let key = keys::attended(ancestor.epoch);
    let mut attended: AttendedRecord = overlay.read(&key, |bytes| bytes.map(records::decode).unwrap_or_default());
    attended.certificates = attended.certificates.saturating_add(1);
    let places = attendance.certificate.signers.as_bytes().len().saturating_mul(8);
    let mut signers: u16 = 0;
    for place in 0..u16::try_from(places).expect("a bitmap has one bit per validator, rounded up") {
        let present = attendance.certificate.signers.contains(place.into());
        let slot = usize::from(place);
        if present && attended.signed.len() <= slot {
            attended.signed.resize(slot.saturating_add(1), 0);
        }
        if present && let Some(count) = attended.signed.get_mut(slot) {
            *count = count.saturating_add(1);
            signers = signers.saturating_add(1);
        }
    }
    overlay.write(&key, Some(records::encode(&attended)));
    let record = AttendanceRecord { height: attendance.height };
    overlay.write(&keys::attendance(), Some(records::encode(&record)));
    signers
}
