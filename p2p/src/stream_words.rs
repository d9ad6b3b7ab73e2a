//! What stands on a service's stream: frames, and between them words about room.
//!
//! Everything begins with a u32 little-endian. Below 2^30 it is the length of a frame that follows. With the upper bit it lets the
//! other end send so many bytes more, frames charged with their overhead; with the bit below it says that frames of so many bytes have
//! come. Each end first lets the other send: before that it has not opened the stream.
//!
//! It must not know streams. Invariants: a frame beyond what was allowed is refused when its length is read; memory follows the
//! bytes that have come; a word of nothing is refused, so that words cost their sender something.

use crate::channels::Row;
use crate::frame::{FrameError, PREFIX_BYTES, frame_length, take};

const GRANT: u32 = 1 << 31;
const ARRIVED: u32 = 1 << 30;
/// The most that one word can say.
pub const WORD_MAX: u32 = ARRIVED - 1;

/// One thing that the other end has said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// A frame.
    Frame(Vec<u8>),
    /// So many bytes more may be sent.
    Grant(u32),
    /// Frames of so many bytes have come.
    Arrived(u32),
}

/// What is wrong with what was said. The stream is of no use after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WordError {
    /// A frame that the protocol does not carry.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// More than the other end was allowed to send.
    #[error("a frame of {length} bytes where {left} are left")]
    Beyond {
        /// The frame, without its overhead.
        length: usize,
        /// What was left of the room, overheads included.
        left: usize,
    },
    /// A word that no end says.
    #[error("the word {0:#010x} means nothing")]
    Senseless(u32),
}

/// Lets the other end send so many bytes more.
#[must_use]
pub const fn grant(bytes: u32) -> [u8; PREFIX_BYTES] {
    (GRANT | (bytes & WORD_MAX)).to_le_bytes()
}

/// Says that frames of so many bytes have come.
#[must_use]
pub const fn arrived(bytes: u32) -> [u8; PREFIX_BYTES] {
    (ARRIVED | (bytes & WORD_MAX)).to_le_bytes()
}

/// Takes a stream apart.
#[derive(Debug)]
pub struct WordDecoder {
    bytes_max: usize,
    prefix: Vec<u8>,
    body: Vec<u8>,
    /// Length of the frame being read, once it is known.
    length: Option<usize>,
}

impl WordDecoder {
    /// A decoder for frames of at most `bytes_max` bytes.
    #[must_use]
    pub const fn new(bytes_max: usize) -> Self {
        Self { bytes_max, prefix: Vec::new(), body: Vec::new(), length: None }
    }

    /// Takes from the front of `input` what the next word needs, and gives the word when it is whole; `left` is what the other end may
    /// send. Call again while `input` is not empty.
    ///
    /// # Errors
    /// [`WordError`].
    pub fn next(&mut self, input: &mut &[u8], left: usize) -> Result<Option<Word>, WordError> {
        let length = match self.length {
            Some(length) => length,
            None => match self.read_prefix(input, left)? {
                Begun::Frame(length) => length,
                Begun::Word(word) => return Ok(Some(word)),
                Begun::Nothing => return Ok(None),
            },
        };
        take(input, &mut self.body, length);
        if self.body.len() < length {
            return Ok(None);
        }
        self.length = None;
        Ok(Some(Word::Frame(std::mem::take(&mut self.body))))
    }

    /// Whether the stream stands between two words: only there may it end.
    #[must_use]
    pub fn is_between_words(&self) -> bool {
        self.length.is_none() && self.prefix.is_empty()
    }

    fn read_prefix(&mut self, input: &mut &[u8], left: usize) -> Result<Begun, WordError> {
        take(input, &mut self.prefix, PREFIX_BYTES);
        let Ok(prefix) = <[u8; PREFIX_BYTES]>::try_from(self.prefix.as_slice()) else { return Ok(Begun::Nothing) };
        self.prefix.clear();
        let number = u32::from_le_bytes(prefix);
        match (number & GRANT != 0, number & ARRIVED != 0, number & WORD_MAX) {
            (false, false, _) => {}
            (true, false, bytes @ 1..) => return Ok(Begun::Word(Word::Grant(bytes))),
            (false, true, bytes @ 1..) => return Ok(Begun::Word(Word::Arrived(bytes))),
            _ => return Err(WordError::Senseless(number)),
        }
        let length = frame_length(prefix, self.bytes_max)?;
        if Row::charge(length) > left {
            return Err(WordError::Beyond { length, left });
        }
        self.length = Some(length);
        Ok(Begun::Frame(length))
    }
}

enum Begun {
    Nothing,
    Word(Word),
    Frame(usize),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::frame_prefix;

    fn frame(body: &[u8]) -> Vec<u8> {
        [&frame_prefix(body.len(), 1_000).expect("it fits")[..], body].concat()
    }

    #[test]
    fn frames_and_words_come_out_as_they_went_in_however_they_are_cut() {
        let bytes = [&grant(5_000)[..], &frame(b"ebb"), &arrived(3), &frame(&[7; 900]), &grant(WORD_MAX)].concat();
        let words = [
            Word::Grant(5_000),
            Word::Frame(b"ebb".to_vec()),
            Word::Arrived(3),
            Word::Frame(vec![7; 900]),
            Word::Grant(WORD_MAX),
        ];
        for part in [1, 2, 3, 5, 100, bytes.len()] {
            let (mut decoder, mut read) = (WordDecoder::new(1_000), Vec::new());
            for mut input in bytes.chunks(part) {
                while !input.is_empty() {
                    read.extend(decoder.next(&mut input, 2_000).expect("sound"));
                }
            }
            assert_eq!(read, words);
            assert!(decoder.is_between_words());
        }
    }

    #[test]
    fn what_was_not_allowed_or_means_nothing_is_refused_when_its_first_bytes_are_read() {
        let refused = |bytes: &[u8], left| {
            let mut input = bytes;
            WordDecoder::new(1_000).next(&mut input, left).expect_err("it is refused")
        };
        assert_eq!(refused(&frame(&[0; 10])[..4], 265), WordError::Beyond { length: 10, left: 265 });
        assert_eq!(
            refused(&1_001_u32.to_le_bytes(), usize::MAX),
            FrameError::TooLong { length: 1_001, max: 1_000 }.into()
        );
        assert_eq!(refused(&[0; 4], usize::MAX), FrameError::Empty.into());
        for senseless in [u32::MAX, 1 << 31, 1 << 30, 3 << 30] {
            assert_eq!(refused(&senseless.to_le_bytes(), usize::MAX), WordError::Senseless(senseless));
        }
    }

    #[test]
    fn a_claimed_length_reserves_nothing_and_a_frame_keeps_no_more_than_its_bytes() {
        let mut decoder = WordDecoder::new(2 << 20);
        let prefix = frame_prefix(2 << 20, 2 << 20).expect("it fits");
        assert_eq!(decoder.next(&mut &prefix[..], usize::MAX), Ok(None));
        assert!(decoder.body.capacity() == 0 && !decoder.is_between_words());
        for _ in 0..127 {
            assert_eq!(decoder.next(&mut &[7; 16 << 10][..], usize::MAX), Ok(None));
            assert!(decoder.body.capacity() <= 2 * decoder.body.len().max(64 << 10));
        }
        match decoder.next(&mut &[7; 16 << 10][..], usize::MAX) {
            Ok(Some(Word::Frame(frame))) => {
                assert_eq!(frame.capacity(), 2 << 20, "and no more than its bytes are kept")
            }
            other => panic!("{other:?}"),
        }
    }
}
