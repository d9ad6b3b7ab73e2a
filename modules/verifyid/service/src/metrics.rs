//! What is counted for Prometheus.
//!
//! Labels are this crate's own words, never a client's.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::examiner::Refused;

type Label = [(&'static str, &'static str); 1];

/// The counts; a copy is another hand on the same ones.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    challenges: Counter,
    refused: Family<Label, Counter>,
    answers: Family<Label, Counter>,
    alarms: Counter,
    tokens: Family<Label, Counter>,
    tokens_refused: Family<Label, Counter>,
    used: Gauge,
    tpms: Gauge,
    tpm_enrolments: Family<Label, Counter>,
    tpm_quotes: Family<Label, Counter>,
    tpm_changes: Family<Label, Counter>,
    enrolled: Gauge,
    token_key_made: Gauge,
    leaves: Counter,
    leaves_left_out: Counter,
    batches: Family<Label, Counter>,
    leaves_open: Gauge,
    batches_waiting: Gauge,
}

impl Counts {
    /// A challenge was given out, or why not.
    pub(crate) fn asked(&self, result: Result<(), Refused>) {
        match result {
            Ok(()) => self.challenges.inc(),
            Err(refused) => self.refused.get_or_create(&[("reason", refused.code())]).inc(),
        };
    }

    /// An answer was good, or why not.
    pub(crate) fn answered(&self, result: Result<(), Refused>) {
        let word = result.map_or_else(Refused::code, |()| "verified");
        self.answers.get_or_create(&[("verdict", word)]).inc();
    }

    /// The operator was told of a device.
    pub(crate) fn alarmed(&self) {
        self.alarms.inc();
    }

    /// A token of this kind was given.
    pub(crate) fn token_given(&self, kind: &'static str) {
        self.tokens.get_or_create(&[("kind", kind)]).inc();
    }

    /// A token that was shown is not taken, or none was given.
    pub(crate) fn token_refused(&self, reason: &'static str) {
        self.tokens_refused.get_or_create(&[("reason", reason)]).inc();
    }

    /// So many devices have a TPM.
    pub(crate) fn tpms(&self, count: usize) {
        self.tpms.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// A TPM was enrolled, or why not.
    pub(crate) fn tpm_enrolled(&self, result: Result<(), &'static str>) {
        let word = result.err().unwrap_or("enrolled");
        self.tpm_enrolments.get_or_create(&[("result", word)]).inc();
    }

    /// A quote was good, or why not.
    pub(crate) fn tpm_quoted(&self, result: Result<(), &'static str>) {
        let word = result.err().unwrap_or("good");
        self.tpm_quotes.get_or_create(&[("verdict", word)]).inc();
    }

    /// Something is not as it was at the last quote of a TPM.
    pub(crate) fn tpm_changed(&self, what: &'static str) {
        self.tpm_changes.get_or_create(&[("what", what)]).inc();
    }

    /// So many answered challenges are remembered.
    pub(crate) fn remembered(&self, count: usize) {
        self.used.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// The key that signs tokens was made at this instant in ms since 1970.
    pub(crate) fn token_key(&self, made_ms: u64) {
        self.token_key_made.set(i64::try_from(made_ms / 1_000).unwrap_or(i64::MAX));
    }

    /// So many older devices are enrolled.
    pub(crate) fn enrolled(&self, count: usize) {
        self.enrolled.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// So many verdicts were written down for batches.
    pub(crate) fn leaves(&self, count: usize) {
        self.leaves.inc_by(u64::try_from(count).unwrap_or(u64::MAX));
    }

    /// A wrong answer is in no batch, because too many came before it.
    pub(crate) fn leaf_left_out(&self) {
        self.leaves_left_out.inc();
    }

    /// A batch has come to an end, or was refused.
    pub(crate) fn batch(&self, end: &'static str) {
        self.batches.get_or_create(&[("end", end)]).inc();
    }

    /// So many leaves are in no batch, and so many batches wait for the chain.
    pub(crate) fn waiting(&self, leaves: usize, batches: usize) {
        self.leaves_open.set(i64::try_from(leaves).unwrap_or(i64::MAX));
        self.batches_waiting.set(i64::try_from(batches).unwrap_or(i64::MAX));
    }

    /// Has them read with the node's own.
    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register("challenges", "Challenges that were given out", self.challenges.clone());
        registry.register("challenges_refused", "Challenges that were not, by reason", self.refused.clone());
        registry.register("answers", "Answers by verdict", self.answers.clone());
        registry.register("alarms", "Devices with 50 wrong answers within an hour", self.alarms.clone());
        registry.register("tokens_given", "Tokens that were given, by kind", self.tokens.clone());
        registry.register(
            "tokens_refused",
            "Tokens that were not given or not taken, by reason",
            self.tokens_refused.clone(),
        );
        let made = "When the key that signs tokens was made, in seconds since 1970; 0 where none is";
        registry.register("token_key_made_seconds", made, self.token_key_made.clone());
        registry.register("hmac_devices", "Older devices that are enrolled", self.enrolled.clone());
        registry.register("leaves", "Verdicts that were written down for batches", self.leaves.clone());
        let left_out = "Wrong answers that are in no batch, because too many came before them";
        registry.register("leaves_left_out", left_out, self.leaves_left_out.clone());
        registry.register("batches", "Batches by what became of them", self.batches.clone());
        registry.register("leaves_open", "Verdicts that are in no batch yet", self.leaves_open.clone());
        registry.register("batches_waiting", "Batches that wait for the chain", self.batches_waiting.clone());
        registry.register("tpms", "Devices that have enrolled a TPM", self.tpms.clone());
        registry.register("tpm_enrolments", "Enrolments of TPMs by what became of them", self.tpm_enrolments.clone());
        registry.register("tpm_quotes", "Quotes of TPMs by verdict", self.tpm_quotes.clone());
        let changes = "Good quotes that say something else than the last one did, by what it is";
        registry.register("tpm_changes", changes, self.tpm_changes.clone());
        registry.register("answers_remembered", "Answered challenges that are remembered", self.used.clone());
    }
}
