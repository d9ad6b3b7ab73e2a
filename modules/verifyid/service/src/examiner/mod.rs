//! The examiner, who gives out challenges and takes answers: pure, with every time as an argument.
//!
//! It must not know HTTP, files, or the chain: what the chain says of a device is told to it. Invariants: a challenge costs no memory before it
//! is answered; of one challenge one answer is taken, whatever is said of it; whoever is told a verdict has used the challenge up.
//!
//! The way of an answer: [`Examiner::open`] reads the token, [`Examiner::look`] says early what needs no work, [`Examiner::take`] uses the challenge up,
//! [`verdict`] judges, [`Examiner::failed`] counts what was wrong. Between taking and telling, its caller writes down what was taken.

pub(crate) mod keys;
pub(crate) mod limits;
pub(crate) mod moment;
mod refused;
pub(crate) mod tally;
pub(crate) mod token;
pub(crate) mod used;

use std::net::IpAddr;

use hmac::Mac;
use types::{Address, ChainId, Hash32, TimeMs};
use verifyid::{Challenge, DeviceId, Purpose, Status, tags};

pub(crate) use refused::Refused;

use crate::ledger::record::Method;
use crate::quota::Billed;
use keys::{ExaminerKeys, Key};
use limits::{AskedBy, AsksMax, Limits};
use moment::Moment;
use token::{Sealed, Timing};
use used::{NotTaken, Slot, UsedId, UsedSet};

/// What a challenge is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub(crate) device: DeviceId,
    /// The device's present key.
    pub(crate) key_id: Hash32,
    /// SHA-256 of whom the answer is for.
    pub(crate) audience: Hash32,
    pub(crate) purpose: Purpose,
    pub(crate) by: AskedBy,
}

/// A challenge that was given out.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    /// What its holder keeps.
    pub(crate) token: Vec<u8>,
    /// What it says.
    pub(crate) challenge: Challenge,
}

/// What comes with a credential for a TPM: its secret comes back with the token.
pub(crate) struct GivenCredential {
    /// What its holder keeps.
    pub(crate) token: Vec<u8>,
    /// What the TPM is to open.
    pub(crate) secret: Key,
    /// When it ends.
    pub(crate) expires: TimeMs,
}

/// A challenge that is used up by the answer that was taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taken {
    /// What is written down.
    pub(crate) used: UsedId,
    /// Whether it was good by the wall's clock too.
    pub(crate) is_in_time: bool,
}

/// What the chain and the answer say of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    /// Whether its present key is the challenge's, and signed it.
    pub(crate) is_signed: bool,
    /// Whether the challenge asks for a key that the device has no longer, or not yet: nobody's fault, so it is not counted as a wrong answer.
    pub(crate) is_of_another_key: bool,
    pub(crate) status: Status,
    /// Nothing while it is suspended, revoked or held.
    pub(crate) level: Option<u8>,
    pub(crate) work_class: Option<u8>,
    /// Whether it asks for more than to show that it is there, and no owner has said that it is theirs: anybody can register a device for anybody.
    pub(crate) lacks_owner: bool,
    /// Whose it is; nothing for one that is not registered or that its owner has not accepted.
    pub(crate) owner: Option<Address>,
    /// How often its key has changed.
    pub(crate) rotation: u32,
    /// By what it was shown, as a batch's leaf says it.
    pub(crate) method: Method,
    /// SHA-256 of the answer.
    pub(crate) answer: Hash32,
    /// On whose plan it counts, where verdicts are kept for batches and the customer lets this node.
    pub(crate) billed: Option<Billed>,
}

/// The examiner.
pub(crate) struct Examiner {
    chain_id: ChainId,
    keys: ExaminerKeys,
    given: u64,
    used: UsedSet,
    limits: Limits,
}

impl Examiner {
    /// Opens it with what was used before, and so many challenges in a minute for a network.
    pub(crate) fn new(chain_id: ChainId, keys: ExaminerKeys, used: UsedSet, asks_max: AsksMax) -> Self {
        Self { chain_id, keys, given: 0, used, limits: Limits::new(asks_max) }
    }

    /// Whether a challenge for a device may be asked for. Nothing is counted.
    ///
    /// # Errors
    /// [`Refused::Locked`], [`Refused::TooOften`].
    pub(crate) fn may_ask(&mut self, device: DeviceId, by: AskedBy, now: &Moment) -> Result<(), Refused> {
        self.limits.may_ask(device, by, now.boot_ms)
    }

    /// Whether a client may ask for a token of a customer, and counts it, as it costs a check of a signature: by itself, so that challenges use up
    /// nothing of it.
    ///
    /// # Errors
    /// [`Refused::TooManyTokens`].
    pub(crate) fn ask_for_token(&mut self, client: IpAddr, now: &Moment) -> Result<(), Refused> {
        self.limits.ask_for_token(client, now.boot_ms)
    }

    /// Gives out a challenge, and counts it.
    pub(crate) fn give(&mut self, wanted: &Wanted, now: &Moment) -> Given {
        self.limits.asked(wanted.by, now.boot_ms);
        let Wanted { device, key_id, audience, purpose, by } = *wanted;
        let sealed =
            Sealed { id: self.fresh_id(), device, key_id, audience, purpose, origin: by.origin(), issued: *now };
        Given { token: sealed.to_bytes(&self.keys), challenge: sealed.challenge(&self.keys, self.chain_id) }
    }

