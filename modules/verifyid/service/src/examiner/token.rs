//! A challenge as its holder keeps it: sealed, so that whoever gives it out keeps nothing.
//!
//! Layout, integers little-endian: `version 1 | instance 8 | challenge id 16 | device 32 | key id 32 | SHA-256 of the audience 32 |
//! purpose 1 | origin 1 | issued ms 8 | boot id 16 | boot clock ms 8 | seal 16`. The seal is HMAC-SHA-256, cut, over what stands before
//! it; the nonce is another over the same. It must not know devices, nor what was answered. Invariant: what opens was sealed here.

use hmac::{Hmac, Mac};
use sha2::Sha256;
use types::{ChainId, Hash32, TimeMs};
use verifyid::{Challenge, DeviceId, Purpose};

use super::keys::{ExaminerKeys, hmac};
use super::moment::{BootId, Moment};
use super::refused::Refused;

/// How long a challenge is good, by either clock.
pub(crate) const CHALLENGE_MS: u64 = 300_000;
/// How far the wall's clock may be set back meanwhile.
const BACK_MS_MAX: u64 = 2_000;
/// Every token.
pub(crate) const TOKEN_BYTES: usize = BODY_BYTES + SEAL_BYTES;
const BODY_BYTES: usize = 1 + 8 + 16 + 32 + 32 + 32 + 1 + 1 + 8 + 16 + 8;
const SEAL_BYTES: usize = 16;
const VERSION: u8 = 1;

/// Who asked for a challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Origin {
    /// Whoever it was.
    Anybody = 0,
    /// A customer who has shown so.
    Customer = 1,
}

impl Origin {
    /// The one with this number.
    pub(crate) fn of(number: u8) -> Option<Self> {
        [Self::Anybody, Self::Customer].into_iter().find(|origin| *origin as u8 == number)
    }
}

/// What a challenge says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sealed {
    pub(crate) id: [u8; 16],
    pub(crate) device: DeviceId,
    /// The key that is to answer.
    pub(crate) key_id: Hash32,
    /// SHA-256 of whom the answer is for.
    pub(crate) audience: Hash32,
    pub(crate) purpose: Purpose,
    pub(crate) origin: Origin,
    /// When it was asked for.
    pub(crate) issued: Moment,
}

/// How a challenge stands to an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Timing {
    /// It is good.
    Good,
    /// The wall's clock says that it is not; that clock may be set again.
    Late,
    /// The machine's own clock says so, or it was started again: it will never be good again.
    Dead,
}

impl Sealed {
    /// When it ends by the wall's clock.
    pub(crate) const fn expires(&self) -> TimeMs {
        TimeMs(self.issued.wall_ms.saturating_add(CHALLENGE_MS))
    }

    /// Whether it is good at this instant.
    pub(crate) fn timing(&self, now: &Moment) -> Timing {
        let is_of_this_start = now.boot == self.issued.boot && now.boot_ms >= self.issued.boot_ms;
        if !is_of_this_start || now.boot_ms - self.issued.boot_ms >= CHALLENGE_MS {
            return Timing::Dead;
        }
        let is_begun = now.wall_ms.saturating_add(BACK_MS_MAX) >= self.issued.wall_ms;
        if is_begun && now.wall_ms < self.expires().0 { Timing::Good } else { Timing::Late }
    }

    /// What the device signs, or should have.
    pub(crate) fn challenge(&self, keys: &ExaminerKeys, chain_id: ChainId) -> Challenge {
        let nonce = hmac(keys.nonce.as_slice(), &self.body(keys.instance)).finalize().into_bytes();
        Challenge {
            chain_id,
            id: self.id,
            nonce: nonce.into(),
            device: self.device,
            key_id: self.key_id,
            audience: self.audience,
            purpose: self.purpose,
            issued: TimeMs(self.issued.wall_ms),
            expires: self.expires(),
        }
    }

    /// The secret of a credential that goes with this token.
    pub(crate) fn credential(&self, keys: &ExaminerKeys) -> Hmac<Sha256> {
        hmac(keys.credential.as_slice(), &self.body(keys.instance))
    }

    /// The token.
    pub(crate) fn to_bytes(self, keys: &ExaminerKeys) -> Vec<u8> {
        let mut bytes = self.body(keys.instance);
        let seal = hmac(keys.seal.as_slice(), &bytes).finalize().into_bytes();
        bytes.extend(seal.iter().take(SEAL_BYTES));
        bytes
    }

    /// Opens a token.
    ///
    /// # Errors
    /// [`Refused::Malformed`], [`Refused::WrongInstance`], and [`Refused::BadAnswer`] for one that was changed.
    pub(crate) fn open(bytes: &[u8], keys: &ExaminerKeys) -> Result<Self, Refused> {
        if bytes.len() != TOKEN_BYTES || bytes.first() != Some(&VERSION) {
            return Err(Refused::Malformed);
        }
        let (body, seal) = bytes.split_at(BODY_BYTES);
        let (_, rest) = body.split_at(1);
        let (instance, rest) = rest.split_at(keys.instance.len());
        if instance != keys.instance {
            return Err(Refused::WrongInstance);
        }
        hmac(keys.seal.as_slice(), body).verify_truncated_left(seal).map_err(|_| Refused::BadAnswer)?;
        Self::read(rest).ok_or(Refused::Malformed)
    }

