//! The tokens of this service: given to customers who sign a request, and to devices that log in; taken from customers who ask for challenges.
//!
//! It must not know HTTP. How a token looks and what makes one good is the house's (`service::token`). Invariants: a token is given to nobody whom the
//! chain does not know; whether its holder is a customer is read at every use; a key is on the disk before it signs; a token that a device or a customer is
//! given or shows waits for no disk but where the next key is due, and there one request at a time.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, TryLockError};

use service::chain::{Chain, Unavailable};
use service::token::{
    API, Claims, DEVICE, DeviceNote, Grant, Holders, Jti, Jwks, Role, SoundToken, TokenAlgorithm, TokenKey,
    TokenKeyFile, TokenKeys, TokenRefused, TokenTerms, TwoClocks,
};
use service::{Ground, Refusal};
use tokio::sync::Semaphore;
use types::{Address, Auth, ChainId, Network, PolicySignature, Secp256k1Key, Secp256k1Signature, TimeMs};
use verifyid::TokenRequest;
use zeroize::Zeroizing;

use crate::examiner::Shown;
use crate::examiner::keys::{Key, derive};
use crate::examiner::moment::Moment;
use crate::examiner::tally::Tally;
use crate::examiner::token::Sealed;
use crate::metrics::Counts;
use crate::proof;
use crate::taken_back::{NotTakenBack, TakenBack};

/// The file's name in the service's folder.
pub(crate) const FILE: &str = "token.keys";
/// How old a signed request may be.
const REQUEST_MS_MAX: u64 = 60_000;
/// The same of one for an account of several keys.
const REQUEST_OF_SEVERAL_MS_MAX: u64 = 3_600_000;
/// How far ahead its clock may be.
const AHEAD_MS_MAX: u64 = 30_000;
/// So many tokens are given to an account within an hour: one is good for a day.
const TOKENS_MAX: u32 = 60;
const TOKENS_SPAN_MS: u64 = 3_600_000;
/// Customers that are remembered: some 3 MB.
const CUSTOMERS_MAX: usize = 50_000;
/// After a key could not be written down, so long no other is tried.
const RETRY_MS: u64 = 60_000;
/// The version of what makes an account a customer: it is or is not, so there is one.
const CUSTOMER_VERSION: u64 = 1;

/// A customer's signed request.
#[derive(Clone, Debug)]
pub(crate) struct SignedRequest {
    pub(crate) account: Address,
    /// The account's key with its signature, or its policy with as many as must sign, by rising place.
    pub(crate) auth: Auth,
    pub(crate) issued: TimeMs,
}

impl SignedRequest {
    /// How old it may be: people who sign for an account of several keys hand it on.
    const fn age_ms_max(&self) -> u64 {
        match self.auth {
            Auth::Single { .. } => REQUEST_MS_MAX,
            Auth::Multisig { .. } => REQUEST_OF_SEVERAL_MS_MAX,
        }
    }

    /// Whether whoever signs for the account has signed this.
    fn is_signed(&self, digest: &[u8; 32]) -> bool {
        let is_good =
            |key: &Secp256k1Key, signature: &Secp256k1Signature| crypto::ecdsa::verify(digest, key, signature).is_ok();
        match &self.auth {
            Auth::Single { key, signature } => {
                crypto::ids::address_of_key(key) == self.account && is_good(key, signature)
            }
            Auth::Multisig { policy, signatures } => {
                let is_whole = signatures.len() == usize::from(policy.threshold())
                    && signatures.is_sorted_by(|left, right| left.key < right.key);
                let is_of_policy = |one: &PolicySignature| {
                    policy.keys().get(usize::from(one.key)).is_some_and(|key| is_good(key, &one.signature))
                };
                is_whole
                    && crypto::ids::address_of_policy(policy) == self.account
                    && signatures.iter().all(is_of_policy)
            }
        }
    }
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
    /// The account was given as many as it may be; so many seconds more.
    TooMany(u32),
    /// What this request gives was taken back.
    TakenBack,
}

impl NoToken {
    /// A stable name.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Old => "request_expired",
            Self::Signature => "bad_signature",
            Self::NoCustomer => "plan_required",
            Self::TooMany(_) => "too_many_tokens",
            Self::TakenBack => "token_revoked",
        }
    }
}

/// All of it.
pub(crate) struct TokenOffice {
    keys: RwLock<Arc<TokenKeys>>,
    /// Held while a key is made.
    making: Mutex<Making>,
    made: AtomicU64,
    taken_back: TakenBack,
    /// The turn of who takes one back: the disk is waited for by one request and not by all.
    turn: Arc<Semaphore>,
    given: Mutex<Tally<Address>>,
    entropy: Key,
    algorithm: TokenAlgorithm,
    chain_id: ChainId,
    network: Network,
    api: TokenTerms,
    device: TokenTerms,
    counts: Counts,
}

/// Where keys are kept, and until when of the machine's own clock no other is made.
struct Making {
    file: TokenKeyFile,
    not_before_ms: u64,
}

