//! A device's agent for a small board's Linux: whoever may reach its port hands it a challenge, and it answers those that are for it.
//!
//! One line in, one line out: the challenge's `preimage` (420 hexadecimal digits), then the signature (128) or `refused: why`. It compares
//! chain, device, key, audience and purpose before it signs, so that nobody gets an answer for somebody else out of it. A line has a
//! bound, a caller ten seconds, and one is served at a time.
//!
//! ```text
//! cargo run --release -p verifyid-device --example agent -- --key rig.json --chain 5f… --audience https://fleet.example
//! ```

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Parser;
use serde_json::Value;
use verifyid_device::{
    ChallengePurpose, Expected, KeyAlgorithm, NotAnswered, PREIMAGE_BYTES, SIGNATURE_BYTES, Signer, answer,
    audience_digest, hex, key_id,
};

const PATIENCE: Duration = Duration::from_secs(10);
/// Twice a preimage and the end of the line, which may be that of a terminal on another system.
const LINE_BYTES_MAX: u64 = 2 * PREIMAGE_BYTES as u64 + 2;

/// Answers challenges with a device's key.
#[derive(Debug, Parser)]
pub struct Arguments {
    /// The key file, as `thronos device new` makes it: an Ed25519 key
    #[arg(long)]
    key: PathBuf,
    /// The chain's id: 64 hexadecimal digits, as `thronos status` shows it
    #[arg(long)]
    chain: String,
    /// Whom this device answers, such as https://fleet.example
    #[arg(long)]
    audience: String,
    /// Where to listen
    #[arg(long, default_value = "127.0.0.1:7700")]
    listen: SocketAddr,
    /// Refuse what is over by this machine's clock; leave it out where the clock is not set at the start
    #[arg(long)]
    clock: bool,
}

/// The key in a file.
pub struct FileKey(ed25519_dalek::SigningKey);

impl Signer for FileKey {
    type Error = ();

    fn sign(&mut self, statement: &[u8]) -> Result<[u8; SIGNATURE_BYTES], ()> {
        Ok(ed25519_dalek::Signer::sign(&self.0, statement).to_bytes())
    }
}

/// A device: its key, and what it goes by.
pub struct Agent {
    key: FileKey,
    expected: Expected,
    has_clock: bool,
}

fn bad(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

fn bytes32(text: &str, what: &str) -> io::Result<[u8; 32]> {
    let mut bytes = [0; 32];
    hex::read(text.as_bytes(), &mut bytes).then_some(bytes).ok_or_else(|| bad(what))
}

impl Agent {
    /// Reads the key and what goes with it.
    pub fn new(file: &Path, chain: &str, audience: &str, has_clock: bool) -> io::Result<Self> {
        let written: Value = serde_json::from_str(&std::fs::read_to_string(file)?)?;
        if (&written["format"], &written["algorithm"]) != (&"thronos-device-key".into(), &"ed25519".into()) {
            return Err(bad("this is no file of an Ed25519 key of a device: make one with `thronos device new NAME`"));
        }
        let secret = bytes32(written["secret"].as_str().unwrap_or_default(), "the file has no secret")?;
        let key = ed25519_dalek::SigningKey::from_bytes(&secret);
        let key_id = key_id(KeyAlgorithm::Ed25519, key.verifying_key().as_bytes());
        // A later key says whose it is; a first key's id is the device's.
        let device = written["device"].as_str().map_or(Ok(key_id), |id| bytes32(id, "the file names no device"))?;
        let chain_id = bytes32(chain, "the chain's id has 64 hexadecimal digits")?;
        let audience = audience_digest(audience);
        let expected =
            Expected { chain_id, device, key_id, audience, purpose: ChallengePurpose::Presence, now_ms: None };
        Ok(Self { key: FileKey(key), expected, has_clock })
    }

    /// What to say to one line.
    pub fn say(&mut self, line: &[u8]) -> String {
        let mut preimage = [0; PREIMAGE_BYTES];
        if !hex::read(line, &mut preimage) {
            return format!("refused: write the challenge's preimage, {} hexadecimal digits", 2 * PREIMAGE_BYTES);
        }
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now_ms = self.has_clock.then(|| u64::try_from(since.as_millis()).unwrap_or(u64::MAX));
        match answer(&preimage, &Expected { now_ms, ..self.expected }, &mut self.key) {
            Ok(signature) => {
                let mut digits = [0; 2 * SIGNATURE_BYTES];
                let is_whole = hex::write(&signature, &mut digits);
                debug_assert!(is_whole, "two digits for each byte");
                digits.iter().copied().map(char::from).collect()
            }
            Err(NotAnswered::Refused(why)) => format!("refused: {why}"),
            Err(NotAnswered::Signer(())) => "refused: the key cannot be used".to_owned(),
        }
    }

    fn serve_one(&mut self, stream: &TcpStream) -> io::Result<()> {
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let mut line = Vec::new();
        BufReader::new(stream.take(LINE_BYTES_MAX)).read_until(b'\n', &mut line)?;
        let said = self.say(line.trim_ascii_end());
        writeln!(&mut &*stream, "{said}")
    }

    /// Serves whoever comes, one after the other, until the listener fails.
    pub fn serve(&mut self, listener: &TcpListener) -> io::Result<()> {
        for stream in listener.incoming() {
            // A caller that goes away concerns nobody else.
            if let Err(error) = self.serve_one(&stream?) {
                eprintln!("a caller was not answered: {error}");
            }
        }
        Ok(())
    }
}

#[allow(dead_code, reason = "the tests have their own")]
fn main() -> io::Result<()> {
    let arguments = Arguments::parse();
    let mut agent = Agent::new(&arguments.key, &arguments.chain, &arguments.audience, arguments.clock)?;
    let listener = TcpListener::bind(arguments.listen)?;
    println!("listening at {}", listener.local_addr()?);
    agent.serve(&listener)
}
