//! What a pool says: one line of JSON, read into a value with bounds, or refused with a reason.
//!
//! It must not know what was said before. Numbers that matter are read from their text, never through a float. What a client
//! may ignore (a method it does not know, a surplus parameter) is ignored; what it would have to guess is refused.

use pow::merkle::BRANCH_LENGTH_MAX;
use pow::{CompactBits, Difficulty};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use types::Hash32;

/// Longest line of a pool.
pub const LINE_BYTES_MAX: usize = 16 * 1024;
/// Longest name of a job.
const JOB_ID_BYTES_MAX: usize = 128;
/// Longest first extranonce.
const EXTRANONCE1_BYTES_MAX: usize = 32;
/// Longest second extranonce: more than any pool gives; eight bytes of it are counted.
const EXTRANONCE2_BYTES_MAX: usize = 16;
/// Longest text of a pool that is shown.
const TEXT_CHARS_MAX: usize = 200;

/// Why a line is not the Stratum protocol.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Nonsense(pub String);

/// The first extranonce, and how long the second has to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extranonce {
    /// What the pool puts into the coinbase.
    pub first: Vec<u8>,
    /// Bytes that the miner puts behind it.
    pub second_bytes: usize,
}

/// A job as the pool hands it out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notify {
    /// The pool's name for it.
    pub id: String,
    /// The previous hash in the header's byte order.
    pub previous: [u8; 32],
    /// The coinbase up to the extranonces.
    pub coinbase1: Vec<u8>,
    /// The coinbase after them.
    pub coinbase2: Vec<u8>,
    /// The coinbase's Merkle branch, leaves first.
    pub branch: Vec<Hash32>,
    /// The header's version.
    pub version: u32,
    /// The header's target.
    pub bits: CompactBits,
    /// The header's time, seconds since 1970.
    pub time: u32,
    /// Whether earlier jobs count no more.
    pub clean: bool,
}

/// A line of the pool.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// To a request: its number, and the result or what the pool says against it.
    Answer {
        /// The request's number.
        id: u64,
        /// The result, or the error's text.
        result: Result<Value, String>,
    },
    /// `mining.set_difficulty`
    Difficulty(Difficulty),
    /// `mining.notify`
    Notify(Box<Notify>),
    /// `mining.set_extranonce`
    Extranonce(Extranonce),
    /// `mining.set_version_mask`
    VersionMask(u32),
    /// `client.reconnect`
    Reconnect {
        /// The host to go to, if it names one.
        host: Option<String>,
        /// The port to go to, if it names one.
        port: Option<u16>,
        /// Seconds to wait before.
        wait_s: u64,
    },
    /// `client.show_message`, with nothing in it that could move a terminal's cursor.
    Show(String),
    /// `mining.ping`
    Ping(Value),
    /// `client.get_version`
    Version(Value),
    /// A request with another method.
    Unknown(Value),
    /// Something that asks for no answer and is not known.
    Ignored,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    id: Option<Value>,
    method: Option<String>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
    result: Option<Value>,
    error: Option<Value>,
}

/// Reads a line.
///
/// # Errors
/// [`Nonsense`] that says which part cannot be understood.
pub fn read(line: &[u8]) -> Result<Message, Nonsense> {
    if line.len() > LINE_BYTES_MAX {
        return Err(Nonsense(format!("a line of {} bytes; at most {LINE_BYTES_MAX} are read", line.len())));
    }
    let text = std::str::from_utf8(line).map_err(|_| Nonsense("a line that is not UTF-8".to_owned()))?;
    if text.starts_with("HTTP/") {
        return Err(Nonsense("it speaks HTTP, as a node's API does: name its port for miners with --pool".to_owned()));
    }
    let envelope: Envelope<'_> = serde_json::from_str(text).map_err(|error| {
        Nonsense(format!("`{}` is no message: {}", shown(text, 60), shown(&error.to_string(), 120)))
    })?;
    let id = envelope.id.unwrap_or(Value::Null);
    let Some(method) = envelope.method else {
        return answer(&id, envelope.result, envelope.error);
    };
    let wrong = |why: String| Nonsense(format!("`{}`: {why}", shown(&method, 40)));
    request(&method, id, envelope.params.map_or("[]", RawValue::get)).map_err(wrong)
}

