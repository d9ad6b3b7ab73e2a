//! A device's agent for a small board's Linux: whoever may reach its port hands it a challenge, and it answers those that are for it.
//!
//! One line in, one line out: the challenge's `preimage` (420 hexadecimal digits), then the signature (128) or `refused: why`. It compares
//! chain, device, key, audience and purpose before it signs, so that nobody gets an answer for somebody else out of it. A line has a
//! bound, a caller ten seconds for all of it, and one is served at a time.
//!
//! ```text
//! cargo run --release -p verifyid-device --example agent -- --key rig.json --chain 5f… --audience https://fleet.example
//! ```

use std::fs::{File, symlink_metadata};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clap::Parser;
use serde::Deserialize;
use verifyid_device::{
    ChallengePurpose, Expected, KeyAlgorithm, NotAnswered, PREIMAGE_BYTES, SIGNATURE_BYTES, Signer, answer,
    audience_digest, hex, key_id,
};
use zeroize::Zeroizing;

/// How long a caller may take, from the first byte to the last.
#[allow(dead_code, reason = "the tests have their own")]
const PATIENCE: Duration = Duration::from_secs(10);
/// After a caller could not be let in, for want of memory or of open files.
const PAUSE: Duration = Duration::from_millis(100);
/// Longest key file.
const FILE_BYTES_MAX: usize = 4_096;
/// Twice a preimage and the end of the line, which may be that of a terminal on another system.
const LINE_BYTES_MAX: usize = 2 * PREIMAGE_BYTES + 2;

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

/// What counts in a key file, where it stands in it.
#[derive(Deserialize)]
struct Written<'a> {
    format: &'a str,
    algorithm: &'a str,
    device: Option<&'a str>,
    secret: &'a str,
}

/// The text of a file for its owner only: whoever has read a key could have used it.
fn private_text(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let none = || bad("the key is a link or no file: name the file itself");
    let named = symlink_metadata(path)?;
    // Before it is opened: a pipe would be waited for.
    if !named.is_file() {
        return Err(none());
    }
    let file = File::open(path)?;
    let about = file.metadata()?;
    if (named.dev(), named.ino()) != (about.dev(), about.ino()) {
        return Err(none());
    }
    if about.mode() & 0o077 != 0 {
        return Err(bad("others may read the key file: make another key, and give its file the mode 600"));
    }
    // With all of its room at once, so that no copy is left behind by growing.
    let mut text = Zeroizing::new(Vec::with_capacity(FILE_BYTES_MAX + 1));
    file.take(FILE_BYTES_MAX as u64 + 1).read_to_end(&mut text)?;
    if text.len() > FILE_BYTES_MAX { Err(bad("this is no key file: it is too long")) } else { Ok(text) }
}

fn bytes32(text: &str, what: &str) -> io::Result<Zeroizing<[u8; 32]>> {
    let mut bytes = Zeroizing::new([0; 32]);
    hex::read(text.as_bytes(), bytes.as_mut()).then_some(bytes).ok_or_else(|| bad(what))
}

impl Agent {
    /// Reads the key and what goes with it.
    pub fn new(file: &Path, chain: &str, audience: &str, has_clock: bool) -> io::Result<Self> {
        let text = private_text(file)?;
        let written: Written<'_> = serde_json::from_slice(&text)?;
        if (written.format, written.algorithm) != ("thronos-device-key", "ed25519") {
            return Err(bad("this is no file of an Ed25519 key of a device: make one with `thronos device new NAME`"));
        }
        let secret = bytes32(written.secret, "the file has no secret")?;
        let key = ed25519_dalek::SigningKey::from_bytes(&secret);
        let key_id = key_id(KeyAlgorithm::Ed25519, key.verifying_key().as_bytes());
        // A later key says whose it is; a first key's id is the device's.
        let named = |id| bytes32(id, "the file names no device").map(|id| *id);
        let device = written.device.map_or(Ok(key_id), named)?;
        let chain_id = *bytes32(chain, "the chain's id has 64 hexadecimal digits")?;
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

    fn serve_one(&mut self, stream: &TcpStream, patience: Duration) -> io::Result<()> {
        let until = Instant::now() + patience;
        let line = line_of(stream, until)?;
        stream.set_write_timeout(Some(left(until)?))?;
        let said = self.say(line.trim_ascii_end());
        writeln!(&mut &*stream, "{said}")
    }

    /// Serves whoever comes, one after the other, and each for so long at most.
    pub fn serve(&mut self, listener: &TcpListener, patience: Duration) {
        for stream in listener.incoming() {
            let is_in = stream.is_ok();
            // A caller that goes away concerns nobody else.
            if let Err(error) = stream.and_then(|stream| self.serve_one(&stream, patience)) {
                eprintln!("a caller was not answered: {error}");
            }
            if !is_in {
                std::thread::park_timeout(PAUSE);
            }
        }
    }
}

/// What is left of a caller's time.
fn left(until: Instant) -> io::Result<Duration> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
}

/// The first line, or as much of it as is read at most. However slowly it comes, it ends by then.
fn line_of(stream: &TcpStream, until: Instant) -> io::Result<Vec<u8>> {
    let (mut line, mut bytes) = (Vec::with_capacity(LINE_BYTES_MAX), [0; LINE_BYTES_MAX]);
    while line.len() < LINE_BYTES_MAX {
        stream.set_read_timeout(Some(left(until)?))?;
        let room = LINE_BYTES_MAX - line.len();
        let count = (&mut &*stream).read(bytes.get_mut(..room).unwrap_or_default())?;
        let read = bytes.get(..count).unwrap_or_default();
        let end = read.iter().position(|byte| *byte == b'\n');
        line.extend_from_slice(read.get(..end.unwrap_or(count)).unwrap_or_default());
        if count == 0 || end.is_some() {
            break;
        }
    }
    Ok(line)
}

#[allow(dead_code, reason = "the tests have their own")]
fn main() -> io::Result<()> {
    let arguments = Arguments::parse();
    let mut agent = Agent::new(&arguments.key, &arguments.chain, &arguments.audience, arguments.clock)?;
    let listener = TcpListener::bind(arguments.listen)?;
    println!("listening at {}", listener.local_addr()?);
    agent.serve(&listener, PATIENCE);
    Ok(())
}
