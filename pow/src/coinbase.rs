//! The coinbase of a work: a small Bitcoin transaction whose OP_RETURN says for whom, where and when the work was done.
//!
//! ```text
//! version 4 ‖ inputs 01 ‖ null outpoint 36 ‖ script length ‖ [height] [tag] [builder 4] [extranonce1 4 ‖ extranonce2 8] ‖ sequence 4 ‖
//! outputs ‖ value 0 ‖ script length ‖ OP_RETURN 56 bytes: "THRW" ‖ payee 20 ‖ digest 32 ‖ lock time 4
//! digest = SHA-256(tag ‖ chain id ‖ work height ‖ payee ‖ anchor)
//! ```
//!
//! It must not know which height, payee or anchor is right. Invariants: no witness, no trailing byte, one commitment; whoever
//! solves it can change none of the four without solving again. A coinbase is longer than 64 bytes, so no inner node of a Merkle
//! tree can pass for one. Sizes: hosts of older machines give up on long coinbases; theirs are of [`BYTES_MAX`] at most, and the
//! built ones around 160. An extranonce1 of 4 bytes and an extranonce2 of 8 is what most firmware was tried with (some take no
//! more than 8), and 8 bytes never run out.

use crypto::{hash, tags::Tag};
use types::{Address, ChainId, Hash32};

use crate::bytes::place;
use crate::{sha256d, tags};

/// Most bytes of a coinbase.
pub const BYTES_MAX: usize = 256;
/// Most outputs of a coinbase.
pub const OUTPUTS_MAX: u8 = 4;
/// Bytes of the part of the extranonce that the server gives.
pub const EXTRANONCE1_BYTES: usize = 4;
/// Bytes of the part of the extranonce that the machine counts.
pub const EXTRANONCE2_BYTES: usize = 8;
/// Longest tag that a builder takes.
pub const TAG_BYTES_MAX: usize = 40;

/// The beginning of an output script with a commitment: OP_RETURN, a push of 56 bytes, and four letters.
const COMMITMENT_HEAD: [u8; 6] = [0x6a, 0x38, b'T', b'H', b'R', b'W'];
/// Where the script of the input begins.
const SCRIPT_PLACE: usize = 4 + 1 + 36 + 1;
/// Bytes of what the digest is taken of.
const PREIMAGE_BYTES: usize = Tag::LENGTH + 32 + 8 + 20 + 32;
/// Length of an output script with a commitment.
const COMMITMENT_SCRIPT_BYTES: usize = COMMITMENT_HEAD.len() + 20 + 32;
/// The outpoint of an input that spends nothing.
const NULL_OUTPOINT: [u8; 36] = {
    let mut outpoint = [0; 36];
    let (_, index) = outpoint.split_at_mut(32);
    index.copy_from_slice(&[0xff; 4]);
    outpoint
};

const _: () = assert!(4 + 1 + 36 + 1 + 100 + 4 + 1 + 9 + COMMITMENT_SCRIPT_BYTES + 4 <= BYTES_MAX);

/// What a coinbase binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commitment {
    /// The chain.
    pub chain_id: ChainId,
    /// The height in the work chain that the work is for.
    pub work_height: u64,
    /// Who is paid.
    pub payee: Address,
    /// The hash of a recent block.
    pub anchor: Hash32,
}

/// Whose coinbases are searched, and which of that builder's lanes: equal headers cannot come of two of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct SearchSpace {
    /// The builder: a node, by bytes that no other node has.
    pub builder: [u8; 4],
    /// Which of the builder's spaces for one payee and anchor.
    pub lane: u32,
}

/// What stands around extranonce1 and extranonce2, as Stratum sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoinbaseParts {
    /// Before the extranonces.
    pub coinbase1: Vec<u8>,
    /// Behind them.
    pub coinbase2: Vec<u8>,
}

