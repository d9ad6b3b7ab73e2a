//! `thronos address` and `qr`: what needs neither key nor node.

use clap::{Args, Subcommand, ValueEnum};
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;
use serde_json::json;
use types::Network;
use wallet::cli::context::{Context, read_address};
use wallet::cli::report::{Report, lines};
use wallet::{Error, Result};

/// What can be done with addresses.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Say whether a text is an address, of which network and form
    Check(Check),
    /// Write an address in another form
    Convert(Convert),
}

/// `address check`
#[derive(Debug, Args)]
pub struct Check {
    /// The address
    address: String,
}

/// `address convert`
#[derive(Debug, Args)]
pub struct Convert {
    /// The address
    address: String,
    /// The form to write
    #[arg(long, value_enum)]
    to: Form,
}

/// A form of an address.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Form {
    /// `thr1…`
    Main,
    /// `thrt1…`
    Test,
    /// `THR` and 40 digits, without a checksum
    Legacy,
}

/// `qr`
#[derive(Debug, Args)]
pub struct Qr {
    /// Address, or name of an account in this wallet
    address: String,
}

impl Command {
    pub(crate) fn run(&self, context: &Context) -> Result<Report> {
        match self {
            Self::Check(check) => check.run(context),
            Self::Convert(convert) => convert.run(),
        }
    }
}

impl Check {
    fn run(&self, context: &Context) -> Result<Report> {
        let (address, form) = read_address(&self.address)?;
        let fits = match (context.network()?, form) {
            (Some(Network::Main), "test") | (Some(Network::Test), "main") => {
                "of another network than this wallet's chain"
            }
            (_, "legacy") => "older form: it has no checksum, so a typo in it would not be noticed",
            _ => "right",
        };
        let text = lines(&[
            ("address:", fits.to_owned()),
            ("main network:", address.to_text(Network::Main)),
            ("test networks:", address.to_text(Network::Test)),
            ("older form:", address.to_legacy_text()),
        ]);
        let json = json!({"valid": true, "form": form, "main": address.to_text(Network::Main),
            "test": address.to_text(Network::Test), "legacy": address.to_legacy_text(), "hex": hex::encode(address.0)});
        Ok(Report::new(text, json))
    }
}

impl Convert {
    fn run(&self) -> Result<Report> {
        let (address, _) = read_address(&self.address)?;
        let text = match self.to {
            Form::Main => address.to_text(Network::Main),
            Form::Test => address.to_text(Network::Test),
            Form::Legacy => address.to_legacy_text(),
        };
        Ok(Report::new(text.clone(), json!({"address": text})))
    }
}

impl Qr {
    pub(crate) fn run(&self, context: &Context) -> Result<Report> {
        let text = if context.home.has_key(&self.address) || context.home.has_policy(&self.address) {
            let network = context.network()?.ok_or_else(|| {
                let hint = "give the address itself, or the genesis with `--genesis FILE`";
                Error::new(
                    "genesis_needed",
                    "this wallet knows no chain yet, so it cannot write the account's address",
                    hint,
                )
            })?;
            context.sender(&self.address)?.address.to_text(network)
        } else {
            match read_address(&self.address)? {
                (address, "legacy") => address.to_legacy_text(),
                (address, "test") => address.to_text(Network::Test),
                (address, _) => address.to_text(Network::Main),
            }
        };
        let code = QrCode::new(text.as_bytes()).expect("an address is far shorter than what a QR code holds");
        let picture = code.render::<Dense1x2>().build();
        Ok(Report::new(format!("{picture}\n{text}\n"), json!({"address": text})))
    }
}