    /// Gives the token and the secret of a credential, to who has answered a challenge: for the keys of which `keys` is the digest.
    pub(crate) fn give_credential(&mut self, answered: &Sealed, keys: Hash32, now: &Moment) -> GivenCredential {
        let sealed = Sealed { id: self.fresh_id(), audience: keys, issued: *now, ..*answered };
        let secret = Key::new(sealed.credential(&self.keys).finalize().into_bytes().into());
        GivenCredential { token: sealed.to_bytes(&self.keys), secret, expires: sealed.expires() }
    }

    /// Whether this is the secret of a credential; in constant time.
    pub(crate) fn is_secret_of(&self, sealed: &Sealed, secret: &[u8]) -> bool {
        sealed.credential(&self.keys).verify_slice(secret).is_ok()
    }

    fn fresh_id(&mut self) -> [u8; 16] {
        let number = self.given;
        self.given = self.given.wrapping_add(1);
        let random: [u8; 32] =
            keys::hmac(self.keys.id.as_slice(), &number.to_le_bytes()).finalize().into_bytes().into();
        let mut id = [0; 16];
        id.copy_from_slice(random.split_at(16).0);
        id
    }

    /// Reads a token. Nothing is used up.
    ///
    /// # Errors
    /// [`Refused::Malformed`], [`Refused::WrongInstance`], [`Refused::BadAnswer`] for one that was changed.
    pub(crate) fn open(&self, token: &[u8]) -> Result<Sealed, Refused> {
        Sealed::open(token, &self.keys)
    }

    /// The bytes that the device was to sign.
    pub(crate) fn preimage(&self, sealed: &Sealed) -> Vec<u8> {
        sealed.challenge(&self.keys, self.chain_id).to_bytes(tags::CHALLENGE)
    }

    /// What can be said before the chain is asked. Nothing is used up.
    ///
    /// # Errors
    /// [`Refused::Expired`] for one that is dead, [`Refused::Used`].
    pub(crate) fn look(&self, sealed: &Sealed, now: &Moment) -> Result<(), Refused> {
        if sealed.timing(now) == Timing::Dead {
            return Err(Refused::Expired);
        }
        if self.used.has(&sealed.id, Slot::of(sealed.issued.boot_ms)) { Err(Refused::Used) } else { Ok(()) }
    }

    /// Uses a challenge up. `now` must be read while nobody else has the examiner: an answer that waited long would else find its id forgotten.
    ///
    /// # Errors
    /// [`Refused::Expired`] for one that is dead, [`Refused::Used`], [`Refused::Full`].
    pub(crate) fn take(&mut self, sealed: &Sealed, now: &Moment) -> Result<Taken, Refused> {
        let timing = sealed.timing(now);
        if timing == Timing::Dead {
            return Err(Refused::Expired);
        }
        let used = UsedId { id: sealed.id, slot: Slot::of(sealed.issued.boot_ms), origin: sealed.origin };
        match self.used.take(used, now.boot_ms) {
            Ok(()) => Ok(Taken { used, is_in_time: timing == Timing::Good }),
            Err(NotTaken::Used) => Err(Refused::Used),
            Err(NotTaken::Full) => Err(Refused::Full),
        }
    }

    /// Counts a wrong answer; true when the operator is to be told of the device.
    pub(crate) fn failed(&mut self, device: DeviceId, client: IpAddr, now: &Moment) -> bool {
        self.limits.failed(device, client, now.boot_ms)
    }

    /// What is used up and not dead for long.
    pub(crate) fn used(&mut self, now: &Moment) -> &UsedSet {
        self.used.drop_dead(now.boot_ms);
        &self.used
    }
}

/// Judges an answer that was taken: the level of a device that is verified.
///
/// # Errors
/// [`Refused::Expired`], [`Refused::BadAnswer`], [`Refused::Revoked`], [`Refused::Suspended`], [`Refused::Held`], [`Refused::NotAccepted`], in this order: only who
/// has the key is told how the device stands.
pub(crate) fn verdict(taken: &Taken, shown: &Shown) -> Result<u8, Refused> {
    if taken.is_in_time { judge(shown) } else { Err(Refused::Expired) }
}

/// The same of an answer in time.
///
/// # Errors
/// As [`verdict`].
pub(crate) fn judge(shown: &Shown) -> Result<u8, Refused> {
    if !shown.is_signed {
        return Err(Refused::BadAnswer);
    }
    match (shown.status, shown.level) {
        (Status::Revoked, _) => Err(Refused::Revoked),
        (Status::Suspended, _) => Err(Refused::Suspended),
        (_, None) => Err(Refused::Held),
        _ if shown.lacks_owner => Err(Refused::NotAccepted),
        (_, Some(level)) => Ok(level),
    }
}

#[cfg(test)]
impl Examiner {
    /// Has this one answered.
    pub(crate) fn remember(&mut self, used: UsedId) {
        self.used.restore(used);
    }
}

#[cfg(test)]
mod tests;
