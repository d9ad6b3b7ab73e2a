//! `thronos plan token`, `token-sign` and `token-send`: a customer's token, for which the account's key signs, or as many keys of a policy as must.
//!
//! A request names the key by which one service signs its tokens, so that no other service gives a token for it. It must not know what a token says.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use types::{Address, ChainId, Hash32, MultisigPolicy, Secp256k1Key, Secp256k1Signature, TimeMs};
use verifyid::TokenRequest;
use wallet::cli::context::{check_new, read_bounded};
use wallet::cli::report::when;
use wallet::cli::submit::now;
use wallet::cli::{Context, Report};
use wallet::keystore::file::{Existing, write_private};
use wallet::{Chain, Error, NodeClient, Result};
use zeroize::{Zeroize, Zeroizing};

use super::challenge::is_private;
use crate::say::{lines, say};

const TOKENS: &str = "/api/v1/verifyid/token";
const KEYS: &str = "/.well-known/jwks.json";
const FORMAT: &str = "thronos-token-request";
const VERSION: u32 = 1;
/// A request with sixteen keys and their signatures.
const FILE_BYTES_MAX: usize = 16 * 1_024;
/// The letters of a key's thumbprint (RFC 7638).
const KID_LETTERS: usize = 43;
/// How old a request of several keys may be, as services take it.
const AGE_MS_MAX: u64 = 3_600_000;

/// `plan token`
#[derive(Debug, Args)]
pub struct TokenArgs {
    /// The customer: the name of an account of this wallet
    #[arg(long, value_name = "NAME")]
    from: String,
    /// The new file for the token; of an account of several keys, for the request that they sign [default: the token is printed]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// `plan token-sign`
#[derive(Debug, Args)]
pub struct TokenSign {
    /// The request, as `thronos plan token --from NAME --out FILE` wrote it
    file: PathBuf,
    /// Name of the key to sign with
    #[arg(long, value_name = "NAME")]
    from: String,
}

/// `plan token-send`
#[derive(Debug, Args)]
pub struct TokenSend {
    /// The request, with as many signatures as the account's policy asks for
    file: PathBuf,
    /// The new file for the token [default: it is printed]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// A request on its way from one who signs to the next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    format: String,
    version: u32,
    chain_id: ChainId,
    policy: MultisigPolicy,
    kid: String,
    issued_at: u64,
    signatures: Vec<Signed>,
}

/// What one key has signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signed {
    key: Secp256k1Key,
    signature: Secp256k1Signature,
}

/// The keys of a service, as far as they are named.
#[derive(Deserialize)]
struct KeySet {
    keys: Vec<KeyName>,
}

#[derive(Deserialize)]
struct KeyName {
    kid: String,
}

/// What a service gives.
#[derive(Deserialize)]
struct Given {
    token: String,
    expires_at: u64,
}

impl Drop for Given {
    fn drop(&mut self) {
        self.token.zeroize();
    }
}

impl TokenArgs {
    pub(super) fn run(&self, context: &Context) -> Result<Report> {
        let sender = context.sender(&self.from)?;
        if let Some(out) = &self.out {
            check_new(out)?;
        }
        let client = private_client(context)?;
        let chain = context.chain(&client)?;
        let kid = kid(&client)?;
        let Some(policy) = sender.policy else {
            let key = context.unlock(&self.from)?;
            let issued = now();
            let digest = digest(chain.id(), sender.address, &kid, issued);
            let body = json!({
                "account": sender.address.to_text(chain.network()), "public_key": key.public_key(), "issued_at": issued.0,
                "signature": key.sign(&digest),
            });
            return give(&client, &body, self.out.as_deref());
        };
        let Some(out) = &self.out else {
            let message = say!("has_several_keys_its_request_goes", from = self.from);
            let hint = say!("give_then_them", threshold = policy.threshold());
            return Err(Error::new("out_needed", message, hint));
        };
        let (format, issued_at) = (FORMAT.to_owned(), now().0);
        let request =
            Request { format, version: VERSION, chain_id: chain.id(), policy, kid, issued_at, signatures: Vec::new() };
        request.write(out, Existing::Keep)?;
        Ok(request.told(&chain, out))
    }
}

impl TokenSign {
    pub(super) fn run(&self, context: &Context) -> Result<Report> {
        let mut request = Request::read(&self.file)?;
        let chain = context.known_chain()?;
        request.check(&chain)?;
        // Before a password is asked for.
        let address = context.sender(&self.from)?.address;
        let is_of_policy = request.policy.keys().iter().any(|key| crypto::ids::address_of_key(key) == address);
        if !is_of_policy {
            let message = say!("key_not_policy_request", from = self.from);
            return Err(Error::new("wrong_key", message, say!("sign_key_policy")));
        }
        let key = context.unlock(&self.from)?;
        let signed = Signed { key: key.public_key(), signature: key.sign(&request.digest()) };
        request.signatures.retain(|other| other.key != signed.key);
        request.signatures.push(signed);
        request.write(&self.file, Existing::Replace)?;
        Ok(request.told(&chain, &self.file))
    }
}

impl TokenSend {
    pub(super) fn run(&self, context: &Context) -> Result<Report> {
        let request = Request::read(&self.file)?;
        if let Some(out) = &self.out {
            check_new(out)?;
        }
        let client = private_client(context)?;
        let chain = context.chain(&client)?;
        request.check(&chain)?;
        // What was signed for a key that signs no more is good for nothing.
        if kid(&client)? != request.kid {
            return Err(Error::new("former_key", say!("request_for_former_key"), say!("make_another")));
        }
        give(&client, &request.body(&chain)?, self.out.as_deref())
    }
}

