//! `thronos device tpm enrol` and `quote`: a device's key says that this machine's TPM is the device's, and the TPM says how the machine was started.
//!
//! What is signed and quoted is compared first. It must not know how a TPM is driven.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use crypto::hash::sha256;
use serde::Deserialize;
use serde_json::{Value, json};
use types::{Hash32, TimeMs};
use verifyid::tags;
use verifyid_device::ChallengePurpose;
use wallet::cli::context::{check_new, write_new};
use wallet::cli::report::when;
use wallet::cli::{Context, Report};
use wallet::{Chain, Error, NodeClient, Result};

use super::challenge::{Advice, Given, PurposeAsked, ask, bad_answer, check, with_advice};
use crate::key_file::DeviceKeyFile;
use crate::naming;
use crate::say::{lines, say};
use crate::tpm::{MadeKeys, Tpm, TpmKeyFile, read_file};

const ENROLMENTS: &str = "/api/v1/verifyid/tpm/enrolments";
const ACTIVATIONS: &str = "/api/v1/verifyid/tpm/activations";
const QUOTES: &str = "/api/v1/verifyid/tpm/quotes";
/// Certificates between the endorsement key's own and a root.
const BETWEEN_MAX: usize = 3;
const CERTIFICATE_BYTES_MAX: usize = 8_192;
/// A credential of the tools for an RSA key, and some room.
const CREDENTIAL_BYTES_MAX: usize = 1_024;
const PCRS_MAX: usize = 24;

/// What can be done with a device's TPM.
#[derive(Debug, Subcommand)]
pub enum TpmVerb {
    /// Say by a device's key that this machine's TPM is the device's, and have the TPM prove it
    Enrol(EnrolArgs),
    /// Have the TPM quote for a device, and tell how the authority sets level 3 by it
    Quote(QuoteArgs),
}

/// `device tpm enrol`
#[derive(Debug, Args)]
pub struct EnrolArgs {
    /// The name or path of the device's present key
    key: String,
    /// The TPM, as tpm2-tools take it, such as device:/dev/tpmrm0; without it what TPM2TOOLS_TCTI says counts
    #[arg(long)]
    tcti: Option<String>,
    /// The endorsement key's certificate, in DER, where the TPM has none
    #[arg(long, value_name = "FILE")]
    ek_certificate: Option<PathBuf>,
    /// A certificate between that one and the maker's root, in DER: again for each, from below
    #[arg(long, value_name = "FILE")]
    certificate: Vec<PathBuf>,
}

/// `device tpm quote`
#[derive(Debug, Args)]
pub struct QuoteArgs {
    /// The name or path of the device's present key
    key: String,
    /// The TPM, as tpm2-tools take it, such as device:/dev/tpmrm0; without it what TPM2TOOLS_TCTI says counts
    #[arg(long)]
    tcti: Option<String>,
    /// Whom the quote is for, such as https://fleet.example; without it, the node's authority
    #[arg(long, default_value = "thr-tpm")]
    audience: String,
    /// Write what the authority looks at to a new file, as hexadecimal digits
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl TpmVerb {
    pub(super) fn run(&self, context: &Context) -> Result<Report> {
        match self {
            Self::Enrol(enrol) => enrol.run(context),
            Self::Quote(quote) => quote.run(context),
        }
    }
}

/// What a service answers when it has taken the keys.
#[derive(Debug, Deserialize)]
struct CredentialGiven {
    enrolment: String,
    credential: String,
}

/// What a service says of an enrolment.
#[derive(Debug, Deserialize)]
struct Enrolled {
    device: String,
    enrolled_at: u64,
}

/// What a service says of a good quote.
#[derive(Debug, Deserialize)]
struct Quoted {
    verified: bool,
    device: String,
    level: u8,
    verified_at: u64,
    evidence: String,
    evidence_sha256: Hash32,
}

impl EnrolArgs {
    fn run(&self, context: &Context) -> Result<Report> {
        let key = naming::key(context, &self.key)?;
        let path = TpmKeyFile::path(&naming::key_path(context, &self.key)?);
        let between = self.between()?;
        let client = context.client()?;
        let chain = context.chain(&client)?;
        let tpm = Tpm::open(self.tcti.as_deref())?;
        let keys = tpm.make_keys()?;
        let own = match &self.ek_certificate {
            Some(path) => read_file(path, CERTIFICATE_BYTES_MAX)?,
            None => tpm.certificate()?,
        };
        let certificates: Vec<String> = [own].iter().chain(&between).map(hex::encode).collect();
        let given = self.enrolment(context, (&client, &chain), (&key, &keys), &certificates)?;
        let enrolled = self.activated(&client, &tpm, &keys, &given)?;
        let text = key.device().to_text(chain.network());
        if enrolled.device != text {
            return Err(bad_answer(&say!("word_another_device_than_one_whose")));
        }
        let file = TpmKeyFile {
            device: key.device(),
            key_id: key.key_id(),
            public: keys.attestation,
            private: keys.attestation_private,
        };
        file.write(&path)?;
        let next = format!("thronos device tpm quote {}", self.key);
        let rows = [
            ("enrolled:", say!("yes")),
            ("device:", text.clone()),
            ("at:", when(TimeMs(enrolled.enrolled_at))),
            ("file:", path.display().to_string()),
            ("next:", format!("`{next}`")),
        ];
        let json = json!({
            "enrolled": true, "device": text, "enrolled_at": enrolled.enrolled_at, "file": path.display().to_string(), "next": next,
        });
        Ok(Report::new(lines(&rows), json).unproven())
    }

