//! Who mines: a payout address and a worker's name, read from what a miner sends as user and password.
//!
//! It must not know who may mine. Invariant: a [`WorkerName`] and an [`Agent`] hold nothing but letters, digits and
//! `._-`, at most as many as the limits say, so that they stand in logs, metrics, JSON and file names as they are.

use borsh::{BorshDeserialize, BorshSerialize};
use pow::Difficulty;
use types::{Address, Network};

use crate::limits::{AGENT_CHARS_MAX, DEVICE_CHARS_MAX, PASSWORD_BYTES_MAX, USER_BYTES_MAX, WORKER_NAME_CHARS_MAX};
use crate::refusal::Refusal;

/// The name of one machine of a miner, in a safe alphabet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct WorkerName(String);

impl WorkerName {
    /// Keeps letters, digits and `._-`; puts `_` in the place of any other character; cuts after 32 characters. An
    /// empty name becomes `worker`.
    #[must_use]
    pub fn from_untrusted(text: &str) -> Self {
        let name = safe(text, WORKER_NAME_CHARS_MAX);
        Self(if name.is_empty() { "worker".to_owned() } else { name })
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for WorkerName {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// What a miner's program calls itself, in the same alphabet.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Agent(String);

impl Agent {
    /// As [`WorkerName::from_untrusted`], with 48 characters; `/` is kept for versions. May be empty.
    #[must_use]
    pub fn from_untrusted(text: &str) -> Self {
        Self(safe(text, AGENT_CHARS_MAX))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn safe(text: &str, chars_max: usize) -> String {
    let keep = |char: char| if char.is_ascii_alphanumeric() || "._-/".contains(char) { char } else { '_' };
    text.chars()
        .take(chars_max)
        .map(keep)
        .map(|char| if char == '/' && chars_max < AGENT_CHARS_MAX { '_' } else { char })
        .collect()
}

/// A worker: whose, and which machine.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct Worker {
    /// Who is paid.
    pub address: Address,
    /// Which machine.
    pub name: WorkerName,
}

/// What `mining.authorize` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// The worker.
    pub worker: Worker,
    /// `d=…` in the password: the difficulty to start from and never to go below.
    pub difficulty: Option<Difficulty>,
    /// Whether a `d=` was passed over, because it is no difficulty.
    pub has_bad_difficulty: bool,
    /// `v=…` in the password: the device that mines, as sent, of letters and digits only.
    pub device: Option<String>,
}

impl Login {
    /// Reads `address[.worker]` and the options of the password, which are separated by `,` or `;`. Unknown options,
    /// `x` among them, mean nothing; a `d=` that is no difficulty is passed over, and the miner is told, because a machine
    /// behind a typo should mine. A `v=` is never ignored: whoever names a device wants its shares to count for it.
    ///
    /// # Errors
    /// [`Refusal::BadAddress`] unless the user begins with an address of `network`; [`Refusal::BadParams`] for a user
    /// or password beyond its limit; [`Refusal::UnknownDevice`] for a `v=` that cannot name a device, or for several.
    pub fn parse(user: &str, password: &str, network: Network) -> Result<Self, Refusal> {
        if user.len() > USER_BYTES_MAX || password.len() > PASSWORD_BYTES_MAX {
            return Err(Refusal::BadParams);
        }
        let (address, name) = user.split_once('.').unwrap_or((user, ""));
        let address = Address::parse(address.trim(), network).map_err(|_| Refusal::BadAddress)?;
        let options = |name| password.split([',', ';']).filter_map(move |option| option.trim().strip_prefix(name));
        let read = || options("d=").map(|text| Difficulty::parse(text.trim()));
        let difficulty = read().filter_map(Result::ok).next_back();
        let has_bad_difficulty = read().any(|read| read.is_err());
        let mut devices = options("v=").map(str::trim);
        let device = devices.next().map(device_text).transpose()?;
        if devices.next().is_some() {
            return Err(Refusal::UnknownDevice);
        }
        let worker = Worker { address, name: WorkerName::from_untrusted(name) };
        Ok(Self { worker, difficulty, has_bad_difficulty, device })
    }
}

fn device_text(text: &str) -> Result<String, Refusal> {
    let is_one = (1..=DEVICE_CHARS_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_one { Ok(text.to_owned()) } else { Err(Refusal::UnknownDevice) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEGACY: &str = "THR751E76E8199196D454941C45D1B3A323F1433BD6";

    #[test]
    fn both_forms_of_an_address_name_the_same_worker() {
        let legacy = Login::parse(&format!("{}.rig1", LEGACY.to_lowercase()), "x", Network::Test).expect("legacy");
        let text = legacy.worker.address.to_text(Network::Test);
        let modern = Login::parse(&format!("{text}.rig1"), "x", Network::Test).expect("bech32m");
        assert_eq!(legacy, modern);
        assert_eq!(modern.worker.name.as_str(), "rig1");
        assert_eq!(Login::parse(&text, "", Network::Main), Err(Refusal::BadAddress));
        assert_eq!(Login::parse(&text, "", Network::Test).expect("no name").worker.name.as_str(), "worker");
        assert_eq!(
            Login::parse("bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", "x", Network::Main),
            Err(Refusal::BadAddress)
        );
    }

    #[test]
    fn the_password_carries_a_difficulty_among_other_options() {
        let asked = |password: &str| Login::parse(LEGACY, password, Network::Main).expect("an address").difficulty;
        assert_eq!(asked("x"), None);
        assert_eq!(asked("d=0.5"), Difficulty::parse("0.5").ok());
        assert_eq!(asked("x, d=1000 ;y=2"), Difficulty::parse("1000").ok());
        for password in ["d=", "d=NaN", "d=1e400", "d=-1", "d=0", "d=inf"] {
            assert_eq!(asked(password), None, "{password}");
            assert!(
                Login::parse(LEGACY, password, Network::Main).expect("an address").has_bad_difficulty,
                "{password}"
            );
        }
    }

    #[test]
    fn the_password_names_one_device_in_letters_and_digits_or_the_login_is_refused() {
        let asked = |password: &str| Login::parse(LEGACY, password, Network::Main).map(|login| login.device);
        assert_eq!(asked("x"), Ok(None));
        assert_eq!(asked("d=2; v=thrdev1abc ,x"), Ok(Some("thrdev1abc".to_owned())));
        assert_eq!(asked(&format!("v={}", "a".repeat(DEVICE_CHARS_MAX))), Ok(Some("a".repeat(DEVICE_CHARS_MAX))));
        for password in
            ["v=", "v=a b", "v=\u{e9}", "v=a\"", "v=a,v=a", &format!("v={}", "a".repeat(DEVICE_CHARS_MAX + 1))]
        {
            assert_eq!(asked(password), Err(Refusal::UnknownDevice), "{password}");
        }
    }

    #[test]
    fn a_hostile_worker_name_becomes_short_and_harmless() {
        let cases = [
            ("a\nb", "a_b"),
            ("\"} 1\nup{x=\"", "___1_up_x__"),
            ("'; DROP TABLE workers;--", "___DROP_TABLE_workers_--"),
            ("\u{202e}gnp.exe", "_gnp.exe"),
            ("../../etc", ".._.._etc"),
            ("<script>", "_script_"),
        ];
        for (name, kept) in cases {
            assert_eq!(WorkerName::from_untrusted(name).as_str(), kept);
        }
        assert_eq!(WorkerName::from_untrusted(&"é".repeat(10_000)).as_str(), "_".repeat(WORKER_NAME_CHARS_MAX));
        assert_eq!(Agent::from_untrusted("cgminer/4.12\r\n").as_str(), "cgminer/4.12__");
    }
}