/// What is read from a coinbase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coinbase {
    /// The height in the work chain that its script names.
    pub work_height: u64,
    /// Who is paid.
    pub payee: Address,
    /// The digest over all that is bound.
    pub digest: Hash32,
    /// Its hash, the leftmost leaf of the header's Merkle tree.
    pub txid: [u8; 32],
    /// What its outputs carry together. It means nothing to this chain; to another it is somebody's pay.
    pub value: u64,
    /// The bytes from which nothing is read, the first and the one behind the last: those of the input's script behind the
    /// height. Extranonces that stand there change nothing of what is read.
    pub free: (usize, usize),
}

/// Why bytes are no coinbase of a work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CoinbaseError {
    /// More than [`BYTES_MAX`] bytes.
    #[error("the coinbase has {0} bytes, at most {BYTES_MAX} are allowed")]
    TooLong(usize),
    /// It ends early.
    #[error("the coinbase ends in the middle of a field")]
    Truncated,
    /// A version other than 1 and 2.
    #[error("the coinbase has version {0}: use 1 or 2")]
    Version(u32),
    /// The marker of BIP144 where the number of inputs should be.
    #[error("the coinbase carries a witness: leave marker, flag and witness out")]
    Witness,
    /// Not exactly one input.
    #[error("the coinbase has {0} inputs: exactly one is allowed")]
    Inputs(u8),
    /// The input spends something.
    #[error("the coinbase's input does not have the null outpoint")]
    Outpoint,
    /// The script of the input is not of 2 to 100 bytes.
    #[error("the coinbase's input script has {0} bytes: it must have 2 to 100")]
    ScriptLength(u8),
    /// The script of the input does not begin with a height, pushed in the shortest way.
    #[error("the coinbase's input script does not begin with the work height in its shortest form")]
    Height,
    /// No output, or too many.
    #[error("the coinbase has {0} outputs: 1 to {OUTPUTS_MAX} are allowed")]
    Outputs(u8),
    /// No output with a commitment.
    #[error("the coinbase has no output that says for which chain and whom the work was done")]
    NoCommitment,
    /// Several outputs with a commitment.
    #[error("the coinbase has more than one commitment")]
    SecondCommitment,
    /// The output with the commitment has a value.
    #[error("the coinbase's commitment carries a value: it must be zero")]
    Value,
    /// A lock time that is not zero.
    #[error("the coinbase has a lock time: it must be zero")]
    LockTime,
    /// Bytes behind the end.
    #[error("the coinbase is followed by {0} bytes that do not belong to it")]
    Trailing(usize),
    /// A tag that is too long to be built in.
    #[error("the tag has {0} bytes, at most {TAG_BYTES_MAX} are allowed")]
    Tag(usize),
}

impl Commitment {
    /// The digest over all four.
    #[must_use]
    pub fn digest(&self) -> Hash32 {
        Hash32(hash::sha256(&self.preimage()))
    }

    /// What the digest is taken of: the tag and all four.
    fn preimage(&self) -> [u8; PREIMAGE_BYTES] {
        let mut bytes = [0; PREIMAGE_BYTES];
        let rest = place(&mut bytes, *tags::WORK_COMMITMENT.as_bytes());
        let rest = place(rest, self.chain_id.0.0);
        let rest = place(rest, self.work_height.to_le_bytes());
        let rest = place(rest, self.payee.0);
        place(rest, self.anchor.0);
        bytes
    }

    /// The coinbase around the extranonces. The tag stands in the input's script, for people who look.
    ///
    /// # Errors
    /// The tag is longer than [`TAG_BYTES_MAX`].
    pub fn coinbase_parts(&self, tag: &[u8]) -> Result<CoinbaseParts, CoinbaseError> {
        self.parts(tag, &[], u32::MAX)
    }

    /// As [`Self::coinbase_parts`], in a search space of its own: no coinbase of another builder, or lane, is equal to one of these.
    /// The builder's four bytes stand behind the tag, and the input's sequence counts lanes from its highest value down.
    ///
    /// # Errors
    /// The tag is longer than [`TAG_BYTES_MAX`].
    pub fn coinbase_parts_in(&self, tag: &[u8], space: SearchSpace) -> Result<CoinbaseParts, CoinbaseError> {
        self.parts(tag, &space.builder, u32::MAX.wrapping_sub(space.lane))
    }

