//! Work attestations: shares of a fixed difficulty whose coinbase binds what nobody knew before, kept until there are enough of them.
//!
//! It must not know how a binding is made nor who judges the shares. Invariants: one attestation of a device at a time; what is kept is
//! bounded and ends; the shares of one are in rising order of their hashes, and none is there twice.

use std::collections::BTreeMap;
use std::sync::Arc;

use pow::Difficulty;
use types::{Address, Hash32};

use crate::job::Body;
use crate::limits::{
    ATTESTATION_IDLE_MS, ATTESTATION_KEPT_MS, ATTESTATION_MS_MAX, ATTESTATIONS_MAX, ATTESTATIONS_PER_OWNER_MAX,
    ATTESTED_SHARES_MAX, RISING_AGAIN_MS, RISING_MAX, RISING_MS,
};

/// What stands before the binding in the coinbase's script.
const BINDING_LETTERS: [u8; 4] = *b"VID1";

/// A device as whoever knows devices tells of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MiningDevice {
    /// Its id.
    pub id: Hash32,
    /// What it is good for, from 0 on.
    pub level: u8,
}

/// What an attestation asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttestTerms {
    /// The device.
    pub device: Hash32,
    /// Whose it is.
    pub owner: Address,
    /// The class of rates.
    pub class: u8,
    /// The number of the beacon; that of a later attestation is higher.
    pub beacon: u64,
    /// What the coinbase binds: it stands directly behind the height, after four letters.
    pub binding: Hash32,
    /// The difficulty of each share.
    pub difficulty: Difficulty,
    /// How many shares.
    pub shares: u16,
    /// Shares count until before then, in milliseconds since 1970: there must be time left to hand them in.
    pub until_ms: u64,
    /// Until when they can be handed in.
    pub ends_ms: u64,
}

impl AttestTerms {
    /// What stands in the place of the builder's word: 36 bytes.
    #[must_use]
    pub fn tag(&self) -> Vec<u8> {
        [BINDING_LETTERS.as_slice(), self.binding.as_bytes()].concat()
    }
}

/// Why an attestation cannot begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotBegun {
    /// No time is left for shares, or more than anybody needs.
    #[error("the time for shares is over")]
    Over,
    /// No share, or more than are kept.
    #[error("an attestation has 1 to {ATTESTED_SHARES_MAX} shares, and not {0}")]
    Shares(u16),
    /// One with the same beacon or a later one was begun.
    #[error("an attestation of this device was begun with the beacon {0}: begin with a later one")]
    Earlier(u64),
    /// The owner has too many at once.
    #[error("{ATTESTATIONS_PER_OWNER_MAX} attestations of devices of this owner are open: wait until one ends")]
    OwnerFull,
    /// There are too many at once.
    #[error("{ATTESTATIONS_MAX} attestations are open here: wait until one ends")]
    Full,
}

/// A share as it is judged with its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttestedShare {
    /// What stands between the two parts of the coinbase.
    pub extranonce: [u8; 12],
    /// The header's version.
    pub version: u32,
    /// The header's time.
    pub time: u32,
    /// The header's nonce.
    pub nonce: u32,
}

/// Shares of one job, whose hashes follow on one another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttestedGroup {
    /// The coinbase before the extranonces.
    pub coinbase1: Vec<u8>,
    /// The coinbase behind them.
    pub coinbase2: Vec<u8>,
    /// From the coinbase to the header's Merkle root.
    pub branch: Vec<Hash32>,
    /// The hash of the work before.
    pub previous: Hash32,
    /// The header's nBits.
    pub bits: u32,
    /// The shares.
    pub shares: Vec<AttestedShare>,
}

/// How far an attestation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttestState {
    /// Shares are missing.
    Open,
    /// All are there.
    Complete,
    /// Some were missing when the time was over.
    Lapsed,
}

