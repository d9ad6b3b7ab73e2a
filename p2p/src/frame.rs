//! Frames on a direct stream: a length as u32 little-endian, then that many bytes.
//!
//! It must not know streams: bytes go in as they come, whole frames come out.
//!
//! Invariants: a length above the limit is refused when its prefix is read, before anything is reserved; memory
//! follows the bytes that have come, not the length that was claimed; a frame has one encoding.

/// Bytes of a length prefix.
pub const PREFIX_BYTES: usize = 4;

/// Memory is reserved in parts of so many bytes, or of as many as have come.
const RESERVE_BYTES_MAX: usize = 64 * 1024;

/// What is wrong with a frame. The stream is of no use after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Longer than the channel allows.
    #[error("a frame of {length} bytes, at most {max} are allowed here")]
    TooLong {
        /// The claimed length.
        length: usize,
        /// The channel's limit.
        max: usize,
    },
    /// An empty frame: there is nothing that it could mean.
    #[error("a frame of no bytes")]
    Empty,
}

/// Reads a length prefix against the channel's limit.
///
/// # Errors
/// When the length is zero or above `bytes_max`.
pub fn frame_length(prefix: [u8; PREFIX_BYTES], bytes_max: usize) -> Result<usize, FrameError> {
    let length = usize::try_from(u32::from_le_bytes(prefix)).unwrap_or(usize::MAX);
    check_length(length, bytes_max)
}

/// The prefix of a frame of `length` bytes.
///
/// # Errors
/// When the length is zero or above `bytes_max`.
pub fn frame_prefix(length: usize, bytes_max: usize) -> Result<[u8; PREFIX_BYTES], FrameError> {
    let length = check_length(length, bytes_max)?;
    let short = u32::try_from(length).map_err(|_| FrameError::TooLong { length, max: bytes_max })?;
    Ok(short.to_le_bytes())
}

fn check_length(length: usize, bytes_max: usize) -> Result<usize, FrameError> {
    match length {
        0 => Err(FrameError::Empty),
        length if length > bytes_max => Err(FrameError::TooLong { length, max: bytes_max }),
        length => Ok(length),
    }
}

/// Takes a stream apart into frames.
#[derive(Debug)]
pub struct FrameDecoder {
    bytes_max: usize,
    prefix: Vec<u8>,
    body: Vec<u8>,
    /// Length of the frame being read, once its prefix is known.
    length: Option<usize>,
}

impl FrameDecoder {
    /// A decoder for frames of at most `bytes_max` bytes.
    #[must_use]
    pub const fn new(bytes_max: usize) -> Self {
        Self { bytes_max, prefix: Vec::new(), body: Vec::new(), length: None }
    }

    /// Takes from the front of `input` what the next frame needs, and gives the frame when it is whole.
    /// Call again while `input` is not empty.
    ///
    /// # Errors
    /// When the next frame is empty or too long.
    pub fn next(&mut self, input: &mut &[u8]) -> Result<Option<Vec<u8>>, FrameError> {
        let length = match self.length {
            Some(length) => length,
            None => match self.read_prefix(input)? {
                Some(length) => length,
                None => return Ok(None),
            },
        };
        take(input, &mut self.body, length);
        if self.body.len() < length {
            return Ok(None);
        }
        self.length = None;
        Ok(Some(std::mem::take(&mut self.body)))
    }

    /// Whether the stream stands between two frames: only there may it end.
    #[must_use]
    pub fn is_between_frames(&self) -> bool {
        self.length.is_none() && self.prefix.is_empty()
    }

    fn read_prefix(&mut self, input: &mut &[u8]) -> Result<Option<usize>, FrameError> {
        take(input, &mut self.prefix, PREFIX_BYTES);
        let Ok(prefix) = <[u8; PREFIX_BYTES]>::try_from(self.prefix.as_slice()) else { return Ok(None) };
        let length = frame_length(prefix, self.bytes_max)?;
        self.prefix.clear();
        self.length = Some(length);
        Ok(Some(length))
    }
}

/// Moves bytes from the front of `input` to `into` until that holds `wanted`.
pub(crate) fn take(input: &mut &[u8], into: &mut Vec<u8>, wanted: usize) {
    let now = wanted.saturating_sub(into.len()).min(input.len());
    let (taken, left) = input.split_at(now);
    if into.capacity().saturating_sub(into.len()) < now {
        // Never more than the whole takes: what was reserved is kept until somebody has taken it.
        let more = into.len().max(now).max(RESERVE_BYTES_MAX);
        into.reserve_exact(more.min(wanted.saturating_sub(into.len())));
    }
    into.extend_from_slice(taken);
    *input = left;
}
