//! The tokens of this service: given to customers who sign a request, and to devices that log in; taken from customers who ask for challenges.
//!
//! It must not know HTTP. How a token looks and what makes one good is the house's (`service::token`). Invariants: a token is given to nobody whom the
//! chain does not know; whether its holder is a customer is read at every use; a key is on the disk before it signs.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use hmac::Mac;
use service::chain::{Chain, Unavailable};
use service::token::{
    API, Claims, DEVICE, DeviceNote, Grant, Holders, Jti, Jwks, Role, TokenAlgorithm, TokenKey, TokenKeyFile,
    TokenKeys, TokenRefused, TokenTerms,
};
use service::{Ground, Refusal};
use types::{Address, ChainId, Network, Secp256k1Key, Secp256k1Signature, TimeMs};
use verifyid::TokenRequest;
use zeroize::Zeroizing;

use crate::examiner::Shown;
use crate::examiner::keys::{Key, derive, hmac};
use crate::examiner::token::Sealed;
use crate::metrics::Counts;
use crate::proof;
use crate::taken_back::{NotTakenBack, TakenBack};

/// The file's name in the service's folder.
pub(crate) const FILE: &str = "token.keys";
/// How old a signed request may be.
const REQUEST_MS_MAX: u64 = 60_000;
/// How far ahead its clock may be.
const AHEAD_MS_MAX: u64 = 30_000;
/// The version of what makes an account a customer: it is or is not, so there is one.
const CUSTOMER_VERSION: u64 = 1;

/// A customer's signed request.
#[derive(Clone, Debug)]
pub(crate) struct SignedRequest {
    pub(crate) account: Address,
    pub(crate) key: Secp256k1Key,
    pub(crate) issued: TimeMs,
    pub(crate) signature: Secp256k1Signature,
}

/// A token that was given.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct GivenToken {
    pub(crate) token: String,
    /// When it ends, in ms since 1970.
    pub(crate) expires_ms: u64,
}

/// Why a customer is given none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoToken {
    /// It was not signed within the last minute.
    Old,
    /// The account's key did not sign exactly this for the key that signs tokens now.
    Signature,
    /// The chain knows no plan and no device of the account.
    NoCustomer,
}

impl NoToken {
    /// A stable name.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Old => "request_expired",
            Self::Signature => "bad_signature",
            Self::NoCustomer => "plan_required",
        }
    }
}

/// All of it.
pub(crate) struct TokenOffice {
    keys: RwLock<Arc<TokenKeys>>,
    /// Held while a key is made.
    making: Mutex<TokenKeyFile>,
    made: AtomicU64,
    taken_back: Mutex<TakenBack>,
    entropy: Key,
    algorithm: TokenAlgorithm,
    chain_id: ChainId,
    network: Network,
    api: TokenTerms,
    device: TokenTerms,
    counts: Counts,
}

impl TokenOffice {
    /// Opens the keys in the service's folder, or makes the first. Keys never outlive the list of tokens that were taken back: without it
    /// nobody knows which of theirs are good.
    ///
    /// # Errors
    /// `token_keys`, `token_log`.
    pub(crate) fn open(ground: &Ground, algorithm: &str, counts: Counts, now_ms: u64) -> Result<Self, Refusal> {
        let chain_id = ground.chain.id();
        let terms = |kind, name, roles| {
            let (issuer, audience) = (TokenTerms::issuer(chain_id), TokenTerms::audience(name, chain_id));
            TokenTerms { kind, issuer, audience, roles }
        };
        let entropy = derive(&ground.entropy, None, "thr/v1/verifyid-tokens");
        let named = [TokenAlgorithm::EdDsa, TokenAlgorithm::Ed25519].into_iter().find(|one| one.name() == algorithm);
        let algorithm = named.unwrap_or(TokenAlgorithm::EdDsa);
        let (file, made) = (TokenKeyFile::new(&ground.folder, FILE), AtomicU64::new(0));
        let (kept, is_list_there) = (file.read()?, TakenBack::exists(&ground.folder)?);
        let keys = match kept {
            Some(keys) if is_list_there => keys,
            _ => {
                let first = TokenKeys::new(new_key(&entropy, &made, algorithm, now_ms));
                file.write(&first)?;
                first
            }
        };
        // After the keys: a crash between leaves no list, and keys that nobody was given a token of.
        let taken_back = Mutex::new(TakenBack::open(&ground.folder, now_ms)?);
        Ok(Self {
            keys: RwLock::new(Arc::new(keys)),
            making: Mutex::new(file),
            made,
            taken_back,
            entropy,
            algorithm,
            chain_id,
            network: ground.chain.genesis().network,
            api: terms(API, "thr-api", &[Role::Verifier]),
            device: terms(DEVICE, "thr-device", &[Role::Driver]),
            counts,
        })
    }