    fn body(&self, instance: [u8; 8]) -> Vec<u8> {
        [
            [VERSION].as_slice(),
            &instance,
            &self.id,
            self.device.0.as_bytes(),
            self.key_id.as_bytes(),
            self.audience.as_bytes(),
            &[self.purpose as u8, self.origin as u8],
            &self.issued.wall_ms.to_le_bytes(),
            &self.issued.boot.0,
            &self.issued.boot_ms.to_le_bytes(),
        ]
        .concat()
    }

    /// Reads what stands behind the instance.
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        let id = *part::<16>(&mut rest)?;
        let device = DeviceId(Hash32(*part::<32>(&mut rest)?));
        let [key_id, audience] = [Hash32(*part::<32>(&mut rest)?), Hash32(*part::<32>(&mut rest)?)];
        let [purpose, origin] = *part::<2>(&mut rest)?;
        let wall_ms = u64::from_le_bytes(*part(&mut rest)?);
        let boot = BootId(*part(&mut rest)?);
        let boot_ms = u64::from_le_bytes(*part(&mut rest)?);
        let (purpose, origin) = (Purpose::of(purpose)?, Origin::of(origin)?);
        let issued = Moment { wall_ms, boot_ms, boot };
        rest.is_empty().then_some(Self { id, device, key_id, audience, purpose, origin, issued })
    }
}

/// Takes so many bytes off the front.
pub(crate) fn part<'a, const N: usize>(rest: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (part, behind) = rest.split_first_chunk::<N>()?;
    *rest = behind;
    Some(part)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use verifyid::tags;

    use super::*;

    const NOW: Moment = Moment { wall_ms: 1_771_111_111_000, boot_ms: 5_000_000, boot: BootId([9; 16]) };
    const CHAIN: ChainId = ChainId(Hash32([0x11; 32]));

    fn keys(secret: u8) -> ExaminerKeys {
        ExaminerKeys::new(&[secret; 32], &[3; 32], CHAIN)
    }

    fn sealed(purpose: Purpose) -> Sealed {
        let hash = |byte| Hash32([byte; 32]);
        let (device, key_id, audience) = (DeviceId(hash(1)), hash(2), hash(3));
        Sealed { id: [4; 16], device, key_id, audience, purpose, origin: Origin::Anybody, issued: NOW }
    }

    #[test]
    fn a_token_says_what_was_sealed_and_its_preimage_is_of_the_length_that_devices_sign() {
        for purpose in Purpose::ALL {
            for origin in [Origin::Anybody, Origin::Customer] {
                let sealed = Sealed { origin, ..sealed(purpose) };
                let bytes = sealed.to_bytes(&keys(1));
                assert_eq!((bytes.len(), Sealed::open(&bytes, &keys(1))), (TOKEN_BYTES, Ok(sealed)));
                let preimage = sealed.challenge(&keys(1), CHAIN).to_bytes(tags::CHALLENGE);
                assert_eq!(preimage.len(), 210);
            }
        }
    }

    // FAULTS VS2
    #[test]
    fn no_byte_of_a_token_can_be_changed_and_the_token_of_another_service_is_named() {
        let bytes = sealed(Purpose::Presence).to_bytes(&keys(1));
        assert_eq!(Sealed::open(&bytes, &keys(2)), Err(Refused::WrongInstance));
        for place in 0..bytes.len() {
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[place] ^= 1 << bit;
                let expected = match place {
                    0 => Refused::Malformed,
                    1..=8 => Refused::WrongInstance,
                    _ => Refused::BadAnswer,
                };
                assert_eq!(Sealed::open(&changed, &keys(1)), Err(expected), "byte {place}");
            }
        }
        for length in 0..bytes.len() {
            assert_eq!(Sealed::open(&bytes[..length], &keys(1)), Err(Refused::Malformed));
        }
    }

    #[test]
    fn nonces_of_two_challenges_differ_and_only_the_service_knows_them() {
        let nonce = |sealed: Sealed, secret| sealed.challenge(&keys(secret), CHAIN).nonce;
        let one = sealed(Purpose::Presence);
        let other = Sealed { id: [5; 16], ..one };
        assert_ne!(nonce(one, 1), nonce(other, 1));
        assert_ne!(nonce(one, 1), nonce(one, 2));
        assert_ne!(nonce(one, 1), nonce(sealed(Purpose::Login), 1));
    }

    proptest! {
        #[test]
        fn whatever_bytes_come_a_token_is_refused_and_nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            prop_assert!(Sealed::open(&bytes, &keys(1)).is_err());
        }

        #[test]
        fn bytes_of_the_right_length_and_instance_are_refused_by_the_seal(rest in prop::collection::vec(any::<u8>(), TOKEN_BYTES - 9)) {
            let bytes = [[VERSION].as_slice(), &keys(1).instance, &rest].concat();
            prop_assert_eq!(Sealed::open(&bytes, &keys(1)), Err(Refused::BadAnswer));
        }
    }
}
