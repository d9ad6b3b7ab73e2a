//! TPMs of devices: a device says by its key which TPM is its own, the TPM opens what is for it alone, and from then on it quotes.
//!
//! `roots` are the makers whose word is taken, `policy` the PCRs that are asked for, `ek_key` the key under which TPMs are remembered, `table` what is
//! kept of them, `keys` what a device hands in, `refused` why it is not taken, `drawn` random numbers for credentials. It must not know HTTP, nor set a level: that is the
//! authority's. Invariants: what a TPM is recognised by stands nowhere but under the key; one TPM is of one device as long as that is not revoked; a
//! quote is kept before it is told, and one that is not good changes nothing.

mod drawn;
pub(crate) mod ek_key;
pub(crate) mod keys;
mod policy;
mod refused;
mod roots;
pub(crate) mod table;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use execution::{Module, ModuleView};
use service::chain::{Chain, Unavailable};
use service::log::LogError;
use service::{Ground, Refusal};
use tokio::sync::Semaphore;
use types::{ChainId, Hash32, TimeMs};
use verifyid::{DeviceId, Status, VerifyId, tags};
use verifyid_tpm::{ExpectedQuote, TpmCredential, TpmKeyKind, check_ek_certificate, make_credential, verify_quote};
use zeroize::Zeroizing;

use crate::VerifyIdSettings;
use crate::examiner::GivenCredential;
use crate::examiner::keys::derive;
use crate::metrics::Counts;
use drawn::Drawn;
use ek_key::{EkKey, EkMac};
use keys::TpmKeys;
use policy::PcrPolicy;
pub(crate) use refused::TpmRefused;
use roots::Roots;
use table::{EkHolder, Enrolment, NotKept, Quoted, TpmTable};

/// What a device answers for when it enrols a TPM begins so; the first eight digits of the chain's id and those of the keys' digest follow.
const ENROL_AUDIENCE: &str = "thr-tpm-enrol";
/// What the digest of a credential begins with.
const CREDENTIAL: &[u8] = b"thr-tpm-credential";
/// What the evidence of a quote begins with.
const EVIDENCE: &[u8] = b"thr-tpm-evidence";

/// The office of TPMs.
pub(crate) struct TpmOffice {
    roots: Roots,
    policy: PcrPolicy,
    ek_key: EkKey,
    table: TpmTable,
    drawn: Drawn,
    chain_id: ChainId,
    counts: Counts,
    /// The turn of who has something written down: the disk is waited for by one request and not by all.
    turn: Arc<Semaphore>,
}

/// What a device hands in with a quote.
#[derive(Clone, Debug)]
pub(crate) struct HandedQuote {
    /// `TPMS_ATTEST`.
    pub(crate) message: Vec<u8>,
    /// `TPMT_SIGNATURE`.
    pub(crate) signature: Vec<u8>,
    /// Values of the PCRs, in the order of their numbers.
    pub(crate) pcrs: Vec<[u8; 32]>,
}

/// A quote that is good, and what it was compared with.
#[derive(Clone, Debug)]
pub(crate) struct GoodQuote {
    before: Enrolment,
    now: Quoted,
    /// What the authority is shown: SHA-256 of it stands on the chain.
    pub(crate) evidence: Vec<u8>,
    is_firmware_changed: bool,
}

impl GoodQuote {
    /// SHA-256 of the evidence.
    pub(crate) const fn digest(&self) -> Hash32 {
        self.now.evidence
    }
}

impl TpmOffice {
    /// Opens it in the service's folder; nothing where no root is listed.
    ///
    /// # Errors
    /// `tpm_roots`, `tpm_pcrs`, `ek_key`, `tpm_log`.
    pub(crate) fn open(settings: &VerifyIdSettings, ground: &Ground, counts: Counts) -> Result<Option<Self>, Refusal> {
        if settings.tpm_roots.is_empty() {
            return Ok(None);
        }
        let roots = Roots::read(&settings.tpm_roots)?;
        let policy = PcrPolicy::read(&settings.tpm_pcrs).ok_or_else(|| {
            Refusal::new(
                "tpm_pcrs",
                "`verifyid.tpm_pcrs` is not what is expected: a list of numbers of PCRs".to_owned(),
            )
        })?;
        let folder: &Path = &ground.folder;
        let has_table = TpmTable::exists(folder)?;
        let ek_key = EkKey::open(folder, has_table, &ground.entropy)?;
        let table = TpmTable::open(folder, &ek_key)?;
        counts.tpms(table.devices());
        Ok(Some(Self {
            roots,
            policy,
            ek_key,
            table,
            drawn: Drawn::new(derive(&ground.entropy, None, "thr/v1/verifyid-tpm-drawn")),
            chain_id: ground.chain.id(),
            counts,
            turn: Arc::new(Semaphore::new(1)),
        }))
    }

