//! A local network that runs for a moment and is asked over HTTP, for whatever needs a node that lives.
//!
//! It stands in the target folder and is stopped by the signal that a person's Ctrl-C would be, so that its nodes are stopped
//! as well. Nothing here waits by time: the program says where its nodes answer when they do, and ends when it cannot.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::{Failure, command};

/// Ports above those that people use, and below those that systems give out; a network takes `PORTS` from its base.
const BASES: std::ops::Range<u16> = 28_000..31_000;
const PORTS: u16 = 60;

/// Longest that an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Most bytes of an answer.
const ANSWER_MAX: u64 = 16 << 20;

/// The first base of which every port is free.
pub(crate) fn free_base() -> Option<u16> {
    let is_free = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
    BASES.step_by(usize::from(PORTS)).find(|base| (*base..*base + PORTS).all(is_free))
}

/// The program that keeps the network.
pub(crate) struct Running {
    child: Child,
    shown: String,
}

impl Running {
    /// Starts it; what it says on standard error goes to the terminal.
    pub(crate) fn start(command: &mut Command) -> Result<Self, Failure> {
        let shown = command::shown(command);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn();
        let child = child.map_err(|error| Failure::new(format!("cannot start `{shown}`: {error}")))?;
        Ok(Self { child, shown })
    }

    /// Where the node answers, from the table that the program prints when all are ready.
    pub(crate) fn address(&mut self) -> Result<String, Failure> {
        let printed = self.child.stdout.take().ok_or_else(|| Failure::new("its output was taken before"))?;
        let mut lines = BufReader::new(printed).lines();
        let address = lines.by_ref().map_while(Result::ok).find_map(|line| address_in(&line));
        // What comes later has to go somewhere, or the program would wait for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        address.ok_or_else(|| Failure::new(format!("`{}` ended before its node answered", self.shown)))
    }

    /// Stops it as Ctrl-C does; that it ends well is part of it.
    pub(crate) fn stop(mut self) -> Result<(), Failure> {
        let failed = |error: std::io::Error| Failure::new(format!("`{}`: {error}", self.shown));
        if self.child.try_wait().map_err(failed)?.is_none() {
            command::run(Command::new("kill").args(["-INT", &self.child.id().to_string()]))?;
        }
        let ended = self.child.wait().map_err(failed)?;
        if ended.success() { Ok(()) } else { Err(Failure::new(format!("`{}` ended with {ended}", self.shown))) }
    }
}

/// `HOST:PORT` of the address at the end of a node's row.
fn address_in(line: &str) -> Option<String> {
    let address = line.split_whitespace().last()?.strip_prefix("http://")?;
    let is_row =
        line.starts_with("node-") && address.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    is_row.then(|| address.to_owned())
}

/// The body of an answer with status 200. As HTTP/1.0, so that it comes in one piece and the connection ends with it.
pub(crate) fn get(address: &str, path: &str) -> Result<String, Failure> {
    let failed = |what: &str| Failure::new(format!("GET http://{address}{path}: {what}"));
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.write_all(format!("GET {path} HTTP/1.0\r\nHost: {address}\r\nConnection: close\r\n\r\n").as_bytes())?;
        let mut answer = String::new();
        stream.take(ANSWER_MAX).read_to_string(&mut answer)?;
        Ok(answer)
    };
    let answer = ask().map_err(|error| failed(&error.to_string()))?;
    body_of(&answer).map(str::to_owned).map_err(|status| failed(&format!("answered `{status}`")))
}

/// The body of a good answer, or the status line.
fn body_of(answer: &str) -> Result<&str, &str> {
    let status = answer.lines().next().unwrap_or_default();
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body);
    body.filter(|_| status.split(' ').nth(1) == Some("200")).ok_or(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_that_of_a_nodes_row_and_of_no_other_line() {
        let row = "node-0          0      0  validator  yes     http://127.0.0.1:28601";
        assert_eq!(address_in(row).as_deref(), Some("127.0.0.1:28601"));
        for line in
            ["", "node       height  API", "  alias thronos='thronos --node http://127.0.0.1:28601", "node-0 http://x"]
        {
            assert_eq!(address_in(line), None, "{line}");
        }
    }

    #[test]
    fn only_a_good_answer_has_a_body() {
        assert_eq!(body_of("HTTP/1.0 200 OK\r\na: b\r\n\r\ntext\r\n\r\nmore"), Ok("text\r\n\r\nmore"));
        assert_eq!(body_of("HTTP/1.0 503 Unavailable\r\n\r\ntext"), Err("HTTP/1.0 503 Unavailable"));
        assert_eq!(body_of(""), Err(""));
    }

    #[test]
    fn a_node_is_asked_over_a_socket() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("it is bound").to_string();
        let served = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a client");
            let (mut asked, mut byte) = (Vec::new(), [0]);
            while !asked.ends_with(b"\r\n\r\n") {
                stream.read_exact(&mut byte).expect("a request");
                asked.extend(byte);
            }
            stream.write_all(b"HTTP/1.0 200 OK\r\n\r\nall").expect("it listens");
            asked
        });
        assert_eq!(get(&address, "/a").expect("it answers"), "all");
        assert!(served.join().expect("it ends").starts_with(b"GET /a HTTP/1.0"));
        assert!(get(&address, "/a").is_err(), "nobody listens any more");
    }

    #[test]
    fn a_network_that_ends_by_itself_is_a_failure() {
        let mut running = Running::start(Command::new("/bin/sh").args(["-c", "echo starting"])).expect("a shell");
        assert!(running.address().is_err());
        assert!(running.stop().is_ok());
    }
}
