//! Lines over TCP or TLS, read and written by different threads.
//!
//! It must not know what a line says. Invariants: a line is bounded before it is kept; a pool that takes nothing for
//! `WRITE_WAIT` or says nothing for `SILENCE_MAX` has gone; TLS asks for a certificate of a known authority, or of the
//! file that the person named.

use std::io::{Error, ErrorKind, Read, Result, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::ClientConnection;
use rustls::pki_types::ServerName;

use super::message::LINE_BYTES_MAX;
use super::trust::{Trust, in_words};

/// With these bytes TLS begins a record: an alert, and a handshake.
const TLS_RECORDS: [[u8; 2]; 2] = [[0x15, 0x03], [0x16, 0x03]];
/// Longest wait for a connection.
const CONNECT_WAIT: Duration = Duration::from_secs(10);
/// Longest wait for a pool that takes no bytes.
const WRITE_WAIT: Duration = Duration::from_secs(10);
/// A pool has something to say more often than this.
const SILENCE_MAX: Duration = Duration::from_secs(600);

type Tls = Arc<Mutex<ClientConnection>>;

/// The half that is read.
pub struct Reader {
    socket: TcpStream,
    tls: Option<Tls>,
}

/// The half that is written.
pub struct Writer {
    socket: TcpStream,
    tls: Option<Tls>,
}

/// Connects; with `trust`, TLS is spoken.
///
/// # Errors
/// When the name is not known, nobody answers, or the name cannot stand in a certificate.
pub fn connect(host: &str, port: u16, trust: Option<&Trust>) -> Result<(Reader, Writer)> {
    let tls = match trust {
        None => None,
        Some(trust) => {
            let name = ServerName::try_from(host.to_owned()).map_err(Error::other)?;
            let connection = ClientConnection::new(trust.config(), name).map_err(Error::other)?;
            Some(Arc::new(Mutex::new(connection)))
        }
    };
    let mut last = Error::new(ErrorKind::NotFound, "the name has no address");
    for address in (host, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, CONNECT_WAIT) {
            Ok(socket) => {
                socket.set_nodelay(true)?;
                socket.set_write_timeout(Some(WRITE_WAIT))?;
                socket.set_read_timeout(Some(SILENCE_MAX))?;
                let other = socket.try_clone()?;
                return Ok((Reader { socket: other, tls: tls.clone() }, Writer { socket, tls }));
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

impl Reader {
    /// Hands every line to `take` until that says false.
    ///
    /// # Errors
    /// Why no more lines come: the end, a line that is too long, silence, or what the system says.
    pub fn lines(mut self, mut take: impl FnMut(Vec<u8>) -> bool) -> Result<()> {
        let mut lines = Lines::default();
        let mut buffer = [0; 4096];
        let mut was_heard = false;
        loop {
            let count = self.read(&mut buffer).map_err(|error| match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::TimedOut => {
                    Error::new(ErrorKind::TimedOut, format!("the pool said nothing for {} s", SILENCE_MAX.as_secs()))
                }
                // So ends a connection to whoever closes it with something unread.
                ErrorKind::ConnectionReset => self.end(was_heard),
                _ => in_words(error),
            })?;
            if count == 0 {
                return Err(self.end(was_heard));
            }
            let is_tls = TLS_RECORDS.iter().any(|record| buffer.starts_with(record));
            if self.tls.is_none() && !was_heard && is_tls {
                let why = "the pool speaks TLS at this port: say `--tls`, or name its port without TLS";
                return Err(Error::new(ErrorKind::InvalidData, why));
            }
            was_heard = true;
            for line in lines.push(&buffer[..count])? {
                if !take(line) {
                    return Ok(());
                }
            }
        }
    }

    /// The end of the connection, with what may be the reason where the pool said nothing before.
    fn end(&self, was_heard: bool) -> Error {
        let is_greeting = self.tls.as_ref().is_some_and(|tls| locked(tls).is_handshaking());
        let why = match (is_greeting, was_heard) {
            (true, _) => {
                "the pool closed the connection before TLS was agreed: if it speaks none at this port, name its port for TLS, or leave \
                 `--tls` and `--tls-roots` out"
            }
            (false, false) => "the pool closed the connection without a word: if its port is for TLS, say `--tls`",
            (false, true) => "the pool closed the connection",
        };
        Error::new(ErrorKind::UnexpectedEof, why)
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let Some(tls) = &self.tls else {
            return self.socket.read(buffer);
        };
        let mut raw = [0; 4096];
        loop {
            match locked(tls).reader().read(buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                done => return done,
            }
            let count = self.socket.read(&mut raw)?;
            if count == 0 {
                return Ok(0);
            }
            let mut connection = locked(tls);
            let mut received = &raw[..count];
            while !received.is_empty() {
                connection.read_tls(&mut received)?;
                connection.process_new_packets().map_err(|error| Error::new(ErrorKind::InvalidData, error))?;
            }
            match flush(&mut connection, &mut self.socket) {
                // The pool takes nothing more; what it said before is still to be read.
                Err(error) if is_cut(error.kind()) => {}
                flushed => flushed?,
            }
        }
    }
}

/// Whether an error of writing says that the other end has closed the connection.
pub(super) fn is_cut(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::BrokenPipe | ErrorKind::ConnectionReset)
}

impl Writer {
    /// Sends a line.
    ///
    /// # Errors
    /// What the system says.
    pub fn send(&mut self, line: &str) -> Result<()> {
        let line = format!("{line}\n");
        match &self.tls {
            None => self.socket.write_all(line.as_bytes()),
            Some(tls) => {
                let mut connection = locked(tls);
                let written = connection.writer().write_all(line.as_bytes());
                written.and_then(|()| flush(&mut connection, &mut self.socket)).map_err(in_words)
            }
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // The reader waits on the same socket.
        let _ = self.socket.shutdown(Shutdown::Both);
    }
}

fn locked(tls: &Tls) -> std::sync::MutexGuard<'_, ClientConnection> {
    tls.lock().expect("no thread panics while it holds the connection")
}

fn flush(connection: &mut ClientConnection, socket: &mut TcpStream) -> Result<()> {
    while connection.wants_write() {
        connection.write_tls(socket)?;
    }
    Ok(())
}

/// Bytes on their way to be lines.
#[derive(Default)]
struct Lines(Vec<u8>);

impl Lines {
    /// The lines that are complete now, without their ends; empty ones are passed over.
    fn push(&mut self, bytes: &[u8]) -> Result<Vec<Vec<u8>>> {
        let mut lines = Vec::new();
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.0.extend_from_slice(part);
            if self.0.len() > LINE_BYTES_MAX {
                let why = format!("the pool sent a line of more than {LINE_BYTES_MAX} bytes");
                return Err(Error::new(ErrorKind::InvalidData, why));
            }
            if part.ends_with(b"\n") {
                let line = std::mem::take(&mut self.0);
                let line = line.trim_ascii();
                if !line.is_empty() {
                    lines.push(line.to_vec());
                }
            }
        }
        Ok(lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_whole_however_they_are_cut_and_whatever_ends_them() {
        for size in 1..12 {
            let mut lines = Lines::default();
            let pieces = b"first\nsecond\r\n\r\n  \nthird\nrest".chunks(size);
            let read: Vec<Vec<u8>> = pieces.flat_map(|piece| lines.push(piece).expect("short lines")).collect();
            assert_eq!(read, [&b"first"[..], b"second", b"third"]);
        }
    }

    #[test]
    fn a_line_above_the_bound_is_refused_before_its_end() {
        let mut lines = Lines::default();
        assert!(lines.push(&vec![b'a'; LINE_BYTES_MAX]).is_ok());
        assert!(lines.push(b"a").is_err());
        let mut lines = Lines::default();
        let many = b"abc\n".repeat(LINE_BYTES_MAX);
        assert_eq!(lines.push(&many).map(|lines| lines.len()).ok(), Some(LINE_BYTES_MAX));
    }
}
