//! A transaction in a file: on its way between an offline machine, its signers, and a node.
//!
//! JSON with the body's canonical bytes and a list of signatures. What people are shown is always decoded from these bytes, never
//! from a text beside them. It must not know keys: signatures are made elsewhere and added. Invariant: every signature in a file
//! that was read here is right for its body and chain.

use serde::{Deserialize, Serialize};
use types::{
    Canonical, ChainId, Hash32, MultisigPolicy, Network, Secp256k1Key, Secp256k1Signature, Transaction, TransactionBody,
};

use crate::transaction::{assemble, check_signature};
use crate::{Error, Result};

const FORMAT: &str = "thronos-transaction";

/// A body with the signatures it has so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransactionFile {
    /// The chain it is for.
    pub chain_id: ChainId,
    /// How its addresses are written.
    pub network: Network,
    /// What is signed.
    pub body: TransactionBody,
    /// The sender's policy, when it is a multisig account.
    pub policy: Option<MultisigPolicy>,
    /// Who signed, in rising order of the keys.
    signatures: Vec<(Secp256k1Key, Secp256k1Signature)>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    format: String,
    version: u32,
    chain_id: ChainId,
    network: Network,
    body: String,
    policy: Option<MultisigPolicy>,
    signatures: Vec<TextSignature>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TextSignature {
    key: Secp256k1Key,
    signature: Secp256k1Signature,
}

impl TransactionFile {
    /// The longest text that is read: twice the longest transaction in hex, and room for signatures.
    pub const BYTES_MAX: usize = 300 * 1024;

    /// A body that nobody has signed.
    #[must_use]
    pub const fn unsigned(
        chain_id: ChainId,
        network: Network,
        body: TransactionBody,
        policy: Option<MultisigPolicy>,
    ) -> Self {
        Self { chain_id, network, body, policy, signatures: Vec::new() }
    }

    /// The transaction's id: the same before and after signing.
    #[must_use]
    pub fn id(&self) -> Hash32 {
        crypto::ids::transaction_id(self.chain_id, &self.body)
    }

    /// Who signed so far.
    pub fn signers(&self) -> impl Iterator<Item = &Secp256k1Key> {
        self.signatures.iter().map(|(key, _)| key)
    }

    /// How many signatures it needs.
    #[must_use]
    pub fn signatures_needed(&self) -> usize {
        self.policy.as_ref().map_or(1, |policy| usize::from(policy.threshold()))
    }

    /// Whether it can be sent.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.signatures.len() >= self.signatures_needed()
    }

    /// Adds a signature; one by the same key is replaced.
    ///
    /// # Errors
    /// `wrong_key` for a key that has no say here, `wrong_signature`.
    pub fn add(&mut self, key: Secp256k1Key, signature: Secp256k1Signature) -> Result<()> {
        let may_sign = self.policy.as_ref().map_or_else(
            || crypto::ids::address_of_key(&key) == self.body.sender,
            |policy| policy.keys().contains(&key),
        );
        if !may_sign {
            let sender = self.body.sender.to_text(self.network);
            let message = format!("the key {key} may not sign for {sender}");
            return Err(Error::new("wrong_key", message, "sign with the sender's key, or with a key of its policy"));
        }
        check_signature(&self.id(), &key, &signature)?;
        match self.signatures.binary_search_by_key(&key, |(key, _)| *key) {
            Ok(place) => self.signatures[place] = (key, signature),
            Err(place) => self.signatures.insert(place, (key, signature)),
        }
        Ok(())
    }

    /// Takes over the signatures of another file of the same transaction.
    ///
    /// # Errors
    /// `other_transaction` with both ids.
    pub fn merge(&mut self, other: Self) -> Result<()> {
        if self.id() != other.id() || self.policy != other.policy {
            let message = format!("the files hold different transactions: {} and {}", self.id(), other.id());
            return Err(Error::new("other_transaction", message, "merge files that come from the same proposal"));
        }
        other.signatures.into_iter().try_for_each(|(key, signature)| self.add(key, signature))
    }

    /// The signed transaction.
    ///
    /// # Errors
    /// `missing_signatures` with how many there are.
    pub fn to_transaction(&self) -> Result<Transaction> {
        assemble(self.chain_id, self.body.clone(), self.policy.as_ref(), &self.signatures)
    }

    /// The text of the file.
    #[must_use]
    pub fn to_json(&self) -> String {
        let signature = |(key, signature): &(_, _)| TextSignature { key: *key, signature: *signature };
        let text = Text {
            format: FORMAT.to_owned(),
            version: 1,
            chain_id: self.chain_id,
            network: self.network,
            body: hex::encode(self.body.to_canonical()),
            policy: self.policy.clone(),
            signatures: self.signatures.iter().map(signature).collect(),
        };
        serde_json::to_string_pretty(&text).expect("texts and numbers always have a JSON form") + "\n"
    }

    /// Reads a file and checks every signature in it.
    ///
    /// # Errors
    /// `bad_transaction_file` that says what cannot be read; `wrong_key`, `wrong_signature`.
    pub fn parse(json: &str) -> Result<Self> {
        let bad = |why: String| {
            Error::new(
                "bad_transaction_file",
                format!("this is not a transaction file: {why}"),
                "make it again, or fetch it again",
            )
        };
        if json.len() > Self::BYTES_MAX {
            return Err(bad(format!("{} bytes, at most {} are allowed", json.len(), Self::BYTES_MAX)));
        }
        let text: Text = serde_json::from_str(json).map_err(|error| bad(error.to_string()))?;
        if text.format != FORMAT || text.version != 1 {
            return Err(bad(format!("expected the format {FORMAT}, version 1")));
        }
        let body = hex::decode(&text.body).map_err(|_| bad("`body` is not hexadecimal".to_owned()))?;
        let body = TransactionBody::from_canonical(&body).map_err(|error| bad(error.to_string()))?;
        let multisig = body.auth == types::AuthKind::Multisig;
        let fits = text
            .policy
            .as_ref()
            .map_or(!multisig, |policy| multisig && crypto::ids::address_of_policy(policy) == body.sender);
        if !fits {
            return Err(bad("the policy is not that of the sender".to_owned()));
        }
        let mut file = Self::unsigned(text.chain_id, text.network, body, text.policy);
        text.signatures.into_iter().try_for_each(|TextSignature { key, signature }| file.add(key, signature))?;
        Ok(file)
    }
}
