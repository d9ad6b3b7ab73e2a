//! `thronos device verification` and `thronos verify-batch`: one verification, with all that leads from the genesis to it.
//!
//! A file of it is checked where no node is: nothing in it is believed.

use std::path::{Path, PathBuf};

use crate::say::{lines, say};
use clap::Args;
use crypto::merkle::{self, MerkleProof};
use execution::{Module, keys};
use serde::{Deserialize, Serialize};
use serde_json::json;
use types::{Address, ChainId, Genesis, Hash32, Height, List, Network, TimeMs};
use verifyid::{BatchAnswer, DeviceId, VerificationLeaf, VerifyId, batch_key, read_batch, tags};
use wallet::checkpoint::Checkpoint;
use wallet::cli::context::{read_bounded, write_new};
use wallet::cli::report::when;
use wallet::cli::{Context, Report};
use wallet::finality::{PortableProof, ProvenValue};
use wallet::{Error, Result};

/// What such a file says of itself.
const FORMAT: &str = "thronos verification 1";
/// A proof with many changes of large sets of validators has some MiB.
const FILE_BYTES_MAX: usize = 16 * 1_024 * 1_024;

/// `device verification`
#[derive(Debug, Args)]
pub struct ShowVerification {
    /// The challenge's id, as the verdict told it: 32 hexadecimal digits
    challenge: String,
    /// Write the proof to a new file, for `thronos verify-batch`
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// `verify-batch`
#[derive(Debug, Args)]
pub struct VerifyBatch {
    /// The file that `thronos device verification --out` has written
    file: PathBuf,
}

/// What a node answers.
#[derive(Debug, Deserialize)]
struct Answer {
    anchored: bool,
    leaf: LeafForm,
    path: Option<PathForm>,
    batch: Option<BatchForm>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct LeafForm {
    device: Hash32,
    challenge_id: String,
    time: TimeMs,
    result: u8,
    method: u8,
    audience_sha256: Hash32,
    answer_sha256: Hash32,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct PathForm {
    index: u32,
    count: u32,
    siblings: Vec<Hash32>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct BatchForm {
    verifier: Address,
    sequence: u64,
    /// The block that has it.
    height: Height,
}

/// A file that proves one verification.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object, as `thronos device verification --out` writes it")]
struct VerificationFile {
    format: String,
    chain_id: ChainId,
    leaf: LeafForm,
    path: PathForm,
    batch: BatchForm,
    proof: PortableProof,
}

/// What was found out.
struct Proven {
    leaf: VerificationLeaf,
    batch: BatchAnswer,
    value: ProvenValue,
}

impl ShowVerification {
    pub(super) fn run(&self, context: &Context) -> Result<Report> {
        let is_id = self.challenge.len() == 32 && self.challenge.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_id {
            let hint = say!("write_32_hexadecimal_digits_which_stands");
            return Err(Error::new("bad_challenge_id", say!("no_challenge_s_id"), hint));
        }
        let client = context.client()?;
        let chain = context.chain(&client)?;
        let path = format!("/api/v1/verifyid/verifications/{}", self.challenge.to_ascii_lowercase());
        let answer: Answer = client.get_at(&path)?;
        if answer.leaf.challenge_id != self.challenge.to_ascii_lowercase() {
            return Err(wrong(&say!("node_answers_another_verification_than_was")));
        }
        let (true, Some(path), Some(batch)) = (answer.anchored, answer.path, answer.batch) else {
            return self.told_alone(&answer.leaf, chain.network());
        };
        let key = batch_key(&batch.verifier, batch.sequence);
        let state = client.state_proof(&VerifyId::ID.to_string(), &key)?;
        let key = keys::of_module(VerifyId::ID, &key);
        let (proof, value) = PortableProof::fetch(&client, chain.genesis(), state, &key)?;
        // The next block commits to what a block has left.
        if value.height < batch.height {
            return self.told_alone(&answer.leaf, chain.network());
        }
        let (format, chain_id) = (FORMAT.to_owned(), chain.id());
        let file = VerificationFile { format, chain_id, leaf: answer.leaf, path, batch, proof };
        let proven = file.judge(value)?;
        if let Some(out) = &self.out {
            let text = serde_json::to_string_pretty(&file).expect("texts and numbers have a JSON form");
            write_new(out, &text)?;
            context.note(&say!("written_checks_anywhere", out = out.display()));
        }
        Ok(told(&proven, &file.batch, chain.network()))
    }

    /// A verification that no batch on the chain has yet.
    fn told_alone(&self, leaf: &LeafForm, network: Network) -> Result<Report> {
        if self.out.is_some() {
            let hint = say!("batch_closes_after_ten_minutes_on");
            return Err(Error::new("not_anchored", say!("verification_not_on_chain_yet_so"), hint));
        }
        let leaf = leaf.read()?;
        let rows = [
            ("device:", leaf.device.to_text(network)),
            ("at:", when(leaf.time)),
            ("result:", result_words(leaf.result)),
            ("on the chain:", say!("not_yet_batch_closes_after_ten")),
        ];
        let json = json!({
            "device": leaf.device.to_text(network), "time": leaf.time, "result": leaf.result, "method": leaf.method,
            "is_anchored": false,
        });
        Ok(Report::new(lines(&rows), json).unproven())
    }
}

impl VerifyBatch {
    pub(super) fn run(&self, context: &Context) -> Result<Report> {
        let chain = context.known_chain()?;
        let file = VerificationFile::read(&self.file)?;
        if file.chain_id != chain.id() {
            let hint = say!("file_of_other_chain_name_its_genesis");
            return Err(Error { hint, ..chain.other_chain(file.chain_id) });
        }
        let proven = file.check(chain.genesis(), &context.known_blocks(&chain)?).map_err(of_file)?;
        Ok(told(&proven, &file.batch, chain.network()))
    }
}

impl VerificationFile {
    fn read(path: &Path) -> Result<Self> {
        Self::parse(&read_bounded(path, FILE_BYTES_MAX)?, &path.display().to_string())
    }

    fn parse(text: &str, name: &str) -> Result<Self> {
        let hint = say!("give_file_wrote");
        let file: Self = serde_json::from_str(text)
            .map_err(|error| Error::new("no_verification", say!("no_proof_verification", value = name, error), hint))?;
        if file.format != FORMAT {
            let message = say!("form_version_does_not_know", value = name);
            return Err(Error::new("no_verification", message, say!("use_newer_wallet")));
        }
        Ok(file)
    }

    /// Everything, from the genesis on, and against the blocks that are known.
    fn check(&self, genesis: &Genesis, known: &[Checkpoint]) -> Result<Proven> {
        let key = keys::of_module(VerifyId::ID, &batch_key(&self.batch.verifier, self.batch.sequence));
        self.judge(self.proof.check(genesis, known, &key)?)
    }

    /// The leaf against the root that is proven to be on the chain.
    fn judge(&self, value: ProvenValue) -> Result<Proven> {
        let bytes = value.value.as_deref().ok_or_else(|| wrong(&say!("proven_chain_has_no_such_batch")))?;
        let batch = read_batch(bytes).ok_or_else(|| {
            Error::new("unknown_record", say!("proven_batch_has_form_wallet_does"), say!("use_newer_wallet"))
        })?;
        let leaf = self.leaf.read()?;
        let PathForm { index, count, ref siblings } = self.path;
        let siblings = List::new(siblings.clone()).map_err(|_| wrong(&say!("path_longer_than_any_can")))?;
        let path = MerkleProof { index, count, siblings };
        if count != batch.leaves || !merkle::verify(tags::TREE, &batch.root, &leaf.digest(), &path) {
            return Err(wrong(&say!("path_does_not_lead_from_verification")));
        }
        if self.batch.height != batch.height {
            return Err(wrong(&say!("batch_another_block_than_said")));
        }
        if leaf.time < batch.first || leaf.time > batch.last {
            return Err(wrong(&say!("verification_another_time_than_its_batch")));
        }
        Ok(Proven { leaf, batch, value })
    }
}

/// Checks the text of a file that proves a verification, from the genesis on. What it proves is known by its leaf's hash.
///
/// # Errors
/// As `thronos verify-batch FILE`: `no_verification`, `wrong_proof`, `unknown_record`, and those of a state's proof.
pub fn check_verification(text: &str, genesis: &Genesis) -> Result<Hash32> {
    VerificationFile::parse(text, "the text")?.check(genesis, &[]).map(|proven| proven.leaf.digest())
}

impl LeafForm {
    fn read(&self) -> Result<VerificationLeaf> {
        let mut challenge = [0; 16];
        hex::decode_to_slice(&self.challenge_id, &mut challenge)
            .map_err(|_| wrong(&say!("challenge_s_id_not_32_hexadecimal")))?;
        let Self { device, time, result, method, audience_sha256, answer_sha256, .. } = *self;
        let device = DeviceId(device);
        Ok(VerificationLeaf {
            device,
            challenge,
            time,
            result,
            method,
            audience: audience_sha256,
            answer: answer_sha256,
        })
    }
}

/// No node is asked, so what is wrong is the file's.
fn of_file(error: Error) -> Error {
    let is_of_proof = ["not_final", "bad_answer", "wrong_proof", "wrong_validator_set", "unknown_validator_set"]
        .contains(&error.own_code());
    let hint = say!("proves_nothing_ask_whoever_gave_another");
    if is_of_proof { Error { hint, ..error } } else { error }
}

fn wrong(why: &str) -> Error {
    Error::new("wrong_proof", why, say!("proves_nothing_ask_whoever_gave_another"))
}

/// What was said of an answer.
fn result_words(result: u8) -> String {
    match result {
        1 => say!("verified"),
        2 => say!("wrong_answer"),
        3 => say!("answer_came_too_late"),
        4 => say!("answer_challenge_was_answered_before"),
        5 => say!("no_answer"),
        6 => say!("right_answer_device_did_not_count"),
        _ => say!("unknown_wallet"),
    }
}

fn told(proven: &Proven, form: &BatchForm, network: Network) -> Report {
    let Proven { leaf, batch, value } = proven;
    let header = &value.header;
    let rows = [
        ("device:", leaf.device.to_text(network)),
        ("at:", when(leaf.time)),
        ("result:", result_words(leaf.result)),
        ("for:", say!("sha_256", audience = leaf.audience)),
        ("verifier:", form.verifier.to_text(network)),
        (
            "batch:",
            say!(
                "sequence_of_verifications",
                sequence = form.sequence,
                verification = say!("counted_verifications", count = batch.leaves)
            ),
        ),
        ("customer:", batch.customer.to_text(network)),
        ("root:", batch.root.to_string()),
        ("in:", say!("block_number", height = batch.height)),
        ("proven by:", wallet::cli::submit::finality(header.header.height.0, header.signers, header.validators)),
    ];
    let json = json!({
        "device": leaf.device.to_text(network), "challenge_id": hex::encode(leaf.challenge), "time": leaf.time,
        "result": leaf.result, "method": leaf.method, "audience_sha256": leaf.audience, "answer_sha256": leaf.answer,
        "verifier": form.verifier.to_text(network), "sequence": form.sequence, "customer": batch.customer.to_text(network),
        "leaves": batch.leaves, "root": batch.root, "height": batch.height, "proof_height": header.header.height, "header": header.hash,
        "validators_signed": header.signers, "validators": header.validators, "is_anchored": true, "checked": true,
    });
    Report::new(lines(&rows), json)
}