    /// The PCRs that a quote has to be of.
    pub(crate) fn pcrs(&self) -> &[u8] {
        self.policy.numbers()
    }

    /// The turn of who has something written down.
    pub(crate) fn turn(&self) -> Arc<Semaphore> {
        self.turn.clone()
    }

    /// What is kept of a device's TPM.
    pub(crate) fn of_device(&self, device: &DeviceId) -> Option<Enrolment> {
        self.table.of_device(device)
    }

    /// Whom a device answers that enrols a TPM with these keys.
    pub(crate) fn enrol_audience(&self, keys: &TpmKeys) -> String {
        format!("{}{}", self.audience_begin(), keys.digest())
    }

    /// Whether a challenge for an enrolment may be for this audience.
    pub(crate) fn is_enrol_audience(&self, audience: &str) -> bool {
        audience.strip_prefix(&self.audience_begin()).is_some_and(|digits| digits.parse::<Hash32>().is_ok())
    }

    fn audience_begin(&self) -> String {
        let chain: String = self.chain_id.0.to_string().chars().take(8).collect();
        format!("{ENROL_AUDIENCE}:{chain}:")
    }

    /// What the challenge of a credential is for.
    pub(crate) fn credential_audience(keys: &TpmKeys) -> Hash32 {
        Hash32(crypto::hash::sha256(&[CREDENTIAL, keys.digest().as_bytes()].concat()))
    }

    /// Judges the keys and certificates of a device that has signed for them.
    ///
    /// # Errors
    /// [`Unavailable`]; [`TpmRefused`].
    pub(crate) fn judge_keys(
        &self,
        chain: &dyn Chain,
        device: &DeviceId,
        (keys, certificates): (&TpmKeys, &[Vec<u8>]),
        now: TimeMs,
    ) -> Result<Result<(), TpmRefused>, Unavailable> {
        let judged = self.judge_certified(keys, certificates, now);
        match judged {
            Ok(mac) => Ok(self.may_hold(chain, device, &mac)?.map(|_| ())),
            Err(refused) => Ok(Err(refused)),
        }
    }

    fn judge_certified(&self, keys: &TpmKeys, certificates: &[Vec<u8>], now: TimeMs) -> Result<EkMac, TpmRefused> {
        let (endorsement, _) = keys.judge()?;
        // A TPM of either kind has one of this kind: with both it would be two TPMs.
        if endorsement.area().kind() != TpmKeyKind::Rsa2048 {
            return Err(TpmRefused::EndorsementKind);
        }
        let chain: Vec<&[u8]> = certificates.iter().map(Vec::as_slice).collect();
        check_ek_certificate(&endorsement, &chain, &self.roots.all(), now.0 / 1_000).map_err(TpmRefused::Chain)?;
        Ok(self.ek_key.mac(&endorsement.key_digest()))
    }

    /// Whether a TPM can be this device's: it is nobody's, or its own, or of one that is revoked, which it may be taken from.
    fn may_hold(
        &self,
        chain: &dyn Chain,
        device: &DeviceId,
        mac: &EkMac,
    ) -> Result<Result<EkHolder, TpmRefused>, Unavailable> {
        match self.table.holder(mac) {
            None => Ok(if self.table.has_room() { Ok(EkHolder::Nobody) } else { Err(TpmRefused::Full) }),
            Some(holder) if holder == *device => Ok(Ok(EkHolder::Device(holder))),
            Some(holder) => {
                let state = chain.state()?;
                let found = verifyid::device(&ModuleView::new(&*state.view, VerifyId::ID), &holder);
                Ok(match found.is_some_and(|found| found.status == Status::Revoked) {
                    true => Ok(EkHolder::Device(holder)),
                    false => Err(TpmRefused::OtherDevice),
                })
            }
        }
    }

    /// Makes what the TPM with this endorsement key alone opens, for this attestation key alone.
    ///
    /// # Errors
    /// [`TpmRefused`].
    pub(crate) fn credential(&self, keys: &TpmKeys, given: &GivenCredential) -> Result<TpmCredential, TpmRefused> {
        let (endorsement, attestation) = keys.judge()?;
        make_credential(&endorsement, &attestation, given.secret.as_slice(), &mut self.drawn.begin())
            .map_err(TpmRefused::Credential)
    }

