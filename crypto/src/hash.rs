//! SHA-256, alone and with a domain tag, and HASH160.
//!
//! It must not know what is hashed. Invariant: a tag is always the first 16 bytes, so that no preimage of one domain is
//! a preimage of another.

use borsh::{BorshSerialize, io};
use lanes::sha256::constants::INITIAL;
use ripemd::Ripemd160;
use sha2::block_api::compress256;
use sha2::{Digest, Sha256};

use crate::tags::Tag;

/// SHA-256 of `bytes`. Whole blocks are compressed where they lie and the last one or two with their padding: nearly every message
/// of the chain is a few blocks long, and gathering it in a hasher first would cost half as much as the hashing.
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut state = INITIAL;
    let (blocks, rest) = bytes.as_chunks::<64>();
    compress256(&mut state, blocks);
    let mut padded = [[0_u8; 64]; 2];
    let (head, padding) = padded.as_flattened_mut().split_at_mut(rest.len());
    head.copy_from_slice(rest);
    let (end, _) = padding.split_first_mut().expect("the rest is shorter than a block");
    *end = 0x80;
    let [first, second] = &mut padded;
    // The end mark and the length of 8 bytes need room behind the rest.
    let needs_second = rest.len() > 64 - 9;
    let length = if needs_second { &mut *second } else { &mut *first }.last_chunk_mut().expect("a block has 64 bytes");
    *length = (bytes.len() as u64).saturating_mul(8).to_be_bytes();
    compress256(&mut state, std::slice::from_ref(first));
    if needs_second {
        compress256(&mut state, std::slice::from_ref(second));
    }
    let mut digest = [0; 32];
    for (bytes, word) in digest.as_chunks_mut::<4>().0.iter_mut().zip(state) {
        *bytes = word.to_be_bytes();
    }
    digest
}

/// RIPEMD-160 of SHA-256 of `bytes`, as Bitcoin makes addresses.
#[must_use]
pub fn hash160(bytes: &[u8]) -> [u8; 20] {
    Ripemd160::digest(sha256(bytes)).into()
}

/// SHA-256 of the tag and the parts, one after the other. Parts of free length must carry their length themselves.
#[must_use]
pub fn tagged(tag: Tag, parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256Hasher::new(tag);
    for part in parts {
        hasher.update(part);
    }
    hasher.finish()
}

/// SHA-256 of the tag and the canonical bytes of `value`, without holding these bytes in memory.
#[must_use]
pub fn tagged_canonical(tag: Tag, value: &impl BorshSerialize) -> [u8; 32] {
    let mut hasher = Sha256Hasher::new(tag);
    hasher.update_canonical(value);
    hasher.finish()
}

/// Nearly every preimage of the chain is shorter, and then hashed in one go.
const BUFFER_BYTES: usize = 256;

/// SHA-256 over a tag and whatever follows in pieces. Small pieces, such as the fields of a value, are gathered first: feeding
/// them one by one would cost as much as the hashing.
#[derive(Clone)]
pub struct Sha256Hasher {
    /// What did not fit the buffer, from the first byte on; nothing as long as all of it does.
    passed_on: Option<Sha256>,
    buffer: [u8; BUFFER_BYTES],
    length: usize,
}

impl Sha256Hasher {
    /// Begins with a tag.
    #[must_use]
    pub fn new(tag: Tag) -> Self {
        let mut hasher = Self { passed_on: None, buffer: [0; BUFFER_BYTES], length: 0 };
        hasher.update(tag.as_bytes());
        hasher
    }

    /// Takes more bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        let end = self.length.saturating_add(bytes.len());
        if let Some(place) = self.buffer.get_mut(self.length..end) {
            place.copy_from_slice(bytes);
            self.length = end;
        } else {
            self.pass_on(bytes);
        }
    }

    /// Takes the canonical bytes of a value.
    pub fn update_canonical(&mut self, value: &impl BorshSerialize) {
        value.serialize(self).expect("a hasher takes every byte and no list of the chain exceeds u32");
    }

    /// The digest.
    #[must_use]
    pub fn finish(self) -> [u8; 32] {
        match self.passed_on {
            None => sha256(gathered(&self.buffer, self.length)),
            Some(mut hasher) => {
                hasher.update(gathered(&self.buffer, self.length));
                hasher.finalize().into()
            }
        }
    }

    /// Empties the buffer, and takes what has no room in it.
    fn pass_on(&mut self, bytes: &[u8]) {
        let hasher = self.passed_on.get_or_insert_with(Sha256::new);
        hasher.update(gathered(&self.buffer, self.length));
        hasher.update(bytes);
        self.length = 0;
    }
}

fn gathered(buffer: &[u8; BUFFER_BYTES], length: usize) -> &[u8] {
    buffer.get(..length).expect("the length never passes the end of the buffer")
}

impl io::Write for Sha256Hasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tags;

    #[test]
    fn messages_of_all_lengths_hash_as_by_the_library() {
        let bytes: Vec<u8> = (0..300_u32).map(|place| u8::try_from(place % 241).expect("below 256")).collect();
        for length in 0..=bytes.len() {
            let expected: [u8; 32] = Sha256::digest(&bytes[..length]).into();
            assert_eq!(sha256(&bytes[..length]), expected, "{length} bytes");
        }
    }

    #[test]
    fn a_digest_does_not_depend_on_the_pieces_in_which_the_bytes_come() {
        let bytes: Vec<u8> = (0..700_u32).map(|place| u8::try_from(place % 251).expect("below 256")).collect();
        for length in [0, 1, 100, 239, 240, 241, 256, 257, 500, 700] {
            let message = &bytes[..length];
            let expected = sha256(&[tags::HEADER.as_bytes(), message].concat());
            for piece in [1, 3, 8, 64, 239, 240, 241, 256, 300, 700] {
                let mut hasher = Sha256Hasher::new(tags::HEADER);
                message.chunks(piece).for_each(|part| hasher.update(part));
                assert_eq!(hasher.finish(), expected, "{length} bytes in pieces of {piece}");
            }
        }
    }
}