impl Request {
    fn read(path: &Path) -> Result<Self> {
        let text = read_bounded(path, FILE_BYTES_MAX)?;
        let read = serde_json::from_str::<Self>(&text).map_err(|error| error.to_string());
        let is_known = |request: &Self| {
            (request.format.as_str(), request.version) == (FORMAT, VERSION) && request.kid.len() == KID_LETTERS
        };
        let other = || say!("has_another_format");
        let whole = read.and_then(|request| if is_known(&request) { Ok(request) } else { Err(other()) });
        whole.map_err(|why| {
            let message = say!("no_request_token", value = path.display(), why);
            Error::new("no_token_request", message, say!("make_one"))
        })
    }

    fn write(&self, path: &Path, existing: Existing) -> Result<()> {
        let text = serde_json::to_string_pretty(self).expect("texts and numbers have a JSON form") + "\n";
        write_private(path, text.as_bytes(), existing)
    }

    fn account(&self) -> Address {
        crypto::ids::address_of_policy(&self.policy)
    }

    fn digest(&self) -> Hash32 {
        digest(self.chain_id, self.account(), &self.kid, TimeMs(self.issued_at))
    }

    /// Whether it is for this chain, in time, and signed by nobody but keys of its policy.
    fn check(&self, chain: &Chain) -> Result<()> {
        if self.chain_id != chain.id() {
            return Err(chain.other_chain(self.chain_id));
        }
        if now().0.saturating_sub(self.issued_at) > AGE_MS_MAX {
            let message = say!("request_good_hour", value = when(TimeMs(self.issued_at)));
            let hint = say!("make_another");
            return Err(Error::new("request_expired", message, hint));
        }
        let digest = self.digest();
        let is_good = |signed: &Signed| {
            let is_right = crypto::ecdsa_pure::verify(digest.as_bytes(), &signed.key, &signed.signature).is_ok();
            is_right && self.policy.keys().contains(&signed.key)
        };
        match self.signatures.iter().find(|signed| !is_good(signed)) {
            None => Ok(()),
            Some(signed) => {
                let message = say!("signature_none_request", key = signed.key);
                Err(Error::new("wrong_signature", message, say!("take_file_was_before_signature_sign")))
            }
        }
    }

    /// As a service takes it.
    fn body(&self, chain: &Chain) -> Result<Value> {
        let needed = usize::from(self.policy.threshold());
        let of_key = |(place, key): (usize, &Secp256k1Key)| {
            let signed = self.signatures.iter().find(|signed| signed.key == *key)?;
            Some(json!({"key": place, "signature": signed.signature}))
        };
        let chosen: Vec<Value> = self.policy.keys().iter().enumerate().filter_map(of_key).take(needed).collect();
        if chosen.len() < needed {
            let message = say!("request_has_signatures_needs", chosen = chosen.len(), needed);
            let hint = say!("have_another_key_policy_sign");
            return Err(Error::new("missing_signatures", message, hint));
        }
        Ok(json!({
            "account": self.account().to_text(chain.network()), "issued_at": self.issued_at, "policy": self.policy,
            "signatures": chosen,
        }))
    }

    fn told(&self, chain: &Chain, path: &Path) -> Report {
        let (needed, have) = (self.policy.threshold(), self.signatures.len());
        let (account, until) =
            (self.account().to_text(chain.network()), TimeMs(self.issued_at.saturating_add(AGE_MS_MAX)));
        let rows = [
            ("account:", account.clone()),
            ("service's key:", self.kid.clone()),
            ("signatures:", say!("needs", have, needed)),
            ("send until:", when(until)),
            ("file:", path.display().to_string()),
        ];
        let json = json!({
            "account": account, "kid": self.kid, "signatures": have, "needed": needed, "until": until, "file": path.display().to_string(),
        });
        Report::new(lines(&rows), json)
    }
}

fn digest(chain_id: ChainId, account: Address, kid: &str, issued: TimeMs) -> Hash32 {
    Hash32(crypto::hash::sha256(&TokenRequest { chain_id, account, kid, issued }.to_bytes()))
}

fn private_client(context: &Context) -> Result<NodeClient> {
    let client = context.client()?;
    if is_private(client.url()) {
        return Ok(client);
    }
    let message = say!("token_sent_nobody_over_connection_others");
    Err(Error::new("token_in_the_open", message, say!("name_node_https_node_url")))
}

/// The name of the key by which the service signs tokens now.
fn kid(client: &NodeClient) -> Result<String> {
    let set: KeySet = client.get_at(KEYS)?;
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let first = set.keys.into_iter().next().map(|key| key.kid);
    first.filter(|kid| kid.len() == KID_LETTERS && kid.bytes().all(is_letter)).ok_or_else(|| {
        let hint = say!("nothing_was_signed_ask_another_node");
        Error::new("bad_answer", say!("node_names_no_key_signs_its"), hint)
    })
}

/// Has the service give the token, and keeps or shows it.
fn give(client: &NodeClient, body: &Value, out: Option<&Path>) -> Result<Report> {
    let given: Given = client.post_at(TOKENS, body)?;
    let until = when(TimeMs(given.expires_at));
    let Some(out) = out else {
        let told = lines(&[("token:", given.token.clone()), ("good until:", until)]);
        return Ok(Report::new(told, json!({"token": given.token, "expires_at": given.expires_at})));
    };
    write_private(out, &Zeroizing::new([given.token.as_bytes(), b"\n"].concat()), Existing::Keep)?;
    let file = out.display().to_string();
    let told = lines(&[("file:", file.clone()), ("good until:", until)]);
    Ok(Report::new(told, json!({"file": file, "expires_at": given.expires_at})))
}