/// An attestation, for whoever asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttestProgress {
    /// What it asks for.
    pub terms: AttestTerms,
    /// How far it is.
    pub state: AttestState,
    /// How many shares are there.
    pub shares: u16,
    /// How many connections mine as the device.
    pub connections: usize,
    /// The shares, their hashes rising over all groups; none before all are there.
    pub groups: Vec<AttestedGroup>,
}

/// One attestation.
#[derive(Clone, Debug)]
pub(crate) struct Attestation {
    pub(crate) terms: AttestTerms,
    begun_ms: u64,
    /// By their hashes, the most significant byte first.
    kept: BTreeMap<[u8; 32], (Arc<Body>, AttestedShare)>,
}

impl Attestation {
    /// How far it is.
    pub(crate) fn state(&self, now_ms: u64) -> AttestState {
        if self.shares() >= self.terms.shares {
            AttestState::Complete
        } else if now_ms >= self.terms.until_ms {
            AttestState::Lapsed
        } else {
            AttestState::Open
        }
    }

    /// How many shares are there.
    pub(crate) fn shares(&self) -> u16 {
        u16::try_from(self.kept.len()).unwrap_or(u16::MAX)
    }

    /// Keeps a share, whose hash is in the byte order of the hash function.
    fn keep(&mut self, body: &Arc<Body>, hash: [u8; 32], share: AttestedShare) {
        let mut number = hash;
        number.reverse();
        self.kept.insert(number, (Arc::clone(body), share));
    }

    fn groups(&self) -> Vec<AttestedGroup> {
        let mut groups: Vec<AttestedGroup> = Vec::new();
        for (body, share) in self.kept.values() {
            let group = AttestedGroup {
                coinbase1: body.coinbase.coinbase1.clone(),
                coinbase2: body.coinbase.coinbase2.clone(),
                branch: body.template.branch.clone(),
                previous: Hash32(body.template.previous),
                bits: body.template.bits.0,
                shares: vec![*share],
            };
            let is_of = |last: &&mut AttestedGroup| {
                let of_work = (&last.branch, last.previous, last.bits);
                let of_coinbase = (&last.coinbase1, &last.coinbase2);
                of_work == (&group.branch, group.previous, group.bits)
                    && of_coinbase == (&group.coinbase1, &group.coinbase2)
            };
            match groups.last_mut().filter(is_of) {
                Some(last) => last.shares.push(*share),
                None => groups.push(group),
            }
        }
        groups
    }
}

/// The attestations of a server, by their devices.
#[derive(Debug, Default)]
pub(crate) struct Attestations {
    all: BTreeMap<Hash32, Attestation>,
    /// Since when each device attests that has not the level that is asked for.
    rising: BTreeMap<Hash32, u64>,
}

impl Attestations {
    /// Whether one may begin.
    ///
    /// # Errors
    /// [`NotBegun`].
    pub(crate) fn may_begin(&self, terms: &AttestTerms, now_ms: u64) -> Result<(), NotBegun> {
        let is_in_time = terms.until_ms > now_ms && terms.until_ms <= terms.ends_ms;
        if !is_in_time || terms.ends_ms > now_ms.saturating_add(ATTESTATION_MS_MAX) {
            return Err(NotBegun::Over);
        }
        if terms.shares == 0 || terms.shares > ATTESTED_SHARES_MAX {
            return Err(NotBegun::Shares(terms.shares));
        }
        match self.all.get(&terms.device) {
            // An answer may have been lost.
            Some(before) if before.terms.binding == terms.binding => return Ok(()),
            Some(before) if before.terms.beacon >= terms.beacon => {
                return Err(NotBegun::Earlier(before.terms.beacon));
            }
            Some(_) => return Ok(()),
            None => {}
        }
        self.gives_way(terms, now_ms).map(|_| ())
    }