    /// Keeps a TPM as this device's.
    ///
    /// # Errors
    /// [`Unavailable`]; [`NotEnrolled`].
    pub(crate) fn enrol(
        &self,
        chain: &dyn Chain,
        (device, key_id): (DeviceId, Hash32),
        keys: &TpmKeys,
        at: TimeMs,
    ) -> Result<Result<(), NotEnrolled>, Unavailable> {
        let (endorsement, _) = match keys.judge() {
            Ok(keys) => keys,
            Err(refused) => return Ok(Err(NotEnrolled::Refused(refused))),
        };
        let digest = Zeroizing::new(endorsement.key_digest());
        let ek = self.ek_key.mac(&digest);
        let holder = match self.may_hold(chain, &device, &ek)? {
            Ok(holder) => holder,
            Err(refused) => return Ok(Err(NotEnrolled::Refused(refused))),
        };
        let enrolment = Enrolment { key_id, at, ek, attestation_key: keys.attestation.clone(), quoted: None };
        let kept = self.table.enrol(device, enrolment, (self.ek_key.seal(&digest), holder));
        self.counts.tpms(self.table.devices());
        Ok(kept.map_err(NotEnrolled::of))
    }

    /// Judges a quote against what is kept of the device's TPM. Nothing is changed.
    ///
    /// # Errors
    /// [`TpmRefused`].
    pub(crate) fn judge_quote(
        &self,
        (device, key_id): (&DeviceId, &Hash32),
        preimage: &[u8],
        handed: &HandedQuote,
        at: TimeMs,
    ) -> Result<GoodQuote, TpmRefused> {
        let before = self.table.of_device(device).ok_or(TpmRefused::NotEnrolled)?;
        if before.key_id != *key_id {
            return Err(TpmRefused::KeyChanged);
        }
        let key = keys::attestation_key(&before.attestation_key)?;
        let pcrs = self.policy.state_of(&handed.pcrs)?;
        let expected = ExpectedQuote {
            extra_data: extra_data(preimage),
            qualified_signer: before.quoted.map(|quoted| quoted.signer),
            pcrs,
            last: before.quoted.map(|quoted| quoted.last),
        };
        let proven = verify_quote(&key, &handed.message, &handed.signature, &expected).map_err(TpmRefused::Quote)?;
        self.policy.allows(&handed.pcrs)?;
        let evidence = evidence(preimage, &before.attestation_key, handed);
        let now = Quoted {
            at,
            signer: proven.qualified_signer,
            last: proven.now,
            pcrs: Hash32(proven.pcrs.digest),
            evidence: Hash32(crypto::hash::sha256(&evidence)),
        };
        Ok(GoodQuote { before, now, evidence, is_firmware_changed: proven.is_firmware_changed })
    }

    /// Keeps a quote, unless another was kept since it was judged.
    ///
    /// # Errors
    /// [`NotEnrolled`].
    pub(crate) fn keep(&self, device: DeviceId, quote: &GoodQuote) -> Result<(), NotEnrolled> {
        self.table.quoted(device, &quote.before, quote.now).map_err(NotEnrolled::of)?;
        let id = device.0;
        if quote.is_firmware_changed {
            tracing::warn!(device = %id, firmware = quote.now.last.firmware, "the TPM of a device has another firmware");
            self.counts.tpm_changed("firmware");
        }
        if quote.before.quoted.is_some_and(|before| before.pcrs != quote.now.pcrs) {
            tracing::warn!(device = %id, "the PCRs of a device have other values than at its last quote");
            self.counts.tpm_changed("pcrs");
        }
        Ok(())
    }
}

/// Whether texts of the settings are PCRs.
pub(crate) fn is_pcr_policy(texts: &[String]) -> bool {
    PcrPolicy::read(texts).is_some()
}

/// Why something is not kept of a TPM.
#[derive(Debug)]
pub(crate) enum NotEnrolled {
    Refused(TpmRefused),
    /// The disk took it not.
    NotWritten(LogError),
}

impl NotEnrolled {
    fn of(not_kept: NotKept) -> Self {
        match not_kept {
            NotKept::Meanwhile => Self::Refused(TpmRefused::Meanwhile),
            NotKept::NotWritten(error) => Self::NotWritten(error),
        }
    }
}

/// What a TPM is given: SHA-256 of the challenge under the tag of quotes.
pub(crate) fn extra_data(preimage: &[u8]) -> [u8; 32] {
    crypto::hash::sha256(&tagged(preimage))
}

fn tagged(preimage: &[u8]) -> Vec<u8> {
    let (_, rest) = preimage.split_at(preimage.len().min(tags::CHALLENGE_TPM.as_bytes().len()));
    [tags::CHALLENGE_TPM.as_bytes().as_slice(), rest].concat()
}

/// `thr-tpm-evidence`, the 210 bytes that were hashed for the TPM, and public area, quote and signature, each with two bytes of length in front (little-endian).
fn evidence(preimage: &[u8], attestation_key: &[u8], handed: &HandedQuote) -> Vec<u8> {
    let mut evidence = [EVIDENCE, &tagged(preimage)].concat();
    for part in [attestation_key, &handed.message, &handed.signature] {
        let length = u16::try_from(part.len()).expect("bounded when it was read");
        evidence.extend(length.to_le_bytes());
        evidence.extend(part);
    }
    evidence
}
