//! What tests share: the vectors, and a TPM that consists of a key, so that it can say what no real one would.

#![allow(dead_code, reason = "each test uses a part")]

use std::convert::Infallible;

use p256::ecdsa::signature::hazmat::PrehashSigner;
use p256::ecdsa::{Signature, SigningKey};
use rand_core::{TryCryptoRng, TryRng};
use sha2::{Digest, Sha256};
use verifyid_tpm::{AttestationKey, ExpectedQuote, LastQuote, PcrSelection, PcrState, TpmClock, TpmName};

/// Attributes of an attestation key: sign, restricted, user with authorisation, and the three that bind it to its TPM.
pub const AK_ATTRIBUTES: u32 = 0x0005_0072;
/// Attributes of an endorsement key: decrypt, restricted, admin with policy, and the three.
pub const EK_ATTRIBUTES: u32 = 0x0003_00b2;
pub const EXTRA: [u8; 32] = [0xe7; 32];
pub const PCRS: [u8; 3] = [0x81, 0x00, 0x00];

/// A value that was computed elsewhere; several in a line are apart by spaces.
pub fn computed(name: &str) -> Vec<Vec<u8>> {
    let line = include_str!("../vectors/computed.txt").lines().find_map(|line| line.strip_prefix(name));
    line.expect("a known name").split_whitespace().map(|value| hex::decode(value).expect("digits")).collect()
}

/// Gives the same byte for ever.
pub struct Always(pub u8);

impl TryRng for Always {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_ne_bytes([self.0; 4]))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_ne_bytes([self.0; 8]))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.fill(self.0);
        Ok(())
    }
}

impl TryCryptoRng for Always {}

/// Has no random numbers to give.
pub struct Nothing;

#[derive(Debug)]
pub struct Exhausted;

impl std::fmt::Display for Exhausted {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str("no random numbers")
    }
}

impl std::error::Error for Exhausted {}

impl TryRng for Nothing {
    type Error = Exhausted;

    fn try_next_u32(&mut self) -> Result<u32, Exhausted> {
        Err(Exhausted)
    }

    fn try_next_u64(&mut self) -> Result<u64, Exhausted> {
        Err(Exhausted)
    }

    fn try_fill_bytes(&mut self, _bytes: &mut [u8]) -> Result<(), Exhausted> {
        Err(Exhausted)
    }
}

impl TryCryptoRng for Nothing {}

pub fn sized(bytes: &[u8]) -> Vec<u8> {
    [&u16::try_from(bytes.len()).expect("short").to_be_bytes()[..], bytes].concat()
}

pub fn digits(text: &str) -> Vec<u8> {
    hex::decode(text.replace(' ', "")).expect("digits")
}

/// The fields of a key on P-256, one by one, so that each can be another.
#[derive(Clone)]
pub struct Area(pub Vec<(&'static str, Vec<u8>)>);

impl Area {
    pub fn p256(attributes: u32, cipher: &str, scheme: &str, key: &SigningKey) -> Self {
        let point = key.verifying_key().to_sec1_point(false);
        Self(vec![
            ("type", digits("0023")),
            ("name", digits("000b")),
            ("attributes", attributes.to_be_bytes().to_vec()),
            ("policy", digits("0000")),
            ("cipher", digits(cipher)),
            ("scheme", digits(scheme)),
            ("curve", digits("0003")),
            ("kdf", digits("0010")),
            ("x", sized(point.x().expect("a point"))),
            ("y", sized(point.y().expect("a point"))),
        ])
    }

    pub fn attestation(key: &SigningKey) -> Self {
        Self::p256(AK_ATTRIBUTES, "0010", "0018 000b", key)
    }

    pub fn endorsement(key: &SigningKey) -> Self {
        Self::p256(EK_ATTRIBUTES, "0006 0080 0043", "0010", key)
    }

    pub fn with(mut self, field: &str, bytes: Vec<u8>) -> Self {
        self.0.iter_mut().find(|(name, _)| *name == field).expect("a field").1 = bytes;
        self
    }

    pub fn bytes(&self) -> Vec<u8> {
        sized(&self.0.iter().flat_map(|(_, bytes)| bytes.clone()).collect::<Vec<u8>>())
    }
}

pub fn signing_key(byte: u8) -> SigningKey {
    SigningKey::from_slice(&[byte; 32]).expect("a scalar")
}

pub fn key() -> AttestationKey {
    AttestationKey::read(&Area::attestation(&signing_key(1)).bytes()).expect("all of its role")
}

/// The fields of a quote, one by one.
pub fn quote() -> Area {
    Area(vec![
        ("magic", digits("ff544347")),
        ("type", digits("8018")),
        ("signer", sized(&name(0x51).0)),
        ("extra", sized(&EXTRA)),
        ("clock", 5_000_u64.to_be_bytes().to_vec()),
        ("resets", 7_u32.to_be_bytes().to_vec()),
        ("restarts", 3_u32.to_be_bytes().to_vec()),
        ("safe", vec![1]),
        ("firmware", 11_u64.to_be_bytes().to_vec()),
        ("banks", digits("00000001")),
        ("bank", digits("000b")),
        ("selection", [&[3][..], &PCRS].concat()),
        ("digest", sized(&Sha256::digest([0; 64]))),
    ])
}

pub fn name(byte: u8) -> TpmName {
    let mut name = [byte; 34];
    name[..2].copy_from_slice(&[0, 0x0b]);
    TpmName(name)
}

/// Without a length in front.
pub fn message(quote: &Area) -> Vec<u8> {
    quote.bytes()[2..].to_vec()
}

pub fn signed(key: &SigningKey, message: &[u8]) -> Vec<u8> {
    let signature: Signature = key.sign_prehash(&Sha256::digest(message)).expect("a digest");
    let (r, s) = signature.split_bytes();
    [digits("0018 000b"), sized(&r), sized(&s)].concat()
}

pub fn last(clock_ms: u64, resets: u32, restarts: u32) -> LastQuote {
    LastQuote { clock: TpmClock { clock_ms, resets, restarts, is_safe: true }, firmware: 11 }
}

pub fn expected() -> ExpectedQuote {
    let selection = PcrSelection::of(&[0, 7]).expect("numbers of PCRs");
    ExpectedQuote {
        extra_data: EXTRA,
        qualified_signer: Some(name(0x51)),
        pcrs: PcrState::of(selection, &[[0; 32]; 2]).expect("as many values"),
        last: Some(last(4_999, 7, 3)),
    }
}