    /// Which one has to give way so that another has room, if one has to: the oldest without a share, of the same owner where that has too many.
    ///
    /// # Errors
    /// [`NotBegun::OwnerFull`], [`NotBegun::Full`]: all of them have shares, or are new.
    fn gives_way(&self, terms: &AttestTerms, now_ms: u64) -> Result<Option<Hash32>, NotBegun> {
        let is_of_owner = |other: &Attestation| other.terms.owner == terms.owner;
        let is_owner_full = self.all.values().filter(|other| is_of_owner(other)).count() >= ATTESTATIONS_PER_OWNER_MAX;
        if !is_owner_full && self.all.len() < ATTESTATIONS_MAX {
            return Ok(None);
        }
        let is_idle = |other: &&Attestation| {
            let is_old = other.begun_ms.saturating_add(ATTESTATION_IDLE_MS) <= now_ms;
            is_old && other.kept.is_empty() && (!is_owner_full || is_of_owner(other))
        };
        let oldest = self.all.values().filter(is_idle).min_by_key(|other| (other.begun_ms, other.terms.device));
        let full = if is_owner_full { NotBegun::OwnerFull } else { NotBegun::Full };
        oldest.map(|other| Some(other.terms.device)).ok_or(full)
    }

    /// Begins one, in the place of an earlier one of the device; nothing if it may not begin, or is begun.
    pub(crate) fn begin(&mut self, terms: AttestTerms, now_ms: u64) {
        let is_begun = self.get(&terms.device).is_some_and(|before| before.terms.binding == terms.binding);
        if is_begun || self.may_begin(&terms, now_ms).is_err() {
            return;
        }
        if !self.all.contains_key(&terms.device)
            && let Ok(Some(idle)) = self.gives_way(&terms, now_ms)
        {
            self.all.remove(&idle);
        }
        self.all.insert(terms.device, Attestation { terms, begun_ms: now_ms, kept: BTreeMap::new() });
    }

    /// Whether a device that has not the level that is asked for may mine to reach it: while it attests, and for no longer than that takes. Beginning
    /// again and again is no way around the level.
    pub(crate) fn may_rise(&mut self, device: &Hash32, now_ms: u64) -> bool {
        let is_under_way = self.all.get(device).is_some_and(|one| one.state(now_ms) != AttestState::Lapsed);
        if !is_under_way || (self.rising.len() >= RISING_MAX && !self.rising.contains_key(device)) {
            return false;
        }
        let since = *self.rising.entry(*device).or_insert(now_ms);
        now_ms < since.saturating_add(RISING_MS)
    }

    /// That of a device.
    pub(crate) fn get(&self, device: &Hash32) -> Option<&Attestation> {
        self.all.get(device)
    }

    /// Keeps a share for the attestation that its coinbase binds, unless that has enough, is over, or was begun anew.
    pub(crate) fn keep(&mut self, body: &Arc<Body>, hash: [u8; 32], share: AttestedShare, now_ms: u64) {
        let Some(attests) = &body.attests else { return };
        let Some(attestation) = self.all.get_mut(&attests.device) else { return };
        let is_wanted = attestation.terms.binding == attests.binding
            && attestation.state(now_ms) == AttestState::Open
            && attests.difficulty.target().is_met_by(&hash);
        if is_wanted {
            attestation.keep(body, hash, share);
        }
    }

    /// Forgets those that are over.
    pub(crate) fn expire(&mut self, now_ms: u64) {
        self.all.retain(|_, attestation| now_ms < attestation.terms.ends_ms.saturating_add(ATTESTATION_KEPT_MS));
        self.rising.retain(|_, since| now_ms < since.saturating_add(RISING_AGAIN_MS));
    }

    /// How far that of a device is.
    pub(crate) fn progress(&self, device: &Hash32, connections: usize, now_ms: u64) -> Option<AttestProgress> {
        let attestation = self.get(device)?;
        let state = attestation.state(now_ms);
        let groups = if state == AttestState::Complete { attestation.groups() } else { Vec::new() };
        Some(AttestProgress { terms: attestation.terms, state, shares: attestation.shares(), connections, groups })
    }
}
