//! A client of one request a connection, which takes a peer that is killed for no answer.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// Longest that an answer is waited for: a service that lives has given it long before.
const PATIENCE: Duration = Duration::from_secs(60);

/// An answer: its status, and its body as JSON.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
}

impl Answer {
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }
}

/// Nothing where no whole answer came.
///
/// # Panics
/// The peer takes a minute for an answer.
pub fn get(port: u16, path: &str) -> Option<Answer> {
    ask(port, &format!("GET {path} HTTP/1.1\r\nhost: service\r\nconnection: close\r\n\r\n"))
}

/// As [`get`], with a body of JSON.
pub fn post(port: u16, path: &str, body: &Value) -> Option<Answer> {
    let body = body.to_string();
    let head = format!("POST {path} HTTP/1.1\r\nhost: service\r\nconnection: close\r\ncontent-type: application/json");
    ask(port, &format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()))
}

fn ask(port: u16, request: &str) -> Option<Answer> {
    match exchange(port, request) {
        Ok(text) => read(&text),
        Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
            panic!("no answer within a minute to {request}")
        }
        Err(_) => None,
    }
}

fn exchange(port: u16, request: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(request.as_bytes())?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    Ok(text)
}

fn read(text: &str) -> Option<Answer> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    // One that was cut was not told.
    (length == Some(body.len())).then(|| Answer { status, body: serde_json::from_str(body).unwrap_or(Value::Null) })
}
