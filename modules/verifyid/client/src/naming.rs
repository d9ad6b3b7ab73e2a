//! Which device, or which key of one, a text on the command line means.
//!
//! A device is its id (`thrdev1…`, on test networks `thrtdev1…`, or 64 hexadecimal digits), or a key file: a name for one in the
//! folder `devices` of the wallet, or a path with a slash or the ending `.json`. It must not ask a node but for how ids are written.

use std::path::{Path, PathBuf};

use types::{Address, Hash32, Network};
use verifyid::{DeviceId, DeviceIdError};
use wallet::cli::Context;
use wallet::home::is_there;
use wallet::{Chain, Error, Result};

use crate::key_file::DeviceKeyFile;
use crate::say::say;

const FOLDER: &str = "devices";
const NAME_BYTES_MAX: usize = 32;
/// Most key files that are read to find one.
const LOOKED_MAX: usize = 1_000;
/// Most characters that are repeated of what was typed.
const SHOWN_MAX: usize = 80;

/// The chain, of which no node is asked where none is to be.
pub(crate) fn chain(context: &Context) -> Result<Chain> {
    if context.offline { context.known_chain() } else { context.any_chain() }
}

/// Whether a text is an id and no key file, be it right or wrong.
pub(crate) fn looks_like_id(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    text.parse::<Hash32>().is_ok() || lower.starts_with("thrdev1") || lower.starts_with("thrtdev1")
}

fn is_path(text: &str) -> bool {
    text.contains('/') || Path::new(text).extension().is_some_and(|extension| extension == "json")
}

/// Where the key file of this name or path lies.
pub(crate) fn key_path(context: &Context, text: &str) -> Result<PathBuf> {
    if is_path(text) {
        return Ok(PathBuf::from(text));
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let is_name = (1..=NAME_BYTES_MAX).contains(&text.len()) && text.bytes().all(plain) && !looks_like_id(text);
    if is_name {
        return Ok(context.home.directory().join(FOLDER).join(format!("{text}.json")));
    }
    let message = say!("cannot_name_device_s_key", shown = shown(text));
    let hint = say!("use_1_32_letters_digits_hyphens");
    Err(Error::new("bad_name", message, hint))
}

/// The key in the file of this name or path.
pub(crate) fn key(context: &Context, text: &str) -> Result<DeviceKeyFile> {
    let path = key_path(context, text)?;
    if is_there(&path) {
        return DeviceKeyFile::read(&path);
    }
    let message = say!("there_no_key_device", value = path.display());
    let hint = say!("make_one_key_elsewhere_named_its");
    Err(Error::new("unknown_device_key", message, hint))
}

/// The name of the key with this id in this wallet; nothing if it is not there, or not among the first thousand.
pub(crate) fn name_of(context: &Context, key_id: Hash32) -> Option<String> {
    let files = std::fs::read_dir(context.home.directory().join(FOLDER)).ok()?;
    files.take(LOOKED_MAX).find_map(|file| {
        let path = file.ok()?.path();
        let is_it = DeviceKeyFile::read(&path).is_ok_and(|key| key.key_id() == key_id);
        path.file_stem().filter(|_| is_it)?.to_str().map(str::to_owned)
    })
}

/// The name of an account of this wallet; nothing if it is none.
pub(crate) fn account_of(context: &Context, address: Address) -> Option<String> {
    let names = context.home.key_names().into_iter().chain(context.home.policy_names()).flatten();
    names.take(LOOKED_MAX).find(|name| context.sender(name).is_ok_and(|sender| sender.address == address))
}

/// The device that a text means, written as on this network.
pub(crate) fn device(context: &Context, text: &str, network: Network) -> Result<DeviceId> {
    if looks_like_id(text) { parse(text, network) } else { Ok(key(context, text)?.device()) }
}

/// The device that a text means, on whatever network: what is none is refused before a node is asked and trusted.
pub(crate) fn readable(context: &Context, text: &str) -> Result<DeviceId> {
    if !looks_like_id(text) {
        return Ok(key(context, text)?.device());
    }
    let is_of_test = text.to_ascii_lowercase().starts_with("thrtdev1");
    parse(text, if is_of_test { Network::Test } else { Network::Main })
}

fn parse(text: &str, network: Network) -> Result<DeviceId> {
    DeviceId::parse(text, network).map_err(|error| {
        let text = shown(text);
        let (code, message, hint) = match error {
            DeviceIdError::OtherNetwork { expected } => {
                ("device_of_other_network", say!("id_of_other_network", text, expected), say!("ask_device_on_network"))
            }
            DeviceIdError::Checksum => {
                ("device_typo", say!("id_with_a_typo", text), say!("take_whole_id_again_from_whoever"))
            }
            DeviceIdError::Malformed { expected } => {
                ("bad_device", say!("id_malformed", text, expected), say!("ids_own_devices_are_listed"))
            }
        };
        Error::new(code, message, hint)
    })
}

fn shown(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(SHOWN_MAX).collect()
}

#[cfg(test)]
mod tests {
    use wallet::home::WalletHome;

    use super::*;

    #[test]
    fn a_text_is_an_id_a_name_or_a_path_and_never_two_of_them() {
        let context = Context::new(WalletHome::new("/w"), "http://127.0.0.1:1".to_owned());
        let at = |text: &str| key_path(&context, text);
        assert_eq!(at("rig-1"), Ok(PathBuf::from("/w/devices/rig-1.json")));
        for path in ["./rig", "rig.json", "/etc/rig", "a/b"] {
            assert_eq!(at(path), Ok(PathBuf::from(path)));
        }
        let id = DeviceId(Hash32([7; 32]));
        for other in ["", "a b", "..", "x\u{1b}", &"n".repeat(33), &id.to_text(Network::Main), &"0".repeat(64)] {
            assert_eq!(at(other).expect_err(other).code, "bad_name");
        }
        for network in [Network::Main, Network::Test] {
            assert_eq!(device(&context, &id.to_text(network), network), Ok(id));
            assert_eq!(readable(&context, &id.to_text(network)), Ok(id));
        }
        let code = |text: &str| device(&context, text, Network::Test).expect_err(text).code;
        let mut typo = id.to_text(Network::Test);
        typo.push('q');
        assert_eq!(code(&typo), "device_typo");
        assert_eq!(code(&id.to_text(Network::Main)), "device_of_other_network");
        assert_eq!(code("nobody"), "unknown_device_key");
    }
}