    /// Whom an answer must be for, so that a device is given a token.
    pub(crate) fn device_audience(&self) -> &str {
        &self.device.audience
    }

    /// The live keys, as others read them.
    pub(crate) fn jwks(&self, now_ms: u64) -> Jwks {
        self.keys().jwks(now_ms)
    }

    /// Gives a customer a token for a signed request. The same request gives the same token, so that whoever repeats one wins nothing by it.
    ///
    /// # Errors
    /// [`NoToken`], and [`Unavailable`] where the chain cannot be read.
    pub(crate) fn give_customer(
        &self,
        chain: &dyn Chain,
        request: &SignedRequest,
        now_ms: u64,
    ) -> Result<Result<GivenToken, NoToken>, Unavailable> {
        let given = self.judge(chain, request, now_ms)?;
        match &given {
            Ok(_) => self.counts.token_given(API.typ),
            Err(none) => self.counts.token_refused(none.code()),
        }
        Ok(given)
    }

    fn judge(
        &self,
        chain: &dyn Chain,
        request: &SignedRequest,
        now_ms: u64,
    ) -> Result<Result<GivenToken, NoToken>, Unavailable> {
        let SignedRequest { account, key, issued, signature } = request;
        let is_fresh =
            issued.0 <= now_ms.saturating_add(AHEAD_MS_MAX) && now_ms.saturating_sub(issued.0) <= REQUEST_MS_MAX;
        if !is_fresh {
            return Ok(Err(NoToken::Old));
        }
        let keys = self.signing_keys(now_ms);
        let statement =
            TokenRequest { chain_id: self.chain_id, account: *account, kid: keys.signs().kid(), issued: *issued };
        let digest = crypto::hash::sha256(&statement.to_bytes());
        let is_own = crypto::ids::address_of_key(key) == *account;
        if !is_own || crypto::ecdsa::verify(&digest, key, signature).is_err() {
            return Ok(Err(NoToken::Signature));
        }
        if !proof::is_customer(chain, account)? {
            return Ok(Err(NoToken::NoCustomer));
        }
        let subject = account.to_text(self.network);
        let (version, life_s) = (CUSTOMER_VERSION, API.life_s_max);
        let jti = self.jti("customer", &digest);
        let grant = Grant { subject: &subject, role: Role::Verifier, version, life_s, jti, device: None };
        // A request from a clock that is ahead gives none that outlives its key.
        let given_ms = issued.0.min(now_ms);
        Ok(Ok(given(&self.api, &keys, &grant, given_ms)))
    }

    /// Gives a device that has just logged in a token, named by its challenge. Its level in it is a note.
    pub(crate) fn give_device(&self, sealed: &Sealed, level: u8, shown: &Shown, now_ms: u64) -> Option<GivenToken> {
        let subject = shown.owner?.to_text(self.network);
        let note = DeviceNote { device: sealed.device.to_text(self.network), level };
        let (version, life_s, jti) = (u64::from(shown.rotation), DEVICE.life_s_max, self.jti("device", &sealed.id));
        let grant = Grant { subject: &subject, role: Role::Driver, version, life_s, jti, device: Some(&note) };
        let keys = self.signing_keys(now_ms);
        self.counts.token_given(DEVICE.typ);
        Some(given(&self.device, &keys, &grant, now_ms))
    }

    /// The customer who shows this token.
    ///
    /// # Errors
    /// [`TokenRefused`], and [`Unavailable`] where the chain cannot be read.
    pub(crate) fn customer(
        &self,
        chain: &dyn Chain,
        token: &str,
        now_ms: u64,
    ) -> Result<Result<Address, TokenRefused>, Unavailable> {
        let of = |claims: Claims| Address::parse(&claims.subject, self.network).map_err(|_| TokenRefused::Claims);
        Ok(self.claims(chain, token, now_ms)?.and_then(of))
    }

