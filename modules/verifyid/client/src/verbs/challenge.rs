//! `thronos device challenge` and `answer`: a device shows that it is there, to a service that asks it for its key's word.
//!
//! What is signed is compared first, by the same code as on a board: a key that signs whatever it is given can be used by anybody.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Deserialize;
use serde_json::json;
use types::{Hash32, TimeMs};
use verifyid::DeviceId;
use verifyid_device::{ChallengePurpose, DeviceChallenge, Expected, Refused, audience_digest};
use wallet::cli::context::read_bounded;
use wallet::cli::report::when;
use wallet::cli::submit::now;
use wallet::cli::{Context, Report};
use wallet::keystore::file::read_private_bounded;
use wallet::{Chain, Error, NodeClient, Result};
use zeroize::Zeroizing;

use crate::key_file::DeviceKeyFile;
use crate::naming;
use crate::say::{lines, say};

const CHALLENGES: &str = "/api/v1/verifyid/challenges";
const ANSWERS: &str = "/api/v1/verifyid/challenges/answer";
/// A challenge in JSON, and what else somebody may have put beside it.
const FILE_BYTES_MAX: usize = 16 * 1_024;
/// A token, and the end of its line.
const TOKEN_BYTES_MAX: u64 = 8 * 1_024;

/// `device challenge`
#[derive(Debug, Args)]
pub struct ChallengeArgs {
    /// The device: its id, or the name or path of its key
    device: String,
    /// Whom the answer is for, such as https://fleet.example
    #[arg(long)]
    audience: String,
    #[command(flatten)]
    customer: CustomerToken,
}

/// `device answer`
#[derive(Debug, Args)]
pub struct AnswerArgs {
    /// The name or path of the device's present key
    key: String,
    /// Whom the device answers, such as https://fleet.example
    #[arg(long)]
    audience: String,
    /// A challenge that somebody has asked for, as JSON: the answer is printed for them, and no node is asked
    #[arg(long, value_name = "FILE", conflicts_with = "token_file")]
    challenge: Option<PathBuf>,
    #[command(flatten)]
    customer: CustomerToken,
}

/// Who asks.
#[derive(Debug, Args)]
struct CustomerToken {
    /// File with a token of the device's customer: it passes the locks that strangers can bring about
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

/// What helps that is not the same for all commands which ask for a challenge.
#[derive(Debug, Default)]
pub(super) struct Advice {
    /// Where there is no such thing at the node; nothing where its own word says all.
    missing: Option<String>,
    /// Where others have brought about a lock.
    locked: Option<String>,
}

impl CustomerToken {
    fn advice(&self) -> Advice {
        let missing = match self.token_file {
            Some(_) => say!("ask_without_token_file_another_node"),
            None => say!("ask_node_gives_out_challenges_node"),
        };
        Advice { missing: Some(missing), locked: Some(say!("customer_s_token_shown_token_file")) }
    }