    fn parts(&self, tag: &[u8], builder: &[u8], sequence: u32) -> Result<CoinbaseParts, CoinbaseError> {
        let tag_length = u8::try_from(tag.len()).ok().filter(|length| usize::from(*length) <= TAG_BYTES_MAX);
        let tag_length = tag_length.ok_or(CoinbaseError::Tag(tag.len()))?;
        let height = height_push(self.work_height);
        let extranonces = EXTRANONCE1_BYTES.saturating_add(EXTRANONCE2_BYTES);
        let mut script = height;
        if tag_length > 0 {
            script.push(tag_length);
            script.extend_from_slice(tag);
        }
        if !builder.is_empty() {
            script.push(u8::try_from(builder.len()).expect("4 bytes"));
            script.extend_from_slice(builder);
        }
        script.push(u8::try_from(extranonces).expect("12 bytes"));
        let script_length = script.len().saturating_add(extranonces);
        let mut coinbase1 = 2_u32.to_le_bytes().to_vec();
        coinbase1.push(1);
        coinbase1.extend_from_slice(&NULL_OUTPOINT);
        coinbase1.push(u8::try_from(script_length).expect("at most 10, 41, 5 and 13 bytes"));
        coinbase1.append(&mut script);
        let mut coinbase2 = sequence.to_le_bytes().to_vec();
        coinbase2.push(1);
        coinbase2.extend_from_slice(&[0; 8]);
        coinbase2.push(u8::try_from(COMMITMENT_SCRIPT_BYTES).expect("58 bytes"));
        coinbase2.extend_from_slice(&COMMITMENT_HEAD);
        coinbase2.extend_from_slice(&self.payee.0);
        coinbase2.extend_from_slice(self.digest().as_bytes());
        coinbase2.extend_from_slice(&[0; 4]);
        Ok(CoinbaseParts { coinbase1, coinbase2 })
    }
}

impl CoinbaseParts {
    /// The whole coinbase.
    #[must_use]
    pub fn assemble(&self, extranonce1: [u8; EXTRANONCE1_BYTES], extranonce2: [u8; EXTRANONCE2_BYTES]) -> Vec<u8> {
        [self.coinbase1.as_slice(), &extranonce1, &extranonce2, &self.coinbase2].concat()
    }
}

impl Coinbase {
    /// Reads a coinbase.
    ///
    /// # Errors
    /// [`CoinbaseError`], the first in the order of the bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, CoinbaseError> {
        if bytes.len() > BYTES_MAX {
            return Err(CoinbaseError::TooLong(bytes.len()));
        }
        let mut reader = Reader { rest: bytes };
        let version = u32::from_le_bytes(reader.array()?);
        if !(1..=2).contains(&version) {
            return Err(CoinbaseError::Version(version));
        }
        let (work_height, free) = read_input(&mut reader)?;
        let (payee, digest, value) = read_outputs(&mut reader)?;
        if reader.array()? != [0; 4] {
            return Err(CoinbaseError::LockTime);
        }
        if !reader.rest.is_empty() {
            return Err(CoinbaseError::Trailing(reader.rest.len()));
        }
        Ok(Self { work_height, payee, digest, txid: sha256d(bytes), value, free })
    }

    /// Whether this is the coinbase of that commitment.
    #[must_use]
    pub fn binds(&self, commitment: &Commitment) -> bool {
        self.work_height == commitment.work_height
            && self.payee == commitment.payee
            && self.digest == commitment.digest()
    }
}

/// The one input; returns the work height that its script names, and the bytes behind it.
fn read_input(reader: &mut Reader<'_>) -> Result<(u64, (usize, usize)), CoinbaseError> {
    match reader.byte()? {
        1 => {}
        0 => return Err(CoinbaseError::Witness),
        count => return Err(CoinbaseError::Inputs(count)),
    }
    if reader.array()? != NULL_OUTPOINT {
        return Err(CoinbaseError::Outpoint);
    }
    let length = reader.byte()?;
    if !(2..=100).contains(&length) {
        return Err(CoinbaseError::ScriptLength(length));
    }
    let script = reader.take(length.into())?;
    let _sequence: [u8; 4] = reader.array()?;
    let (height, rest) = read_height(script).ok_or(CoinbaseError::Height)?;
    let end = SCRIPT_PLACE.saturating_add(script.len());
    Ok((height, (end.saturating_sub(rest.len()), end)))
}

