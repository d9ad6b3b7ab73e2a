//! What stands under a name: asked for by its key in the state and proven, or proven to be absent.
//!
//! It must not know a command, nor what a digest is of.

use anchors::{Anchors, AnchorsParameters, NAMESPACE_BYTES_MAX, PutAnswer, is_name, is_put_key, keys, read_put};
use execution::{Module, RejectDescription};
use serde_json::{Value, json};
use types::{Address, Hash32, Network};
use wallet::cli::Context;
use wallet::cli::record::ProvenRecord;
use wallet::cli::report::when;
use wallet::{Chain, Error, NodeClient, Result};

/// A name that an account has put a digest under, or may.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PutName<'a> {
    pub(crate) namespace: &'a str,
    pub(crate) key: &'a str,
}

impl PutName<'_> {
    /// Refuses a name that the rules refuse.
    pub(crate) fn check(&self) -> Result<()> {
        let is_namespace = self.namespace.len() <= NAMESPACE_BYTES_MAX && is_name(self.namespace.as_bytes());
        if !is_namespace {
            return Err(malformed("malformed_namespace"));
        }
        if is_put_key(self.key.as_bytes()) { Ok(()) } else { Err(malformed("malformed_put_key")) }
    }
}

fn malformed(name: &'static str) -> Error {
    let of_rules = |reject: &&RejectDescription| reject.name == name;
    let sentence = Anchors::REJECTS.iter().find(of_rules).map_or("the name is malformed", |reject| reject.sentence);
    Error::new(name, sentence, "mend what was typed, and try again")
}

/// What stands under a name of an account; nothing if it is proven that nothing does.
pub(crate) fn find(
    context: &Context,
    client: &NodeClient,
    chain: &mut Chain,
    (account, name): (Address, PutName<'_>),
) -> Result<(Option<PutAnswer>, ProvenRecord)> {
    let key = keys::put(&account, name.namespace.as_bytes(), name.key.as_bytes());
    let record = context.proven_record(client, chain, Anchors::ID, &key)?;
    let Some(bytes) = &record.value else { return Ok((None, record)) };
    let put = read_put(&account, name.namespace, name.key, bytes).ok_or_else(|| {
        let message = "the proven digest has a form that this wallet does not know";
        Error::new("unknown_record", message, "use a newer wallet")
    })?;
    Ok((Some(put), record))
}

/// The numbers of the module, from the genesis that is trusted: no block changes them.
pub(crate) fn rules(chain: &Chain) -> Result<AnchorsParameters> {
    execution::section::<Anchors>(chain.genesis()).ok_or_else(|| {
        let message = "this chain has no module for anchors";
        Error::new("no_anchors", message, "ask another chain's node with --node URL")
    })
}

/// What stands under a name, in rows for people.
pub(crate) fn rows(put: &PutAnswer, network: Network) -> Vec<(&'static str, String)> {
    vec![
        ("account:", put.account.to_text(network)),
        ("name:", format!("{} {}", put.namespace, put.key)),
        ("digest:", put.digest.to_string()),
        ("since:", format!("block {}, {}", put.height, when(put.time))),
    ]
}

/// The same for programs; `since` is of the digest, what [`ProvenRecord::add_to`] adds is of the proof.
pub(crate) fn document(put: &PutAnswer, network: Network) -> Value {
    json!({
        "account": put.account.to_text(network), "namespace": put.namespace, "key": put.key, "digest": put.digest,
        "since": {"height": put.height, "time": put.time},
    })
}

/// The digest that was given: as 64 digits, or that of a file.
pub(crate) fn digest(file: Option<&std::path::Path>, digest: Option<Hash32>) -> Result<Hash32> {
    match (digest, file) {
        (Some(digest), _) => Ok(digest),
        (None, Some(file)) => wallet::cli::digest::digest_of_file(file),
        (None, None) => {
            Err(Error::new("usage", "there is no file and no digest", "name a file, or give `--digest HEX`"))
        }
    }
}