fn answer(id: &Value, result: Option<Value>, error: Option<Value>) -> Result<Message, Nonsense> {
    // Some pools tell errors that belong to nothing under no number.
    let Some(id) = id.as_u64() else {
        return match error {
            Some(error) if id.is_null() => Ok(Message::Show(reason(&error))),
            _ => Err(Nonsense(format!("an answer to `{}`, which was not asked", shown(&id.to_string(), 40)))),
        };
    };
    match error {
        None | Some(Value::Null | Value::Bool(false)) => {
            Ok(Message::Answer { id, result: Ok(result.unwrap_or(Value::Null)) })
        }
        Some(error) => Ok(Message::Answer { id, result: Err(reason(&error)) }),
    }
}

/// An error as pools write it: `[21, "Job not found", null]`, `{"code": 21, "message": …}`, or a text.
fn reason(error: &Value) -> String {
    let (code, text) = match error {
        Value::Array(parts) => (parts.first(), parts.get(1)),
        Value::Object(parts) => (parts.get("code"), parts.get("message")),
        other => (None, Some(other)),
    };
    let text = text.map_or_else(
        || "no reason given".to_owned(),
        |text| text.as_str().map_or_else(|| text.to_string(), str::to_owned),
    );
    match code.and_then(Value::as_i64) {
        Some(code) => format!("{} ({code})", shown(&text, TEXT_CHARS_MAX)),
        None => shown(&text, TEXT_CHARS_MAX),
    }
}

fn request(method: &str, id: Value, params: &str) -> Result<Message, String> {
    let list = || Params::read(params);
    Ok(match method {
        "mining.set_difficulty" => Message::Difficulty(difficulty(list()?.raw(0)?)?),
        "mining.notify" => Message::Notify(Box::new(notify(&list()?)?)),
        "mining.set_extranonce" => {
            let params = list()?;
            Message::Extranonce(extranonce(&params.text(0)?, params.number(1)?)?)
        }
        "mining.set_version_mask" => Message::VersionMask(u32::from_be_bytes(list()?.bytes(0)?)),
        "client.reconnect" => reconnect(&list()?)?,
        "client.show_message" => Message::Show(shown(&list()?.text(0)?, TEXT_CHARS_MAX)),
        "mining.ping" | "client.ping" => Message::Ping(id),
        "client.get_version" => Message::Version(id),
        _ if id.is_null() => Message::Ignored,
        _ => Message::Unknown(id),
    })
}

/// A number, or a text of one; bounds are those of [`Difficulty`].
fn difficulty(text: &str) -> Result<Difficulty, String> {
    Difficulty::parse(text.trim_matches('"')).map_err(|error| shown(&error.to_string(), 120))
}

fn notify(params: &Params<'_>) -> Result<Notify, String> {
    let id = params.text(0)?;
    if id.len() > JOB_ID_BYTES_MAX {
        return Err(format!("the job's name has {} bytes; at most {JOB_ID_BYTES_MAX} are kept", id.len()));
    }
    let branch: Vec<String> =
        serde_json::from_str(params.raw(4)?).map_err(|_| "the branch is no list of texts".to_owned())?;
    if branch.len() > BRANCH_LENGTH_MAX {
        return Err(format!("a branch of {} hashes; at most {BRANCH_LENGTH_MAX} are folded", branch.len()));
    }
    Ok(Notify {
        id,
        previous: swapped(params.bytes(1)?),
        coinbase1: bytes_of(&params.text(2)?)?,
        coinbase2: bytes_of(&params.text(3)?)?,
        branch: branch.iter().map(|hash| fixed(hash).map(Hash32)).collect::<Result<_, _>>()?,
        version: u32::from_be_bytes(params.bytes(5)?),
        bits: CompactBits(u32::from_be_bytes(params.bytes(6)?)),
        time: u32::from_be_bytes(params.bytes(7)?),
        clean: serde_json::from_str(params.raw(8)?)
            .map_err(|_| "the ninth parameter is neither true nor false".to_owned())?,
    })
}

