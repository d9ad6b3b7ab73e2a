//! Lines out of a stream of bytes.
//!
//! A line ends with LF; a CR before it belongs to the ending. It must not know what a line says. Invariants: nothing
//! is kept beyond [`LINE_BYTES_MAX`]; a stream that does not begin each line with `{` is refused at its first byte, so
//! that a TLS hello (0x16) or an HTTP request is answered by a close at once and not by a wait; an idle stream holds no
//! memory.

use crate::limits::{BLANK_BYTES_MAX, LINE_BYTES_MAX};

/// Why a stream is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// A TLS hello on a port that does not speak TLS.
    #[error("a TLS hello on the plain port")]
    Tls,
    /// The first byte of a line is not `{`.
    #[error("a line begins with byte {0:#04x}, not with `{{`")]
    NotJson(u8),
    /// More than the longest line without a newline.
    #[error("a line of more than {LINE_BYTES_MAX} bytes")]
    TooLong,
    /// Only spaces and newlines.
    #[error("more than {BLANK_BYTES_MAX} blank bytes between two lines")]
    Blank,
}

/// Whether the reader of lines wants more of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Go on.
    Continue,
    /// The connection is closed: what follows is not read.
    Stop,
}

/// Cuts a stream into lines.
#[derive(Debug, Default)]
pub struct LineDecoder {
    partial: Vec<u8>,
    blanks: usize,
}

impl LineDecoder {
    /// Takes the next bytes of the stream and hands every whole line, without its ending, to `take`.
    ///
    /// # Errors
    /// [`LineError`] when the stream has to be closed; lines before the error were handed out.
    pub fn feed(&mut self, mut bytes: &[u8], mut take: impl FnMut(&[u8]) -> Flow) -> Result<(), LineError> {
        while !bytes.is_empty() {
            if self.partial.is_empty() {
                bytes = self.skip_blanks(bytes)?;
                match bytes.first() {
                    None => return Ok(()),
                    Some(b'{') => self.blanks = 0,
                    Some(0x16) => return Err(LineError::Tls),
                    Some(other) => return Err(LineError::NotJson(*other)),
                }
            }
            let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else {
                return self.keep(bytes);
            };
            let (head, tail) = bytes.split_at(end);
            bytes = tail.get(1..).unwrap_or_default();
            if self.hand_out(head, &mut take)? == Flow::Stop {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Bytes of an incomplete line.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.partial.len()
    }

    fn hand_out(&mut self, head: &[u8], take: &mut impl FnMut(&[u8]) -> Flow) -> Result<Flow, LineError> {
        if self.partial.is_empty() {
            let line = head.strip_suffix(b"\r").unwrap_or(head);
            return if line.len() > LINE_BYTES_MAX { Err(LineError::TooLong) } else { Ok(take(line)) };
        }
        if self.partial.len().saturating_add(head.len()) > LINE_BYTES_MAX.saturating_add(1) {
            return Err(LineError::TooLong);
        }
        let mut whole = std::mem::take(&mut self.partial);
        whole.extend_from_slice(head);
        let line = whole.strip_suffix(b"\r").unwrap_or(&whole);
        if line.len() > LINE_BYTES_MAX { Err(LineError::TooLong) } else { Ok(take(line)) }
    }

    fn keep(&mut self, bytes: &[u8]) -> Result<(), LineError> {
        // One byte more, for a CR whose LF is still on its way.
        if self.partial.len().saturating_add(bytes.len()) > LINE_BYTES_MAX.saturating_add(1) {
            return Err(LineError::TooLong);
        }
        self.partial.extend_from_slice(bytes);
        Ok(())
    }

    fn skip_blanks<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], LineError> {
        let rest = bytes.trim_ascii_start();
        self.blanks = self.blanks.saturating_add(bytes.len().saturating_sub(rest.len()));
        if self.blanks > BLANK_BYTES_MAX { Err(LineError::Blank) } else { Ok(rest) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(pieces: &[&[u8]]) -> (Vec<Vec<u8>>, Result<(), LineError>) {
        let mut decoder = LineDecoder::default();
        let mut found = Vec::new();
        for piece in pieces {
            let fed = decoder.feed(piece, |line| {
                found.push(line.to_vec());
                Flow::Continue
            });
            if fed.is_err() {
                return (found, fed);
            }
        }
        (found, Ok(()))
    }

    #[test]
    fn lines_end_with_lf_or_crlf_and_may_come_in_pieces() {
        let whole = lines(&[b"{1}\n{2}\r\n\r\n {3}\n{4"]);
        assert_eq!(whole, (vec![b"{1}".to_vec(), b"{2}".to_vec(), b"{3}".to_vec()], Ok(())));
        let bytes = b"{1}\n{2}\r\n\r\n {3}\n{4";
        let pieces: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(lines(&pieces), whole);
    }

    #[test]
    fn a_tls_hello_and_an_http_request_are_refused_at_their_first_byte() {
        assert_eq!(lines(&[&[0x16]]).1, Err(LineError::Tls));
        assert_eq!(lines(&[b"G"]).1, Err(LineError::NotJson(b'G')));
        assert_eq!(lines(&[b"{}\n", &[0x16, 3, 1]]).1, Err(LineError::Tls));
        assert_eq!(lines(&[b"[]\n"]).1, Err(LineError::NotJson(b'[')));
    }

    #[test]
    fn the_longest_line_passes_and_one_byte_more_does_not() {
        let line = |length: usize, end: &str| format!("{{{}{end}", "x".repeat(length - 1)).into_bytes();
        for end in ["\n", "\r\n"] {
            assert_eq!(lines(&[&line(LINE_BYTES_MAX, end)]).0.len(), 1);
            assert_eq!(lines(&[&line(LINE_BYTES_MAX + 1, end)]).1, Err(LineError::TooLong));
            let long = line(LINE_BYTES_MAX, end);
            let (front, back) = long.split_at(9_000);
            assert_eq!(lines(&[front, back]).0.len(), 1);
        }
        assert_eq!(lines(&[b"{", &vec![b'x'; 1 << 20]]).1, Err(LineError::TooLong));
    }

    #[test]
    fn a_flood_of_newlines_is_refused_and_a_few_are_not() {
        assert_eq!(lines(&[&[b'\n'; BLANK_BYTES_MAX]]).1, Ok(()));
        assert_eq!(lines(&[&[b'\n'; BLANK_BYTES_MAX], b"\r"]).1, Err(LineError::Blank));
    }

    #[test]
    fn a_reader_that_stops_is_handed_nothing_more() {
        let mut seen = 0;
        let fed = LineDecoder::default().feed(b"{1}\n{2}\nG", |_| {
            seen += 1;
            Flow::Stop
        });
        assert_eq!((seen, fed), (1, Ok(())));
    }
}