    fn between(&self) -> Result<Vec<Vec<u8>>> {
        if self.certificate.len() > BETWEEN_MAX {
            let message = say!("certificates_lead_no_root", certificate = self.certificate.len());
            return Err(Error::new("too_many_certificates", message, say!("give_most_three_certificate_file")));
        }
        self.certificate.iter().map(|path| read_file(path, CERTIFICATE_BYTES_MAX)).collect()
    }

    /// Has the device's key sign for these keys of the TPM, and hands them in.
    fn enrolment(
        &self,
        context: &Context,
        (client, chain): (&NodeClient, &Chain),
        (key, keys): (&DeviceKeyFile, &MadeKeys),
        certificates: &[String],
    ) -> Result<CredentialGiven> {
        let audience = enrol_audience(chain, keys);
        let asked = (audience.as_str(), ChallengePurpose::Enrol);
        let (given, challenge) =
            ask(client, chain, key.device(), (&audience, PurposeAsked::TpmEnrol), &Advice::default())?;
        check(context, &challenge, (key, chain), asked)?;
        let answer = hex::encode(&*key.sign(&given.preimage()?));
        let body = json!({
            "challenge": given.challenge, "answer": answer, "endorsement_key": hex::encode(&keys.endorsement),
            "attestation_key": hex::encode(&keys.attestation), "certificates": certificates,
        });
        client.post_at(ENROLMENTS, &body).map_err(|error| with_advice(error, &self.key, &Advice::default()))
    }

