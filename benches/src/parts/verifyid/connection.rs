//! One connection to a node's API that is kept: requests of JSON, one after the other. Clients of wallets take more time than the node that
//! is measured.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;
use testnet::devnet::{Failure, Outcome};

/// A node that takes longer fails the measurement.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest answer that is read.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// The connection.
pub(super) struct Connection {
    stream: BufReader<TcpStream>,
    host: String,
    token: String,
}

impl Connection {
    /// Connects to an API at `http://HOST:PORT`.
    pub(super) fn new(api: &str, token: &str) -> Outcome<Self> {
        let host = api.strip_prefix("http://").unwrap_or(api).to_owned();
        let open = || -> std::io::Result<TcpStream> {
            let stream = TcpStream::connect(&host)?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            Ok(stream)
        };
        let stream = open().map_err(|error| Failure::new(format!("no connection with {host}: {error}")))?;
        Ok(Self { stream: BufReader::new(stream), host, token: token.to_owned() })
    }

    /// Sends a document; its answer, which must have this status.
    pub(super) fn post(&mut self, path: &str, document: &Value, expected: u16) -> Outcome<Value> {
        let (body, host, token) = (document.to_string(), &self.host, &self.token);
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        let failed = |error: std::io::Error| Failure::new(format!("{path}: {error}"));
        self.stream.get_mut().write_all(request.as_bytes()).map_err(failed)?;
        let (status, answer) = self.answer().map_err(failed)?;
        if status != expected {
            return Err(Failure::new(format!("{path}: {status} {}", String::from_utf8_lossy(&answer))));
        }
        serde_json::from_slice(&answer).map_err(|error| Failure::new(format!("{path}: {error}")))
    }

    fn answer(&mut self) -> std::io::Result<(u16, Vec<u8>)> {
        let wrong = || std::io::Error::new(std::io::ErrorKind::InvalidData, "the answer is not HTTP");
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(wrong)?;
        let mut length = 0;
        loop {
            line.clear();
            if self.stream.read_line(&mut line)? == 0 {
                return Err(wrong());
            }
            let header = line.trim_end().to_ascii_lowercase();
            if header.is_empty() {
                break;
            }
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse().map_err(|_| wrong())?;
            }
        }
        let mut body = vec![0; std::cmp::min(length, ANSWER_BYTES_MAX)];
        self.stream.read_exact(&mut body)?;
        Ok((status, body))
    }
}
