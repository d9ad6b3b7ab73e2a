//! `thronos device hmac`: a secret for a device that cannot sign, and what such a device answers with it.
//!
//! The device's key gives its word for the secret, on the machine where the key lies; the secret goes into the device and the key stays where it is. What
//! a device is asked is compared first, by the same code as where a key signs.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::Sha256;
use types::TimeMs;
use verifyid::{DeviceId, tags};
use verifyid_device::{ChallengePurpose, DeviceChallenge, Expected};
use wallet::cli::context::check_new;
use wallet::cli::report::when;
use wallet::cli::submit::now;
use wallet::cli::{Context, Report};
use wallet::keystore::file::{Existing, read_private, write_private};
use wallet::{Chain, Error, Result};
use zeroize::{Zeroize, Zeroizing};

use super::challenge::{self, Advice, Given, PurposeAsked, Verified};
use crate::naming;
use crate::say::{lines, say};

const ENROL: &str = "/api/v1/verifyid/hmac/enrol";
const ANSWER: &str = "/api/v1/verifyid/hmac/answer";
const FORMAT: &str = "thronos-device-hmac";
const VERSION: u32 = 1;

/// `device hmac …`
#[derive(Debug, Subcommand)]
pub enum HmacVerb {
    /// Have a service give a device a secret, by the word of the device's key; a secret that it had is then good for nothing
    Enrol(EnrolArgs),
    /// Answer a challenge with a device's secret: one that is asked for now, or one from a file
    Answer(MacAnswerArgs),
}

/// `device hmac enrol`
#[derive(Debug, Args)]
pub struct EnrolArgs {
    /// The name or path of the device's present key
    key: String,
    /// Write the secret to a new file for its owner only [default: print it, this once]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// `device hmac answer`
#[derive(Debug, Args)]
pub struct MacAnswerArgs {
    /// The file with the device's secret, as `thronos device hmac enrol KEY --out FILE` wrote it
    #[arg(value_name = "FILE")]
    secret: PathBuf,
    /// Whom the device answers, such as https://fleet.example
    #[arg(long)]
    audience: String,
    /// A challenge that somebody has asked for, as JSON: the answer is printed for them, and no node is asked
    #[arg(long, value_name = "CHALLENGE")]
    challenge: Option<PathBuf>,
}

/// What a service gives.
#[derive(Deserialize)]
struct Enrolled {
    device: String,
    serial: u32,
    secret: String,
}

impl Drop for Enrolled {
    fn drop(&mut self) {
        self.secret.zeroize();
    }
}

/// A secret as it is written; it holds none of its own that would have to be wiped.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written<'a> {
    format: &'a str,
    version: u32,
    device: DeviceId,
    serial: u32,
    secret: &'a str,
}

/// A device's secret.
struct DeviceSecret {
    device: DeviceId,
    secret: Zeroizing<[u8; 32]>,
}

impl HmacVerb {
    pub(super) fn run(&self, context: &Context) -> Result<Report> {
        match self {
            Self::Enrol(enrol) => enrol.run(context),
            Self::Answer(answer) => answer.run(context),
        }
    }
}

impl EnrolArgs {
    fn run(&self, context: &Context) -> Result<Report> {
        let key = naming::key(context, &self.key)?;
        if let Some(out) = &self.out {
            check_new(out)?;
        }
        let client = context.client()?;
        if !challenge::is_private(client.url()) {
            let message = say!("secret_sent_nobody_over_connection_others");
            return Err(Error::new("secret_in_the_open", message, say!("name_node_https_node_url")));
        }
        let chain = context.chain(&client)?;
        let audience = audience(&chain);
        let advice = Advice::default();
        let (given, asked) = challenge::ask(&client, &chain, key.device(), (&audience, PurposeAsked::Enrol), &advice)?;
        let answer = challenge::sign(context, (&asked, &given), (&key, &chain), (&audience, ChallengePurpose::Enrol))?;
        let enrolled: Enrolled = client
            .post_at(ENROL, &json!({"challenge": given.challenge, "answer": answer}))
            .map_err(|error| challenge::with_advice(error, &self.key, &advice))?;
        let (device, text) = (key.device(), key.device().to_text(chain.network()));
        let is_secret =
            hex::decode_to_slice(enrolled.secret.as_bytes(), Zeroizing::new([0_u8; 32]).as_mut_slice()).is_ok();
        if enrolled.device != text || !is_secret {
            let message = say!("node_gives_secret_something_else_than");
            let hint = say!("secret_device_had_node_may_good");
            return Err(Error::new("bad_answer", message, hint));
        }
        let Some(out) = &self.out else { return Ok(printed(&text, &enrolled)) };
        let serial = enrolled.serial;
        let written = Written { format: FORMAT, version: VERSION, device, serial, secret: &enrolled.secret };
        let content =
            Zeroizing::new(serde_json::to_string_pretty(&written).expect("texts and numbers have a JSON form"));
        write_private(out, &Zeroizing::new([content.as_bytes(), b"\n"].concat()), Existing::Keep)?;
        let file = out.display().to_string();
        let told = lines(&[("device:", text.clone()), ("serial:", serial.to_string()), ("file:", file.clone())]);
        Ok(Report::new(told, json!({"device": text, "serial": serial, "file": file})))
    }
}