/// The outputs; returns payee and digest of the one commitment, and what the others carry.
fn read_outputs(reader: &mut Reader<'_>) -> Result<(Address, Hash32, u64), CoinbaseError> {
    let count = reader.byte()?;
    if !(1..=OUTPUTS_MAX).contains(&count) {
        return Err(CoinbaseError::Outputs(count));
    }
    let (mut found, mut carried) = (None, 0_u64);
    for _ in 0..count {
        let value = u64::from_le_bytes(reader.array()?);
        let length = reader.byte()?;
        let script = reader.take(length.into())?;
        carried = carried.saturating_add(value);
        let Some(commitment) = read_commitment(script) else { continue };
        if found.replace(commitment).is_some() {
            return Err(CoinbaseError::SecondCommitment);
        }
        if value != 0 {
            return Err(CoinbaseError::Value);
        }
    }
    let (payee, digest) = found.ok_or(CoinbaseError::NoCommitment)?;
    Ok((payee, digest, carried))
}

fn read_commitment(script: &[u8]) -> Option<(Address, Hash32)> {
    let (payee, digest) = script.strip_prefix(&COMMITMENT_HEAD)?.split_first_chunk()?;
    Some((Address(*payee), Hash32::from_slice(digest)?))
}

/// The work height as the push of a script number (BIP34), at least one byte long: little-endian, with a zero behind a byte
/// whose highest bit is set, because that bit is the sign.
fn height_push(height: u64) -> Vec<u8> {
    let mut number = height.to_le_bytes().to_vec();
    while number.len() > 1 && number.last() == Some(&0) {
        number.pop();
    }
    if number.last().is_some_and(|byte| byte & 0x80 != 0) {
        number.push(0);
    }
    let length = u8::try_from(number.len()).expect("at most 9 bytes");
    number.insert(0, length);
    number
}

/// The height at the beginning of a script, if it stands there as [`height_push`] writes it, and what stands behind it.
fn read_height(script: &[u8]) -> Option<(u64, &[u8])> {
    let (length, rest) = script.split_first()?;
    let (number, rest) = rest.split_at_checked((*length).into())?;
    let (last, before) = number.split_last()?;
    // A zero at the end stands there for the sign of the byte before it, or is the number zero.
    let is_shortest = *last != 0 || before.last().is_none_or(|byte| byte & 0x80 != 0);
    let digits = if *last == 0 { before } else { number };
    let is_positive = last & 0x80 == 0;
    let mut bytes = [0; 8];
    bytes.get_mut(..digits.len())?.copy_from_slice(digits);
    (is_shortest && is_positive).then(|| (u64::from_le_bytes(bytes), rest))
}

/// Bytes from front to back.
struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], CoinbaseError> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(CoinbaseError::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], CoinbaseError> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(CoinbaseError::Truncated)?;
        self.rest = rest;
        Ok(*taken)
    }

    /// A length or a count: one byte, because nothing in a coinbase reaches 253.
    fn byte(&mut self) -> Result<u8, CoinbaseError> {
        let [byte] = self.array()?;
        Ok(byte)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_height_is_read_from_its_push_and_from_no_other_spelling(
            height in prop_oneof![0..70_000_u64, any::<u64>()],
            script in proptest::collection::vec(prop_oneof![Just(0_u8), Just(0x80), 0..10_u8, any::<u8>()], 0..12),
        ) {
            let push = height_push(height);
            let followed = [&push[..], &[7]].concat();
            prop_assert_eq!(read_height(&followed), Some((height, &[7][..])));
            if let Some((height, rest)) = read_height(&script) {
                prop_assert_eq!([&height_push(height), rest].concat(), script);
            }
        }
    }
}
