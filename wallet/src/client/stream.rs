//! Server-sent events, as a blocking iterator.
//!
//! Format: lines `event: NAME`, `data: TEXT`, an empty line ends an event; a line that begins with `:` keeps the connection alive.
//! Invariant: a line above the bound ends the stream instead of filling memory.

use std::io::{BufRead, BufReader, Read};

use super::http::read_json;
use super::types::{BlockSummary, FinalBlock, TransactionResponse};
use crate::visible::one_line;
use crate::{Error, Result, cause};

/// Longest line: a transaction of the greatest size, its receipt and proofs, in JSON.
const LINE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What a node tells as it happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamEvent {
    /// A block became final for this node, which is checking its certificate.
    Final(FinalBlock),
    /// A final block is certified and can be read.
    Block(Box<BlockSummary>),
    /// A transaction's status changed.
    Transaction(Box<TransactionResponse>),
    /// No event yet, and the connection is alive: the moment to look at a clock.
    Alive,
}

/// An open stream. It ends when the node closes it. Whatever comes, it yields after one read at most, so whoever waits can look at a
/// clock however a node drags its lines out.
pub struct EventStream {
    body: BufReader<Box<dyn Read + Send>>,
    /// The line that has begun.
    line: Vec<u8>,
    /// Name and data of the event that has begun.
    name: String,
    data: String,
}

/// What one read brought.
enum Piece {
    Line(String),
    /// The line goes on.
    Part,
    End,
}

fn lost(why: &str) -> Error {
    let hint = "it goes on without; look with `thronos status`, or ask another node with `--node`";
    Error::new("stream_lost", format!("the node's event stream broke off: {}", one_line(why)), hint)
}

impl std::fmt::Debug for EventStream {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("EventStream")
    }
}

impl EventStream {
    /// Reads events from a body.
    pub fn new(body: impl Read + Send + 'static) -> Self {
        let body: Box<dyn Read + Send> = Box::new(body);
        Self { body: BufReader::new(body), line: Vec::new(), name: String::new(), data: String::new() }
    }

    /// What one read brings: a line without its end, a part of one, or nothing at the end of the stream.
    fn piece(&mut self) -> Result<Piece> {
        let read = match self.body.fill_buf() {
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => return Ok(Piece::Part),
            Err(error) => return Err(lost(&cause(&error))),
        };
        if read.is_empty() {
            return if self.line.is_empty() { Ok(Piece::End) } else { Err(lost("a line is cut short")) };
        }
        let end = read.iter().position(|byte| *byte == b'\n');
        let taken = end.map_or(read.len(), |end| end.saturating_add(1));
        if self.line.len().saturating_add(taken) > LINE_BYTES_MAX {
            // Whoever asks on finds the stream ended.
            self.body = BufReader::new(Box::new(std::io::empty()));
            self.line.clear();
            return Err(lost("a line is too long"));
        }
        self.line.extend_from_slice(read.get(..taken).unwrap_or_default());
        self.body.consume(taken);
        if end.is_none() {
            return Ok(Piece::Part);
        }
        let line = String::from_utf8(std::mem::take(&mut self.line)).map_err(|_| lost("a line is not text"))?;
        Ok(Piece::Line(line.trim_end_matches(['\n', '\r']).to_owned()))
    }

    /// Takes a line in, and gives the event that it ends.
    fn take(&mut self, line: &str) -> Result<StreamEvent> {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.name),
            "data" if self.data.len().saturating_add(value.len()) > LINE_BYTES_MAX => {
                return Err(lost("an event is too long"));
            }
            "data" => {
                if !self.data.is_empty() {
                    self.data.push('\n');
                }
                self.data.push_str(value);
            }
            "" if line.is_empty() && !self.data.is_empty() => {
                let (name, data) = (std::mem::take(&mut self.name), std::mem::take(&mut self.data));
                return event(&name, &data);
            }
            _ => {}
        }
        Ok(StreamEvent::Alive)
    }
}

/// An event by its name. Those of a newer node say no more than that it is there.
fn event(name: &str, data: &str) -> Result<StreamEvent> {
    let data = data.as_bytes();
    let event = match name {
        "final" => read_json(data).map(StreamEvent::Final),
        "block" => read_json(data).map(|block| StreamEvent::Block(Box::new(block))),
        "transaction" => read_json(data).map(|transaction| StreamEvent::Transaction(Box::new(transaction))),
        _ => Ok(StreamEvent::Alive),
    };
    let hint = "the node may be of another version";
    event.map_err(|why| Error::new("bad_answer", format!("an event of the node cannot be read: {why}"), hint))
}

impl Iterator for EventStream {
    type Item = Result<StreamEvent>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.piece() {
            Ok(Piece::Line(line)) => Some(self.take(&line)),
            Ok(Piece::Part) => Some(Ok(StreamEvent::Alive)),
            Ok(Piece::End) => None,
            Err(error) => Some(Err(error)),
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
        let mut told = stream.filter(|event| *event != Ok(StreamEvent::Alive));
        let error = told.next().expect("an event").expect_err("its data is no transaction");
        assert_eq!(error.code, "bad_answer");
        assert!(told.next().is_none(), "an unfinished event is none");
    }

    #[test]
    fn a_line_without_end_ends_the_stream() {
        let stream = EventStream::new(std::io::repeat(b'a'));
        let mut told = stream.filter(|event| *event != Ok(StreamEvent::Alive));
        assert_eq!(told.next().expect("an answer").expect_err("too long").code, "stream_lost");
    }

    /// Gives one byte after the other, and counts.
    struct Drip(std::sync::Arc<std::sync::atomic::AtomicUsize>, &'static [u8]);

    impl Read for Drip {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let given = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            buffer[0] = self.1[given % self.1.len()];
            Ok(1)
        }
    }

    // FAULTS RE10
    #[test]
    fn whoever_reads_a_stream_can_look_at_the_clock_after_every_read() {
        for dragged in [&b"a"[..], b"\n", b": x\n", b"event: x\ndata: y\n\n", b"data: y\n"] {
            let reads = std::sync::Arc::default();
            let mut stream = EventStream::new(Drip(std::sync::Arc::clone(&reads), dragged));
            for done in 1..100 {
                assert_eq!(stream.next(), Some(Ok(StreamEvent::Alive)));
                assert_eq!(reads.load(std::sync::atomic::Ordering::Relaxed), done, "{dragged:?}");
            }
        }
    }
}