impl MacAnswerArgs {
    fn run(&self, context: &Context) -> Result<Report> {
        let secret = DeviceSecret::read(&self.secret)?;
        if let Some(path) = &self.challenge {
            let chain = context.known_chain()?;
            let given = challenge::read_file(path)?;
            let asked = challenge::read(&given.preimage)?;
            let mac = secret.answer(&asked, &given, (&chain, &self.audience))?;
            let rows = [
                ("mac:", mac.clone()),
                ("hand in until:", say!("where_challenge_was_given", value = when(TimeMs(asked.expires_ms)))),
            ];
            return Ok(Report::new(lines(&rows), json!({"challenge": given.challenge, "mac": mac})));
        }
        let client = context.client()?;
        let chain = context.chain(&client)?;
        let advice = Advice::default();
        let asking = (self.audience.as_str(), PurposeAsked::Presence);
        let (given, asked) = challenge::ask(&client, &chain, secret.device, asking, &advice)?;
        let mac = secret.answer(&asked, &given, (&chain, &self.audience))?;
        let text = secret.device.to_text(chain.network());
        let verdict: Verified = client.post_at(ANSWER, &json!({"challenge": given.challenge, "mac": mac})).map_err(
            |error| match &*error.code {
                // It answers by no key, so what the service says of one would mislead.
                "bad_answer" if error.is_of_node => {
                    let (message, hint) = (say!("secret_is_not_in_force"), say!("have_device_enrolled_anew"));
                    Error { message, hint, ..error }
                }
                _ => challenge::with_advice(error, &text, &advice),
            },
        )?;
        challenge::told_of(&verdict, (&text, &asked), &self.audience)
    }
}

impl DeviceSecret {
    fn read(path: &std::path::Path) -> Result<Self> {
        let text = read_private(path)?;
        Self::parse(&text).ok_or_else(|| {
            let message = say!("holds_no_secret_device_damaged", value = path.display());
            let hint = say!("have_device_enrolled_anew");
            Error::new("damaged_device_secret", message, hint)
        })
    }

    fn parse(text: &str) -> Option<Self> {
        let written: Written<'_> = serde_json::from_str(text).ok()?;
        let mut secret = Zeroizing::new([0_u8; 32]);
        hex::decode_to_slice(written.secret.as_bytes(), secret.as_mut_slice()).ok()?;
        (written.format == FORMAT && written.version == VERSION).then_some(Self { device: written.device, secret })
    }

    /// The answer in hexadecimal digits, once everything is compared that such a device knows: it has no key whose id it could compare.
    fn answer(&self, asked: &DeviceChallenge, given: &Given, (chain, audience): (&Chain, &str)) -> Result<String> {
        let wanted = challenge::expected(chain, self.device, asked.key_id, (audience, ChallengePurpose::Presence));
        asked.check(&Expected { now_ms: Some(now().0), ..wanted }).map_err(|refused| {
            let hint = match refused {
                verifyid_device::Refused::OtherAudience => say!("compare_audience_what_challenge_was_asked_2"),
                verifyid_device::Refused::Over => say!("ask_another_challenge_if_new_set"),
                _ => say!("nothing_was_answered_ask_whoever_gave"),
            };
            Error::new("challenge_refused", challenge::refused_words(refused), hint)
        })?;
        let mut message = hex::decode(&given.preimage)
            .map_err(|_| challenge::no_challenge(&say!("its_preimage_has_other_than_digits")))?;
        let tag = tags::CHALLENGE_MAC.as_bytes();
        message.splice(..tag.len(), *tag);
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.as_slice()).expect("a key of any length is one");
        mac.update(&message);
        Ok(hex::encode(mac.finalize().into_bytes()))
    }
}

/// Whom the word of the key is for.
fn audience(chain: &Chain) -> String {
    let id = chain.id().0.to_string();
    format!("thr-hmac:{}", id.get(..8).unwrap_or_default())
}

/// What is shown of a secret that goes into no file.
fn printed(device: &str, enrolled: &Enrolled) -> Report {
    let rows = [
        ("device:", device.to_owned()),
        ("serial:", enrolled.serial.to_string()),
        ("secret:", say!("told_once", secret = enrolled.secret)),
    ];
    Report::new(lines(&rows), json!({"device": device, "serial": enrolled.serial, "secret": &enrolled.secret}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_answers_as_it_was_computed_elsewhere_and_what_is_none_is_refused() {
        let device: types::Hash32 =
            "749438e38893282c2c596ea771824f5e529b1920232752b2937ec01fd56f19f7".parse().expect("a hash");
        let secret = "0e9157183d06c2a1013b471d20e0482200ab73cb3d552d337566ba50db06e452";
        let text = json!({"format": FORMAT, "version": 1, "device": device, "serial": 0, "secret": secret}).to_string();
        let read = DeviceSecret::parse(&text).expect("whole");
        assert_eq!((read.device.0, hex::encode(read.secret.as_slice())), (device, secret.to_owned()));
        for (from, to) in [
            ("thronos-device-hmac", "thronos-device-key"),
            ("\"version\":1", "\"version\":2"),
            ("\"secret\":\"0e", "\"secret\":\""),
            ("\"secret\":\"0e", "\"secret\":\"zz"),
            ("\"serial\":0", "\"serial\":-1"),
            ("{", "{\"more\":1,"),
        ] {
            assert!(text.contains(from), "{from}");
            assert!(DeviceSecret::parse(&text.replacen(from, to, 1)).is_none(), "{from}");
        }
    }
}