    fn activated(&self, client: &NodeClient, tpm: &Tpm, keys: &MadeKeys, given: &CredentialGiven) -> Result<Enrolled> {
        let credential = hex::decode(&given.credential).ok().filter(|bytes| bytes.len() <= CREDENTIAL_BYTES_MAX);
        let credential = credential.ok_or_else(|| bad_answer(&say!("what_no_credential")))?;
        let secret = tpm.open_credential(&credential)?;
        let body = json!({
            "enrolment": given.enrolment, "secret": hex::encode(secret.as_slice()),
            "endorsement_key": hex::encode(&keys.endorsement), "attestation_key": hex::encode(&keys.attestation),
        });
        client.post_at(ACTIVATIONS, &body).map_err(|error| with_advice(error, &self.key, &Advice::default()))
    }
}

impl QuoteArgs {
    fn run(&self, context: &Context) -> Result<Report> {
        let key = naming::key(context, &self.key)?;
        let file = TpmKeyFile::read(&TpmKeyFile::path(&naming::key_path(context, &self.key)?), &self.key)?;
        if (file.device, file.key_id) != (key.device(), key.key_id()) {
            let message = say!("tpm_was_enrolled_another_key_device");
            let hint = say!("enrol_present_one", key = self.key);
            return Err(Error::new("tpm_key_changed", message, hint));
        }
        self.out.as_deref().map_or(Ok(()), check_new)?;
        let client = context.client()?;
        let chain = context.chain(&client)?;
        let asked = (self.audience.as_str(), ChallengePurpose::Tpm);
        let (given, challenge) =
            ask(&client, &chain, key.device(), (&self.audience, PurposeAsked::Tpm), &Advice::default())?;
        check(context, &challenge, (&key, &chain), asked)?;
        let pcrs = pcrs_of(&given)?;
        let tpm = Tpm::open(self.tcti.as_deref())?;
        let quote = tpm.quote(&file, &extra_data(&given)?, &pcrs)?;
        let body = json!({
            "challenge": given.challenge, "quote": hex::encode(&quote.message), "signature": hex::encode(&quote.signature),
            "pcrs": quote.pcrs.iter().map(hex::encode).collect::<Vec<_>>(),
        });
        let said: Quoted =
            client.post_at(QUOTES, &body).map_err(|error| with_advice(error, &self.key, &Advice::default()))?;
        let text = key.device().to_text(chain.network());
        let evidence = hex::decode(&said.evidence).unwrap_or_default();
        if !said.verified || said.device != text || Hash32(sha256(&evidence)) != said.evidence_sha256 {
            return Err(bad_answer(&say!("verdict_something_else_than_was_asked")));
        }
        if let Some(out) = &self.out {
            write_new(out, &format!("{}\n", said.evidence))?;
        }
        Ok(told(&said, &self.audience))
    }
}

/// Whom the device answers when it enrols these keys.
fn enrol_audience(chain: &Chain, keys: &MadeKeys) -> String {
    let digest = Hash32(sha256(&[keys.endorsement.as_slice(), &keys.attestation].concat()));
    let first: String = chain.id().0.to_string().chars().take(8).collect();
    format!("thr-tpm-enrol:{first}:{digest}")
}

/// What the TPM is given: SHA-256 of the challenge under the tag of quotes.
fn extra_data(given: &Given) -> Result<[u8; 32]> {
    let preimage = given.preimage()?;
    let tag = tags::CHALLENGE_TPM.as_bytes();
    let rest = preimage.get(tag.len()..).unwrap_or_default();
    Ok(sha256(&[tag.as_slice(), rest].concat()))
}

fn pcrs_of(given: &Given) -> Result<Vec<u8>> {
    let pcrs = given.pcrs.clone().unwrap_or_default();
    let is_some = !pcrs.is_empty() && pcrs.len() <= PCRS_MAX && pcrs.is_sorted_by(|a, b| a < b);
    let is_known = pcrs.iter().all(|number| usize::from(*number) < PCRS_MAX);
    if is_some && is_known { Ok(pcrs) } else { Err(bad_answer(&say!("no_pcrs_tpm_could_quote"))) }
}

fn told(said: &Quoted, audience: &str) -> Report {
    // Of this command's own making: what a service says is no command.
    let command = format!(
        "thronos verifier level {} --level 3 --evidence {} --from AUTHORITY",
        said.device, said.evidence_sha256
    );
    let rows = [
        ("quoted:", say!("yes")),
        ("device:", said.device.clone()),
        ("for:", audience.to_owned()),
        ("level:", say!("quote_changes_none_authority_sets", level = said.level)),
        ("evidence:", said.evidence_sha256.to_string()),
        ("at:", when(TimeMs(said.verified_at))),
        ("the authority sends:", format!("`{command}`")),
    ];
    let json: Value = json!({
        "verified": true, "device": said.device, "audience": audience, "level": said.level, "verified_at": said.verified_at,
        "evidence": said.evidence_sha256, "evidence_bytes": said.evidence, "level_command": command,
    });
    Report::new(lines(&rows), json).unproven()
}
