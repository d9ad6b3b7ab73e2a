//! The bytes of a challenge, and what of them a device compares before it signs.
//!
//! Layout, integers little-endian: `tag 16 | version 1 | chain id 32 | challenge id 16 | nonce 32 | device 32 | key id 32 | SHA-256 of the
//! audience 32 | purpose 1 | issued ms 8 | expires ms 8`. It must not know keys. Invariant: what is read is written again byte for byte.

use core::fmt;

/// Length of what a device signs, in bytes.
pub const PREIMAGE_BYTES: usize = 210;
const TAG: [u8; 16] = *b"thronos/vidchal\0";
const VERSION: u8 = 1;
/// No challenge is good for longer: one that says so was not made by a service of this chain.
const LIFE_MS_MAX: u64 = 300_000;

/// What an answer is asked for; a signature for one purpose is none for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum ChallengePurpose {
    /// To show that the device is there.
    Presence = 1,
    /// To get a token for the device.
    Login = 2,
    /// To get a secret for an older device.
    Enrol = 3,
    /// To quote.
    Tpm = 4,
    /// To attest work.
    Work = 5,
}

impl ChallengePurpose {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Presence, Self::Login, Self::Enrol, Self::Tpm, Self::Work];
}

/// A challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DeviceChallenge {
    /// The chain.
    pub chain_id: [u8; 32],
    /// The challenge.
    pub id: [u8; 16],
    /// What nobody could know before.
    pub nonce: [u8; 32],
    /// The device that is asked.
    pub device: [u8; 32],
    /// The key that is to sign.
    pub key_id: [u8; 32],
    /// SHA-256 of whom the answer is for.
    pub audience: [u8; 32],
    /// What for.
    pub purpose: ChallengePurpose,
    /// Asked when, in milliseconds since 1970.
    pub issued_ms: u64,
    /// Good until before then, in milliseconds since 1970.
    pub expires_ms: u64,
}

/// What a device goes by. All of it stands on the device itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The chain that the device is registered on.
    pub chain_id: [u8; 32],
    /// The device.
    pub device: [u8; 32],
    /// Its present key.
    pub key_id: [u8; 32],
    /// SHA-256 of whom the device answers, by [`crate::audience_digest`].
    pub audience: [u8; 32],
    /// What for.
    pub purpose: ChallengePurpose,
    /// What time it is, in milliseconds since 1970, if the device has a clock that it trusts.
    pub now_ms: Option<u64>,
}

/// Why a device does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It has another length than 210 bytes.
    Length,
    /// It is no challenge of this form: something else would be signed.
    Form,
    /// It is for another chain.
    OtherChain,
    /// It is for another device.
    OtherDevice,
    /// It is for another key of this device.
    OtherKey,
    /// The answer would be for somebody else.
    OtherAudience,
    /// The answer would be for something else.
    OtherPurpose,
    /// It ends before it begins, or would be good for longer than five minutes.
    Life,
    /// It is over by the device's clock.
    Over,
}

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Length => "a challenge has 210 bytes",
            Self::Form => "this is no challenge of VerifyID",
            Self::OtherChain => "the challenge is for another chain",
            Self::OtherDevice => "the challenge is for another device",
            Self::OtherKey => "the challenge is for another key than this device's present one",
            Self::OtherAudience => "the answer would be for somebody else than this device answers",
            Self::OtherPurpose => "the answer would be for another purpose than this device answers for",
            Self::Life => "the challenge would be good for longer than five minutes, or for no time at all",
            Self::Over => "the challenge is over by this device's clock",
        })
    }
}

impl core::error::Error for Refused {}

impl DeviceChallenge {
    /// Reads what a device is asked to sign.
    ///
    /// # Errors
    /// [`Refused::Length`], [`Refused::Form`].
    pub fn read(preimage: &[u8]) -> Result<Self, Refused> {
        let preimage: &[u8; PREIMAGE_BYTES] = preimage.try_into().map_err(|_| Refused::Length)?;
        Self::parts(preimage).ok_or(Refused::Form)
    }

    fn parts(preimage: &[u8; PREIMAGE_BYTES]) -> Option<Self> {
        let mut rest = preimage.as_slice();
        let begin = (take::<16>(&mut rest)?, take::<1>(&mut rest)?);
        let challenge = Self {
            chain_id: take(&mut rest)?,
            id: take(&mut rest)?,
            nonce: take(&mut rest)?,
            device: take(&mut rest)?,
            key_id: take(&mut rest)?,
            audience: take(&mut rest)?,
            purpose: take::<1>(&mut rest)
                .and_then(|[number]| ChallengePurpose::ALL.into_iter().find(|purpose| *purpose as u8 == number))?,
            issued_ms: u64::from_le_bytes(take(&mut rest)?),
            expires_ms: u64::from_le_bytes(take(&mut rest)?),
        };
        (begin == (TAG, [VERSION]) && rest.is_empty()).then_some(challenge)
    }

    /// Compares what the device goes by.
    ///
    /// # Errors
    /// [`Refused`]: the first thing that differs.
    pub fn check(&self, expected: &Expected) -> Result<(), Refused> {
        let life = self.expires_ms.checked_sub(self.issued_ms);
        let is_over = expected.now_ms.is_some_and(|now| now >= self.expires_ms);
        for (is_right, otherwise) in [
            (self.chain_id == expected.chain_id, Refused::OtherChain),
            (self.device == expected.device, Refused::OtherDevice),
            (self.key_id == expected.key_id, Refused::OtherKey),
            (self.audience == expected.audience, Refused::OtherAudience),
            (self.purpose == expected.purpose, Refused::OtherPurpose),
            (life.is_some_and(|life| (1..=LIFE_MS_MAX).contains(&life)), Refused::Life),
            (!is_over, Refused::Over),
        ] {
            if !is_right {
                return Err(otherwise);
            }
        }
        Ok(())
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (part, more) = rest.split_first_chunk()?;
    *rest = more;
    Some(*part)
}