/// The previous hash comes with the bytes of each 32-bit word in reverse.
fn swapped(mut hash: [u8; 32]) -> [u8; 32] {
    hash.as_chunks_mut::<4>().0.iter_mut().for_each(|word| word.reverse());
    hash
}

/// Reads both parts of an extranonce, from the subscription's answer or a later change.
///
/// # Errors
/// A text that says which part is out of bounds.
pub fn extranonce(first: &str, second_bytes: u64) -> Result<Extranonce, String> {
    let first = bytes_of(first)?;
    if first.len() > EXTRANONCE1_BYTES_MAX {
        return Err(format!("a first extranonce of {} bytes; at most {EXTRANONCE1_BYTES_MAX} are used", first.len()));
    }
    match usize::try_from(second_bytes) {
        Ok(second_bytes @ 1..=EXTRANONCE2_BYTES_MAX) => Ok(Extranonce { first, second_bytes }),
        _ => Err(format!("a second extranonce of {second_bytes} bytes; 1 to {EXTRANONCE2_BYTES_MAX} are used")),
    }
}

fn reconnect(params: &Params<'_>) -> Result<Message, String> {
    let host = params.value(0).and_then(|value| value.as_str().map(str::to_owned)).filter(|host| !host.is_empty());
    let port = match params.value(1) {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text.parse().map_err(|_| "the port is no number".to_owned())?),
        Some(value) => Some(value.as_u64().and_then(|port| port.try_into().ok()).ok_or("the port is no number")?),
    };
    let wait_s = params.value(2).and_then(|wait| wait.as_u64()).unwrap_or(0);
    Ok(Message::Reconnect { host: host.map(|host| shown(&host, TEXT_CHARS_MAX)), port, wait_s })
}

/// A text without control characters and direction marks, cut.
#[must_use]
pub fn shown(text: &str, chars_max: usize) -> String {
    let is_mark = |character: char| matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    let plain = |character: char| if character.is_control() || is_mark(character) { '\u{fffd}' } else { character };
    text.chars().take(chars_max).map(plain).collect()
}

/// Bytes of hexadecimal digits.
///
/// # Errors
/// A text when there are other characters or an odd number of digits.
pub fn bytes_of(digits: &str) -> Result<Vec<u8>, String> {
    hex::decode(digits).map_err(|_| format!("`{}` is not hexadecimal", shown(digits, 40)))
}

fn fixed<const N: usize>(digits: &str) -> Result<[u8; N], String> {
    let bytes = bytes_of(digits)?;
    bytes.try_into().map_err(|bytes: Vec<u8>| format!("{} instead of {N}", types::counted(bytes.len() as u64, "byte")))
}

/// A mask as `mining.configure` answers it: up to eight digits.
#[must_use]
pub fn mask(text: &str) -> Option<u32> {
    let plain = (1..=8).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    u32::from_str_radix(text, 16).ok().filter(|_| plain)
}

struct Params<'a>(Vec<&'a RawValue>);

impl<'a> Params<'a> {
    fn read(text: &'a str) -> Result<Self, String> {
        match text {
            "null" => Ok(Self(Vec::new())),
            _ => serde_json::from_str(text).map(Self).map_err(|_| "the parameters are no list".to_owned()),
        }
    }

    fn raw(&self, place: usize) -> Result<&str, String> {
        self.0.get(place).map(|raw| raw.get()).ok_or_else(|| format!("parameter {} is missing", place + 1))
    }

    fn value(&self, place: usize) -> Option<Value> {
        serde_json::from_str(self.raw(place).ok()?).ok()
    }

    fn text(&self, place: usize) -> Result<String, String> {
        serde_json::from_str(self.raw(place)?).map_err(|_| format!("parameter {} is no text", place + 1))
    }

    fn number(&self, place: usize) -> Result<u64, String> {
        serde_json::from_str(self.raw(place)?).map_err(|_| format!("parameter {} is no whole number", place + 1))
    }

    fn bytes<const N: usize>(&self, place: usize) -> Result<[u8; N], String> {
        fixed(&self.text(place)?).map_err(|why| format!("parameter {}: {why}", place + 1))
    }
}