    /// Takes a customer's token back, durably.
    ///
    /// # Errors
    /// [`TokenRefused`] for one that is not good, [`NotTakenBack`], and [`Unavailable`] where the chain cannot be read.
    pub(crate) fn take_back(
        &self,
        chain: &dyn Chain,
        token: &str,
        now_ms: u64,
    ) -> Result<Result<Result<(), NotTakenBack>, TokenRefused>, Unavailable> {
        let taken_back = |claims: Claims| {
            let mut list = self.taken_back.lock().unwrap_or_else(PoisonError::into_inner);
            list.add(claims.jti, claims.expires_s, now_ms)
        };
        Ok(self.claims(chain, token, now_ms)?.map(taken_back))
    }

    fn claims(&self, chain: &dyn Chain, token: &str, now_ms: u64) -> Result<Result<Claims, TokenRefused>, Unavailable> {
        let (network, taken_back) = (self.network, &self.taken_back);
        let customers = Customers { chain, network, taken_back, failed: Mutex::new(None) };
        let taken = self.api.verify(&self.keys(), token, &customers, now_ms);
        if let Some(unavailable) = *customers.failed.lock().unwrap_or_else(PoisonError::into_inner) {
            return Err(unavailable);
        }
        if let Err(refused) = &taken {
            self.counts.token_refused(refused.code());
        }
        Ok(taken)
    }

    /// The keys as they are now.
    pub(crate) fn keys(&self) -> Arc<TokenKeys> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The keys to sign by: another one signs once the present one has done so for 90 days.
    fn signing_keys(&self, now_ms: u64) -> Arc<TokenKeys> {
        let keys = self.keys();
        if !keys.is_due(now_ms) {
            return keys;
        }
        let file = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        // Somebody else may have made it meanwhile.
        let keys = self.keys();
        if !keys.is_due(now_ms) {
            return keys;
        }
        let next = new_key(&self.entropy, &self.made, self.algorithm, now_ms);
        let Ok(next) = keys.rotated(next, API.life_s_max.max(DEVICE.life_s_max), now_ms) else {
            return keys;
        };
        if let Err(refusal) = file.write(&next) {
            tracing::error!(%refusal, "a new key for tokens could not be written down, so the former goes on signing");
            return keys;
        }
        tracing::info!(kid = next.signs().kid(), "a new key signs tokens; the former checks those that it signed");
        let next = Arc::new(next);
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = next.clone();
        next
    }

    fn jti(&self, purpose: &str, of: &[u8]) -> Jti {
        let random: [u8; 32] =
            hmac(self.entropy.as_slice(), &[purpose.as_bytes(), &[0], of].concat()).finalize().into_bytes().into();
        let mut jti = [0; 16];
        jti.copy_from_slice(random.split_at(16).0);
        Jti(jti)
    }
}

/// What is wrong with the keys of a stopped service, if anything is.
pub(crate) fn fault(folder: &Path) -> Option<String> {
    TokenKeyFile::new(folder, FILE).fault()
}

fn given(terms: &TokenTerms, keys: &TokenKeys, grant: &Grant<'_>, now_ms: u64) -> GivenToken {
    let token = terms.issue(keys, grant, now_ms).expect("addresses and ids are names, and the role is the terms' own");
    GivenToken { token, expires_ms: (now_ms / 1_000).saturating_add(grant.life_s).saturating_mul(1_000) }
}

fn new_key(entropy: &Key, made: &AtomicU64, algorithm: TokenAlgorithm, now_ms: u64) -> TokenKey {
    let number = made.fetch_add(1, Ordering::Relaxed);
    let secret: Key = derive(entropy.as_slice(), None, &format!("thr/v1/verifyid-token-key/{number}"));
    TokenKey::new(algorithm, Zeroizing::new(*secret), now_ms)
}

/// Customers as the chain knows them now.
struct Customers<'a> {
    chain: &'a dyn Chain,
    network: Network,
    taken_back: &'a Mutex<TakenBack>,
    failed: Mutex<Option<Unavailable>>,
}

impl Holders for Customers<'_> {
    fn is_revoked(&self, jti: &Jti) -> bool {
        self.taken_back.lock().unwrap_or_else(PoisonError::into_inner).has(jti)
    }

    fn version(&self, subject: &str, role: Role) -> Option<u64> {
        let account = Address::parse(subject, self.network).ok().filter(|_| role == Role::Verifier)?;
        match proof::is_customer(self.chain, &account) {
            Ok(is_customer) => is_customer.then_some(CUSTOMER_VERSION),
            Err(unavailable) => {
                *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(unavailable);
                None
            }
        }
    }
}