    /// The client, showing the token if there is one.
    fn shown_by(&self, client: NodeClient) -> Result<NodeClient> {
        let Some(path) = &self.token_file else { return Ok(client) };
        let text = read_private_bounded(path, TOKEN_BYTES_MAX)?;
        let token = text.trim();
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
        if token.is_empty() || !token.bytes().all(is_token) {
            let message = say!("holds_no_token", value = path.display());
            return Err(Error::new("bad_token", message, say!("put_service_gave_into_alone_without")));
        }
        if !is_private(client.url()) {
            let message = say!("token_shown_nobody_over_connection_others");
            return Err(Error::new("token_in_the_open", message, say!("name_node_https_node_url")));
        }
        Ok(client.with_bearer(Zeroizing::new(token.to_owned())))
    }
}

/// A challenge, as a service gives it and as it stands in a file.
#[derive(Debug, Deserialize)]
pub(super) struct Given {
    pub(super) challenge: String,
    pub(super) preimage: String,
    /// The PCRs that a TPM quotes, where it is asked for.
    #[serde(default)]
    pub(super) pcrs: Option<Vec<u8>>,
}

/// What a service says of a right answer.
#[derive(Debug, Deserialize)]
pub(super) struct Verified {
    verified: bool,
    device: String,
    level: u8,
    work_class: Option<u8>,
    verified_at: u64,
    challenge_id: String,
}

impl ChallengeArgs {
    pub(super) fn run(&self, context: &Context) -> Result<Report> {
        naming::readable(context, &self.device)?;
        let client = self.customer.shown_by(context.client()?)?;
        let chain = context.chain(&client)?;
        let device = naming::device(context, &self.device, chain.network())?;
        let (given, challenge) =
            ask(&client, &chain, device, (&self.audience, PurposeAsked::Presence), &self.customer.advice())?;
        let rows = [
            ("device:", device.to_text(chain.network())),
            ("for:", self.audience.clone()),
            ("good until:", say!("five_minutes", value = when(TimeMs(challenge.expires_ms)))),
            ("to sign:", given.preimage.clone()),
            ("challenge:", given.challenge.clone()),
        ];
        let json = json!({
            "device": device.to_text(chain.network()), "audience": self.audience, "challenge": given.challenge,
            "nonce": hex::encode(challenge.nonce), "issued_at": challenge.issued_ms, "expires_at": challenge.expires_ms,
            "preimage": given.preimage,
        });
        Ok(Report::new(lines(&rows), json))
    }
}

impl AnswerArgs {
    pub(super) fn run(&self, context: &Context) -> Result<Report> {
        let key = naming::key(context, &self.key)?;
        if let Some(path) = &self.challenge {
            let chain = context.known_chain()?;
            let given = read_file(path)?;
            let challenge = read(&given.preimage)?;
            let answer =
                sign(context, (&challenge, &given), (&key, &chain), (&self.audience, ChallengePurpose::Presence))?;
            let rows = [
                ("answer:", answer.clone()),
                ("hand in until:", say!("where_challenge_was_given", value = when(TimeMs(challenge.expires_ms)))),
            ];
            return Ok(Report::new(lines(&rows), json!({"challenge": given.challenge, "answer": answer})));
        }
        let client = context.client()?;
        let chain = context.chain(&client)?;
        // Who asks is of no meaning to who judges.
        let asking = self.customer.shown_by(client.clone())?;
        let asked = (self.audience.as_str(), ChallengePurpose::Presence);
        let advice = self.customer.advice();
        let (given, challenge) = ask(&asking, &chain, key.device(), (&self.audience, PurposeAsked::Presence), &advice)?;
        let answer = sign(context, (&challenge, &given), (&key, &chain), asked)?;
        let verdict: Verified = client
            .post_at(ANSWERS, &json!({"challenge": given.challenge, "answer": answer}))
            .map_err(|error| with_advice(error, &self.key, &Advice::default()))?;
        let text = key.device().to_text(chain.network());
        told_of(&verdict, (&text, &challenge), &self.audience)
    }
}

/// The answer of a key in hexadecimal digits, once everything is compared.
pub(super) fn sign(
    context: &Context,
    (challenge, given): (&DeviceChallenge, &Given),
    (key, chain): (&DeviceKeyFile, &Chain),
    asked: (&str, ChallengePurpose),
) -> Result<String> {
    check(context, challenge, (key, chain), asked)?;
    Ok(hex::encode(&*key.sign(&given.preimage()?)))
}

/// Whether nobody on the way can read what is sent to a URL.
pub(super) fn is_private(url: &str) -> bool {
    !url.starts_with("http://") || is_here(url)
}

impl Given {
    /// The bytes that are signed.
    pub(super) fn preimage(&self) -> Result<Vec<u8>> {
        hex::decode(&self.preimage).map_err(|_| no_challenge(&say!("its_preimage_has_other_than_digits")))
    }
}

/// Compares a challenge with what this key of a device answers.
pub(super) fn check(
    context: &Context,
    challenge: &DeviceChallenge,
    (key, chain): (&DeviceKeyFile, &Chain),
    asked: (&str, ChallengePurpose),
) -> Result<()> {
    let expected = Expected {
        key_id: key.key_id().0,
        now_ms: Some(now().0),
        ..expected(chain, key.device(), challenge.key_id, asked)
    };
    challenge.check(&expected).map_err(|refused| {
        let hint = match refused {
            Refused::OtherKey => match naming::name_of(context, Hash32(challenge.key_id)) {
                Some(present) => say!("name_device_s_present_key_wallet", present),
                None => say!("name_file_device_s_present_key_2", device = key.device().to_text(chain.network())),
            },
            Refused::OtherAudience => say!("compare_audience_what_challenge_was_asked"),
            Refused::Over => {
                say!("ask_another_challenge_if_new_set")
            }
            _ => say!("nothing_was_signed_ask_whoever_gave"),
        };
        Error::new("challenge_refused", refused_words(refused), hint)
    })
}

/// Why a key does not answer a challenge.
pub(super) fn refused_words(refused: Refused) -> String {
    match refused {
        Refused::Length => say!("challenge_of_other_length"),
        Refused::Form => say!("challenge_of_other_form"),
        Refused::OtherChain => say!("challenge_for_other_chain"),
        Refused::OtherDevice => say!("challenge_for_other_device"),
        Refused::OtherKey => say!("challenge_for_other_key"),
        Refused::OtherAudience => say!("challenge_for_other_audience"),
        Refused::OtherPurpose => say!("challenge_for_other_purpose"),
        Refused::Life => say!("challenge_of_other_life"),
        Refused::Over => say!("challenge_over"),
    }
}

/// Whether a URL leads to this machine.
fn is_here(url: &str) -> bool {
    let host = url.strip_prefix("http://").unwrap_or_default().split('/').next().unwrap_or_default();
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host).trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// What a service may ask of a device, whichever key it names.
pub(super) fn expected(
    chain: &Chain,
    device: DeviceId,
    key_id: [u8; 32],
    (audience, purpose): (&str, ChallengePurpose),
) -> Expected {
    Expected {
        chain_id: chain.id().0.0,
        device: device.0.0,
        key_id,
        audience: audience_digest(audience),
        purpose,
        now_ms: None,
    }
}

/// What a service is asked for, by its name there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PurposeAsked {
    /// To show that the device is there.
    Presence,
    /// To be given a secret.
    Enrol,
    /// To enrol a TPM.
    TpmEnrol,
    /// To have a TPM quote.
    Tpm,
}

