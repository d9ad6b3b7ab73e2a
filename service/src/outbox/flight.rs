//! A deed that has a nonce, and what is due about it.

use std::collections::VecDeque;

use types::{Call, Hash32, Nonce, TimeMs};

use super::{DeedOutput, Flaw};

/// Most transactions of one deed that may still be included.
pub(super) const SIGNED_MAX: usize = 8;
/// After this one that the pool did not take is submitted again.
pub(super) const RETRY_MS: u64 = 2_000;

/// A transaction that may be included.
#[derive(Clone, Debug)]
pub(super) struct Signed {
    pub(super) id: Hash32,
    pub(super) valid_until: TimeMs,
    /// Its canonical bytes.
    pub(super) transaction: Vec<u8>,
}

/// What has a nonce.
#[derive(Clone, Debug)]
pub(super) struct Flight {
    pub(super) nonce: Nonce,
    /// The newest last; none while the first is being signed.
    pub(super) signed: VecDeque<Signed>,
    /// One was signed, and perhaps can be included no more.
    pub(super) was_signed: bool,
    pub(super) is_pooled: bool,
    pub(super) is_too_cheap: bool,
    pub(super) submit_at: TimeMs,
}

impl Flight {
    pub(super) const fn new(nonce: Nonce) -> Self {
        let submit_at = TimeMs(0);
        Self { nonce, signed: VecDeque::new(), was_signed: false, is_pooled: false, is_too_cheap: false, submit_at }
    }
}

pub(super) fn ask(key: Hash32, flight: &Flight, flaw: Option<Flaw>) -> DeedOutput {
    let ids = flight.signed.iter().rev().map(|one| one.id);
    let count = if flaw == Some(Flaw::ForgetsEarlier) { 1 } else { usize::MAX };
    DeedOutput::Ask { key, nonce: flight.nonce, ids: ids.take(count).collect() }
}

/// What is to be done about a deed whose nonce the chain has not passed: sign it, again, or submit it, again.
pub(super) fn again(
    key: Hash32,
    calls: &[Call],
    flight: &mut Flight,
    now: TimeMs,
    flaw: Option<Flaw>,
) -> Option<DeedOutput> {
    let newest = flight.signed.back();
    // What the clock takes for expired may still be included, so it stays known beside the next.
    let is_useless = newest.is_none_or(|newest| newest.valid_until < now) || flight.is_too_cheap;
    if is_useless && flight.signed.len() < SIGNED_MAX {
        let (mut nonce, is_second) = (flight.nonce, newest.is_some());
        flight.is_pooled = false;
        match flaw {
            Some(Flaw::NeverAgain) if flight.was_signed => return None,
            Some(Flaw::NewNonce) if is_second => nonce = Nonce(nonce.0.saturating_add(1)),
            _ => {}
        }
        return Some(DeedOutput::Sign { key, nonce, calls: calls.to_vec() });
    }
    let newest = newest.filter(|_| flight.submit_at <= now)?;
    let submit = DeedOutput::Submit { key, id: newest.id, transaction: newest.transaction.clone() };
    flight.submit_at = TimeMs(now.0.saturating_add(RETRY_MS));
    Some(submit)
}
