//! `thronos device new`: makes a key for a device.

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde_json::json;
use types::Network;
use verifyid::Algorithm;
use wallet::cli::context::check_new;
use wallet::cli::{Context, Report};
use wallet::keystore::file::create_private_directory;
use wallet::{Error, Result};

use crate::key_file::DeviceKeyFile;
use crate::naming;
use crate::say::{lines, say};

const ALGORITHMS: [&str; 3] = ["ed25519", "secp256k1", "p256"];

/// `device new`
#[derive(Debug, Args)]
pub struct NewKey {
    /// Name of the key in this wallet, or a path with a slash or the ending .json
    name: String,
    /// How it signs
    #[arg(long, default_value = "ed25519", value_parser = PossibleValuesParser::new(ALGORITHMS).map(algorithm))]
    algorithm: Algorithm,
    /// The device that it is to be the next key of, as its id or its first key: see `device rotate` [default: a new device]
    #[arg(long = "for", value_name = "DEVICE")]
    device: Option<String>,
}

#[expect(clippy::needless_pass_by_value, reason = "the parser hands it on by value")]
fn algorithm(text: String) -> Algorithm {
    match text.as_str() {
        "secp256k1" => Algorithm::Secp256k1,
        "p256" => Algorithm::P256,
        _ => Algorithm::Ed25519,
    }
}

impl NewKey {
    pub(super) fn run(&self, context: &Context) -> Result<Report> {
        let path = naming::key_path(context, &self.name)?;
        check_new(&path).map_err(|_| {
            let message = say!("there_already", value = path.display());
            Error::new("name_taken", message, say!("choose_another_name_nothing_was_changed"))
        })?;
        let network = context.network()?;
        let device = self.device.as_deref().map(|device| match network {
            Some(network) => naming::device(context, device, network),
            None => naming::readable(context, device),
        });
        let key = DeviceKeyFile::generate(self.algorithm, device.transpose()?)?;
        if let Some(folder) = path.parent().filter(|folder| folder.starts_with(context.home.directory())) {
            create_private_directory(context.home.directory())?;
            context.home.check_owner()?;
            create_private_directory(folder)?;
        }
        key.write_new(&path)?;
        context.note(&say!("whoever_has_copy_file_device_has"));
        Ok(described(&key, network, &path.display().to_string()))
    }
}

/// A key as it was made.
fn described(key: &DeviceKeyFile, network: Option<Network>, file: &str) -> Report {
    let device = key.device();
    let (main, test) = (device.to_text(Network::Main), device.to_text(Network::Test));
    let own = network.map(|network| device.to_text(network));
    let text = own.clone().unwrap_or_else(|| say!("main_network_test_networks", main, test));
    let algorithm = ALGORITHMS[key.algorithm() as usize - 1];
    let told = lines(&[
        ("device:", text),
        ("key id:", key.key_id().to_string()),
        ("algorithm:", algorithm.to_owned()),
        ("file:", file.to_owned()),
    ]);
    let json = json!({
        "device": own, "main": main, "test": test, "key_id": key.key_id(), "key": hex::encode(&*key.key_bytes()),
        "algorithm": key.algorithm(), "is_first_key": key.later_of().is_none(), "file": file,
    });
    Report::new(told, json)
}