/// Asks for a challenge, and compares what comes with what was asked for.
pub(super) fn ask(
    client: &NodeClient,
    chain: &Chain,
    device: DeviceId,
    (audience, asked): (&str, PurposeAsked),
    advice: &Advice,
) -> Result<(Given, DeviceChallenge)> {
    let text = device.to_text(chain.network());
    let (name, purpose) = match asked {
        PurposeAsked::Presence => ("presence", ChallengePurpose::Presence),
        PurposeAsked::Enrol => ("enrol", ChallengePurpose::Enrol),
        PurposeAsked::TpmEnrol => ("tpm_enrol", ChallengePurpose::Enrol),
        PurposeAsked::Tpm => ("tpm", ChallengePurpose::Tpm),
    };
    let given: Given = client
        .post_at(CHALLENGES, &json!({"device": text, "audience": audience, "purpose": name}))
        .map_err(|error| with_advice(error, &text, advice))?;
    let challenge = read(&given.preimage).map_err(|_| bad_answer(&say!("what_no_challenge")))?;
    let wanted = expected(chain, device, challenge.key_id, (audience, purpose));
    challenge
        .check(&wanted)
        .map_err(|refused| bad_answer(&say!("another_challenge_than_was_asked", refused = refused_words(refused))))?;
    Ok((given, challenge))
}

pub(super) fn read_file(path: &Path) -> Result<Given> {
    let text = read_bounded(path, FILE_BYTES_MAX)?;
    serde_json::from_str(&text).map_err(|error| no_challenge(&format!("{}: {error}", path.display())))
}

pub(super) fn read(preimage: &str) -> Result<DeviceChallenge> {
    let bytes = hex::decode(preimage).map_err(|_| no_challenge(&say!("its_preimage_has_other_than_digits")))?;
    DeviceChallenge::read(&bytes).map_err(|refused| no_challenge(&refused_words(refused)))
}

pub(super) fn no_challenge(why: &str) -> Error {
    let hint = say!("give_service_gave_json");
    Error::new("no_challenge", say!("no_challenge", why), hint)
}

pub(super) fn bad_answer(what: &str) -> Error {
    Error::new("bad_answer", say!("node_gives", what), say!("nothing_was_signed_ask_another_node"))
}

/// An error of the service, with the command that tells more.
pub(super) fn with_advice(error: Error, device: &str, advice: &Advice) -> Error {
    let advice = match &*error.code {
        _ if !error.is_of_node => return error,
        "bad_answer" => say!("tells_id_its_present_key", device),
        "suspended" | "revoked" | "held" | "not_accepted" => {
            say!("tells_how_stands", device)
        }
        "enrolment_over" => say!("done_device_s_present_key_its"),
        "locked" | "asked_too_often" | "not_found" => {
            let advice = if &*error.code == "not_found" { &advice.missing } else { &advice.locked };
            let Some(advice) = advice else { return error };
            advice.clone()
        }
        _ => return error,
    };
    Error { hint: format!("{}; {advice}", error.hint), ..error }
}

/// The verdict, if it is about the device that was asked for.
pub(super) fn told_of(
    verdict: &Verified,
    (device, challenge): (&str, &DeviceChallenge),
    audience: &str,
) -> Result<Report> {
    if !verdict.verified || verdict.device != device || verdict.challenge_id != hex::encode(challenge.id) {
        let message = say!("node_gives_verdict_something_else_than");
        let hint = say!("answer_was_handed_its_challenge_used");
        return Err(Error::new("bad_answer", message, hint));
    }
    Ok(told(verdict, audience))
}

fn told(verdict: &Verified, audience: &str) -> Report {
    let class = verdict.work_class.map_or_else(String::new, |class| say!("work_class", class));
    let rows = [
        ("verified:", say!("yes")),
        ("device:", verdict.device.clone()),
        ("for:", audience.to_owned()),
        ("level:", format!("{}{class}", verdict.level)),
        ("at:", when(TimeMs(verdict.verified_at))),
        ("challenge id:", verdict.challenge_id.clone()),
    ];
    let json = json!({
        "verified": true, "device": verdict.device, "audience": audience, "level": verdict.level,
        "work_class": verdict.work_class, "verified_at": verdict.verified_at, "challenge_id": verdict.challenge_id,
    });
    Report::new(lines(&rows), json).unproven()
}
