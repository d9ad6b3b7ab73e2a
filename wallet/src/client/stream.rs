//! Server-sent events, as a blocking iterator.
//!
//! Format: lines `event: NAME`, `data: TEXT`, an empty line ends an event; a line that begins with `:` keeps the connection alive.
//! Invariant: a line above the bound ends the stream instead of filling memory.

use std::io::{BufRead, BufReader, Read};

use super::types::{BlockSummary, FinalBlock, TransactionResponse};
use crate::{Error, Result};

/// Longest line: a transaction of the greatest size, its receipt and proofs, in JSON.
const LINE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Stands for a comment; no event can have this name.
const ALIVE: &str = ":";

/// What a node tells as it happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamEvent {
    /// A block became final for this node, which is checking its certificate.
    Final(FinalBlock),
    /// A final block is certified and can be read.
    Block(Box<BlockSummary>),
    /// A transaction's status changed.
    Transaction(Box<TransactionResponse>),
    /// Nothing happened, and the connection is alive: the moment to look at a clock.
    Alive,
}

/// An open stream. It ends when the node closes it.
pub struct EventStream {
    lines: BufReader<Box<dyn Read + Send>>,
}

impl std::fmt::Debug for EventStream {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("EventStream")
    }
}

impl EventStream {
    /// Reads events from a body.
    pub fn new(body: impl Read + Send + 'static) -> Self {
        Self { lines: BufReader::new(Box::new(body)) }
    }

    /// One line without its end, or nothing at the end of the stream.
    fn line(&mut self) -> Result<Option<String>> {
        let lost = |why: String| Error::new("stream_lost", format!("the node's event stream broke off: {why}"), "");
        let mut line = Vec::new();
        self.lines
            .by_ref()
            .take(LINE_BYTES_MAX)
            .read_until(b'\n', &mut line)
            .map_err(|error| lost(error.to_string()))?;
        if line.last() != Some(&b'\n') {
            return if line.is_empty() { Ok(None) } else { Err(lost("a line is cut short or too long".to_owned())) };
        }
        let text = String::from_utf8(line).map_err(|_| lost("a line is not text".to_owned()))?;
        Ok(Some(text.trim_end_matches(['\n', '\r']).to_owned()))
    }

    /// Name and data of the next event.
    fn raw(&mut self) -> Result<Option<(String, String)>> {
        let (mut name, mut data) = (String::new(), String::new());
        while let Some(line) = self.line()? {
            let (field, value) = line.split_once(':').unwrap_or((&line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "event" => value.clone_into(&mut name),
                "data" => {
                    let separator = if data.is_empty() { "" } else { "\n" };
                    data = format!("{data}{separator}{value}");
                    if data.len() as u64 > LINE_BYTES_MAX {
                        return Err(Error::new(
                            "stream_lost",
                            "the node's event stream sent an event that is too long",
                            "",
                        ));
                    }
                }
                "" if line.is_empty() && !data.is_empty() => return Ok(Some((name, data))),
                "" if !line.is_empty() => return Ok(Some((ALIVE.to_owned(), String::new()))),
                _ => {}
            }
        }
        Ok(None)
    }
}

impl Iterator for EventStream {
    type Item = Result<StreamEvent>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (name, data) = match self.raw() {
                Ok(event) => event?,
                Err(error) => return Some(Err(error)),
            };
            let event = match name.as_str() {
                "final" => serde_json::from_str(&data).map(StreamEvent::Final),
                "block" => serde_json::from_str(&data).map(|block| StreamEvent::Block(Box::new(block))),
                "transaction" => {
                    serde_json::from_str(&data).map(|transaction| StreamEvent::Transaction(Box::new(transaction)))
                }
                ALIVE => return Some(Ok(StreamEvent::Alive)),
                // Events of a newer node.
                _ => continue,
            };
            let unreadable =
                |error| Error::new("bad_answer", format!("an event of the node cannot be read: {error}"), "");
            return Some(event.map_err(unreadable));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_read_event_by_event_and_unknown_ones_are_passed_over() {
        let text = ": hello\n\nevent: news\ndata: {}\n\nevent: transaction\r\ndata: {\"id\":\"00\"}\r\n\r\nevent: x\n\ndata: y\n";
        let mut stream = EventStream::new(text.as_bytes());
        assert_eq!(stream.next(), Some(Ok(StreamEvent::Alive)));
        let error = stream.next().expect("an event").expect_err("its data is no transaction");
        assert_eq!(error.code, "bad_answer");
        assert!(stream.next().is_none(), "an unfinished event is none");
    }

    #[test]
    fn a_line_without_end_ends_the_stream() {
        let endless = std::io::repeat(b'a');
        let mut stream = EventStream::new(endless);
        assert_eq!(stream.next().expect("an answer").expect_err("too long").code, "stream_lost");
    }
}
