//! What miners send: single lines, and whole sessions.

#[path = "../../modules/mining/stratum/examples/made_up/mod.rs"]
mod made_up;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use pow::Difficulty;
use stratum::{
    Book, Call, Config, ConnectionId, Flow, Input, LineDecoder, LineError, Output, Payment, Port, Request, Server,
    Template, ledger,
};
use types::{Address, Network};

/// A stream of lines, in two pieces: the same lines and the same end, and every line is a request or refused.
pub fn stratum_line(data: &[u8]) {
    let whole = lines(&[data]);
    let (front, back) = data.split_at(data.len() / 2);
    assert_eq!(whole, lines(&[front, back]), "lines depend on the pieces");
    for line in &whole.0 {
        assert!(line.len() <= stratum::limits::LINE_BYTES_MAX);
        if let Ok(request) = Request::parse(line) {
            let id: serde_json::Result<&serde_json::value::RawValue> = serde_json::from_str(request.id.text());
            assert!(id.is_ok(), "an id is echoed, so it has to be JSON");
            // Random bytes are no call; that there is an answer is what counts.
            let _ = Call::parse(&request);
        }
    }
}

fn lines(pieces: &[&[u8]]) -> (Vec<Vec<u8>>, Option<LineError>) {
    let mut decoder = LineDecoder::default();
    let mut found = Vec::new();
    for piece in pieces {
        let fed = decoder.feed(piece, |line| {
            found.push(line.to_vec());
            Flow::Continue
        });
        if let Err(error) = fed {
            return (found, Some(error));
        }
    }
    (found, None)
}

/// A session of a miner that is logged in: whatever it sends, in whatever pieces, the answers are the same lines of
/// JSON, and the ledger reads back to the book.
pub fn stratum_session(data: &[u8]) {
    let (whole, book) = session(&[data]);
    let (front, back) = data.split_at(data.len() / 3);
    let (pieces, other) = session(&[front, back]);
    assert_eq!(whole, pieces, "answers depend on the pieces");
    assert_eq!(book, other, "the book depends on the pieces");
}

fn session(pieces: &[&[u8]]) -> (Vec<u8>, Book) {
    let port = Port {
        difficulty_start: Difficulty::MIN,
        difficulty_min: Difficulty::MIN,
        ..Port::new(Payment::Pplns { operator: Address([9; 20]) })
    };
    let config = Config::new(Network::Test, vec![port]);
    let mut server = Server::new(config, [1; 32], Book::default(), 0).expect("a good config");
    let connection = ConnectionId(1);
    let hello = "{\"id\":1,\"method\":\"mining.subscribe\"}\n{\"id\":2,\"method\":\"mining.authorize\",\"params\":[\
        \"THR0101010101010101010101010101010101010101.a\",\"x\"]}\n";
    let mut inputs = vec![
        Input::Template(Arc::new(template())),
        Input::Opened { connection, port: 0, ip: IpAddr::V4(Ipv4Addr::LOCALHOST) },
        Input::Received { connection, bytes: hello.as_bytes() },
    ];
    inputs.extend(pieces.iter().map(|bytes| Input::Received { connection, bytes }));
    let (mut sent, mut journal) = (Vec::new(), Vec::new());
    for input in inputs {
        for output in server.step(1_000, input) {
            match output {
                Output::Send { bytes, .. } => sent.extend(bytes),
                Output::Save { sequence, entry } => journal.extend(ledger::encode(sequence, &entry)),
                _ => {}
            }
        }
    }
    let text = std::str::from_utf8(&sent).expect("lines are text");
    for line in text.lines() {
        let value: serde_json::Result<Box<serde_json::value::RawValue>> = serde_json::from_str(line);
        assert!(value.is_ok(), "not JSON: {line}");
    }
    let recovered = ledger::recover(&ledger::Stored { journal, ..Default::default() }).expect("its own journal");
    assert_eq!(&recovered.book, server.book());
    (sent, recovered.book)
}

fn template() -> Template {
    Template { time_min: 0, time_max: u32::MAX - 10, ..made_up::template(1, [1; 32], 0x207f_ffff, 1_700_000_000) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_seeds_is_a_call() {
        let seeds: [&[u8]; 2] =
            [include_bytes!("../seeds/stratum_line/session"), include_bytes!("../seeds/stratum_session/session")];
        for seed in seeds {
            let (read, end) = lines(&[seed]);
            assert!(read.len() == 12 && end.is_none(), "{} lines, {end:?}", read.len());
            for line in read {
                let request = Request::parse(&line).expect("a request");
                assert!(Call::parse(&request).is_ok(), "{}", String::from_utf8_lossy(&line));
            }
            stratum_line(seed);
            stratum_session(seed);
        }
    }

    #[test]
    fn the_targets_accept_a_good_session_and_rubbish() {
        let share =
            b"{\"id\":4,\"method\":\"mining.submit\",\"params\":[\"THR0101010101010101010101010101010101010101.a\",\
            \"0\",\"0000000000000000\",\"6553f100\",\"00000001\"]}\n{\"id\":{}}\n";
        for data in [&share[..], b"", b"\x16\x03\x01", &[b'{'; 40_000]] {
            stratum_line(data);
            stratum_session(data);
        }
    }
}