impl TokenOffice {
    /// Opens the keys in the service's folder, or makes the first. Keys never outlive the list of tokens that were taken back: without it
    /// nobody knows which of theirs are good.
    ///
    /// # Errors
    /// `token_keys`, `token_log`.
    pub(crate) fn open(ground: &Ground, algorithm: &str, counts: Counts, now: &Moment) -> Result<Self, Refusal> {
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
                let first = TokenKeys::new(new_key(&entropy, &made, algorithm, now.wall_ms));
                file.write(&first)?;
                first
            }
        };
        counts.token_key(keys.signs().made_ms());
        // After the keys: a crash between leaves no list, and keys that nobody was given a token of.
        let taken_back = TakenBack::open(&ground.folder, clocks(now))?;
        Ok(Self {
            keys: RwLock::new(Arc::new(keys)),
            making: Mutex::new(Making { file, not_before_ms: 0 }),
            made,
            taken_back,
            turn: Arc::new(Semaphore::new(1)),
            given: Mutex::new(Tally::new(TOKENS_SPAN_MS, CUSTOMERS_MAX)),
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
        now: &Moment,
    ) -> Result<Result<GivenToken, NoToken>, Unavailable> {
        let given = self.judge(chain, request, now)?;
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
        now: &Moment,
    ) -> Result<Result<GivenToken, NoToken>, Unavailable> {
        let (SignedRequest { account, issued, .. }, now_ms) = (request, now.wall_ms);
        let is_fresh =
            issued.0 <= now_ms.saturating_add(AHEAD_MS_MAX) && now_ms.saturating_sub(issued.0) <= request.age_ms_max();
        if !is_fresh {
            return Ok(Err(NoToken::Old));
        }
        let keys = self.signing_keys(now);
        let statement =
            TokenRequest { chain_id: self.chain_id, account: *account, kid: keys.signs().kid(), issued: *issued };
        let digest = crypto::hash::sha256(&statement.to_bytes());
        if !request.is_signed(&digest) {
            return Ok(Err(NoToken::Signature));
        }
        if !proof::is_customer(chain, account)? {
            return Ok(Err(NoToken::NoCustomer));
        }
        if let Some(wait_s) = self.is_given_too_many(*account, now.boot_ms) {
            return Ok(Err(NoToken::TooMany(wait_s)));
        }
        let subject = account.to_text(self.network);
        let (version, life_s) = (CUSTOMER_VERSION, API.life_s_max);
        // A request from a clock that is ahead gives none that outlives its key.
        let (jti, given_ms) = (jti(&keys, "customer", &digest), issued.0.min(now_ms));
        if self.taken_back.has(account, &jti, given_ms / 1_000) {
            return Ok(Err(NoToken::TakenBack));
        }
        let grant = Grant { subject: &subject, role: Role::Verifier, version, life_s, jti, device: None };
        Ok(Ok(given(&self.api, &keys, &grant, given_ms)))
    }

    /// Counts a token for an account; after how many seconds there may be another, if there may be none now.
    fn is_given_too_many(&self, account: Address, now_ms: u64) -> Option<u32> {
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, left_ms) = given.lately(&account, now_ms);
        // Customers are few, and each has paid: none is given one without being counted.
        let count = Some(given.note(account, now_ms)).filter(|count| *count > 0).unwrap_or(u32::MAX);
        (count > TOKENS_MAX).then(|| u32::try_from(left_ms.div_ceil(1_000)).unwrap_or(u32::MAX))
    }

    /// Gives a device that has just logged in a token, named by its challenge. Its level in it is a note. The key is the present one, also where another
    /// is due: [`Self::renew`] makes that.
    pub(crate) fn give_device(&self, sealed: &Sealed, level: u8, shown: &Shown, now_ms: u64) -> Option<GivenToken> {
        let subject = shown.owner?.to_text(self.network);
        let note = DeviceNote { device: sealed.device.to_text(self.network), level };
        let keys = self.keys();
        let (version, life_s, jti) = (u64::from(shown.rotation), DEVICE.life_s_max, jti(&keys, "device", &sealed.id));
        let grant = Grant { subject: &subject, role: Role::Driver, version, life_s, jti, device: Some(&note) };
        self.counts.token_given(DEVICE.typ);
        Some(given(&self.device, &keys, &grant, now_ms))
    }

    /// Reads a token of a customer. It asks neither the chain nor the list.
    ///
    /// # Errors
    /// [`TokenRefused`].
    pub(crate) fn open_token(&self, token: &str, now_ms: u64) -> Result<SoundToken, TokenRefused> {
        let opened = self.api.open(&self.keys(), token, now_ms);
        opened.inspect_err(|refused| self.counts.token_refused(refused.code()))
    }

    /// The customer who shows a token that was read.
    ///
    /// # Errors
    /// [`TokenRefused`], and [`Unavailable`] where the chain cannot be read.
    pub(crate) fn customer(
        &self,
        chain: &dyn Chain,
        token: SoundToken,
        now_ms: u64,
    ) -> Result<Result<Address, TokenRefused>, Unavailable> {
        let (network, taken_back) = (self.network, &self.taken_back);
        let customers = Customers { chain, network, taken_back, failed: Mutex::new(None) };
        let taken = self.api.judge(token, &customers, now_ms).and_then(|claims| self.holder(&claims));
        if let Some(unavailable) = *customers.failed.lock().unwrap_or_else(PoisonError::into_inner) {
            return Err(unavailable);
        }
        Ok(taken.inspect_err(|refused| self.counts.token_refused(refused.code())))
    }

    /// The turn to take a token back.
    pub(crate) fn turn(&self) -> Arc<Semaphore> {
        self.turn.clone()
    }

    /// Takes a customer's token back, durably: also one that was taken back before, or is not good now and might be later.
    ///
    /// # Errors
    /// [`TokenRefused`] for one that names no holder, and [`NotTakenBack`].
    pub(crate) fn take_back(&self, token: &SoundToken, now: &Moment) -> Result<Result<(), NotTakenBack>, TokenRefused> {
        Ok(self.taken_back.add(self.holder(token.claims())?, token.claims(), clocks(now)))
    }

    fn holder(&self, claims: &Claims) -> Result<Address, TokenRefused> {
        Address::parse(&claims.subject, self.network).map_err(|_| TokenRefused::Claims)
    }

    /// The keys as they are now.
    pub(crate) fn keys(&self) -> Arc<TokenKeys> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Makes the next key where one is due, and nobody else is at it.
    pub(crate) fn renew(&self, now: &Moment) {
        let _ = self.signing_keys(now);
    }

    /// Has another key sign at once, and ends every token of the former ones; the name of the new one.
    ///
    /// # Errors
    /// `token_keys`: it cannot be written, and the former key goes on.
    pub(crate) fn rotate(&self, now: &Moment) -> Result<String, Refusal> {
        let making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        let next = TokenKeys::new(new_key(&self.entropy, &self.made, self.algorithm, now.wall_ms));
        making.file.write(&next)?;
        let kid = next.signs().kid().to_owned();
        tracing::warn!(
            kid,
            "the operator has put another key for tokens in the place of the former: every token has ended"
        );
        self.counts.token_key(next.signs().made_ms());
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
        Ok(kid)
    }

    /// The keys to sign by: another one signs once the present one has done so for 90 days. Until it is on the disk the present one goes on.
    fn signing_keys(&self, now: &Moment) -> Arc<TokenKeys> {
        if !self.keys().is_due(now.wall_ms) {
            return self.keys();
        }
        let mut making = match self.making.try_lock() {
            Ok(making) => making,
            Err(TryLockError::Poisoned(making)) => making.into_inner(),
            Err(TryLockError::WouldBlock) => return self.keys(),
        };
        // Somebody else may have made it meanwhile.
        let keys = self.keys();
        if !keys.is_due(now.wall_ms) || now.boot_ms < making.not_before_ms {
            return keys;
        }
        let next = new_key(&self.entropy, &self.made, self.algorithm, now.wall_ms);
        let Ok(next) = keys.rotated(next, API.life_s_max.max(DEVICE.life_s_max), now.wall_ms) else {
            return keys;
        };
        if let Err(refusal) = making.file.write(&next) {
            making.not_before_ms = now.boot_ms.saturating_add(RETRY_MS);
            tracing::error!(%refusal, "a new key for tokens could not be written down, so the former goes on signing");
            return keys;
        }
        tracing::info!(kid = next.signs().kid(), "a new key signs tokens; the former checks those that it signed");
        let next = Arc::new(next);
        self.counts.token_key(next.signs().made_ms());
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = next.clone();
        next
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

/// The name of a token, by the key that signs it: the same request gives the same, over restarts too.
fn jti(keys: &TokenKeys, purpose: &str, of: &[u8]) -> Jti {
    keys.signs().name_for(&[purpose.as_bytes(), &[0], of].concat()).expect("the key that signs has a secret")
}

const fn clocks(now: &Moment) -> TwoClocks {
    TwoClocks { wall_ms: now.wall_ms, own_ms: now.boot_ms }
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
    taken_back: &'a TakenBack,
    failed: Mutex<Option<Unavailable>>,
}

impl Holders for Customers<'_> {
    fn is_revoked(&self, claims: &Claims) -> bool {
        // Who is no account is no customer either.
        let holder = Address::parse(&claims.subject, self.network);
        holder.is_ok_and(|holder| self.taken_back.has(&holder, &claims.jti, claims.issued_s))
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

#[cfg(test)]
impl TokenOffice {
    /// What was taken back.
    pub(crate) const fn taken_back(&self) -> &TakenBack {
        &self.taken_back
    }

    /// Works while somebody makes a key.
    pub(crate) fn while_a_key_is_made<T>(&self, work: impl FnOnce() -> T) -> T {
        let _making = self.making.lock().expect("nobody panics");
        work()
    }
}
