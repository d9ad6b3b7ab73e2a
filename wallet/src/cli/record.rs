//! What a module keeps under one of its keys, or that it keeps nothing there: proven, for commands that show it or act on it.
//!
//! It must not know a module, nor what the bytes mean. Invariant: a value is handed on only with a header that commits to it and that
//! the validators have signed.

use serde_json::{Value, json};
use types::{Height, ModuleId, TimeMs};

use super::context::Context;
use super::submit::finality;
use crate::chain::CheckedHeader;
use crate::finality::check_value;
use crate::{Chain, NodeClient, Result};

/// A value of a module's state, or its absence, and how present it is.
#[derive(Clone, Debug)]
pub struct ProvenRecord {
    /// The value; nothing when there is none.
    pub value: Option<Vec<u8>>,
    /// The state after this block.
    pub height: Height,
    /// The header of the next one, which commits to it.
    pub header: CheckedHeader,
    presence: Vec<(&'static str, String)>,
    newer: Option<Height>,
}

impl Context {
    /// What a module keeps under a key, without the module's number before it. The block that proves it is remembered.
    ///
    /// # Errors
    /// As [`check_value`] and [`NodeClient::status`].
    pub fn proven_record(
        &self,
        client: &NodeClient,
        chain: &mut Chain,
        module: ModuleId,
        key: &[u8],
    ) -> Result<ProvenRecord> {
        let answer = client.state_proof(&module.to_string(), key)?;
        let proven = check_value(client, chain, &answer, &execution::keys::of_module(module, key))?;
        let (presence, newer) = self.presence(chain, &proven.header.header)?;
        self.remember(chain, &proven.header)?;
        Ok(ProvenRecord { value: proven.value, height: proven.height, header: proven.header, presence, newer })
    }
}

impl ProvenRecord {
    /// The time of the block that commits to it: it was so right before.
    #[must_use]
    pub const fn time(&self) -> TimeMs {
        self.header.header.time
    }

    /// Rows for people: how it is proven, and of when it is.
    #[must_use]
    pub fn rows(&self) -> Vec<(&'static str, String)> {
        let place = finality(self.header.header.height.0, self.header.signers, self.header.validators);
        let mut rows = vec![("after:", format!("block {}", self.height)), ("in:", place)];
        rows.extend(self.presence.iter().cloned());
        rows
    }

    /// The same for programs, added to an object.
    pub fn add_to(&self, json: &mut Value) {
        json["height"] = json!(self.height);
        json["time"] = json!(self.time());
        json["state_root"] = json!(self.header.header.state_root);
        json["header"] = json!(self.header.hash);
        json["validators_signed"] = json!(self.header.signers);
        json["validators"] = json!(self.header.validators);
        json["checked"] = json!(true);
        if let Some(newer) = self.newer {
            json["older_than"] = json!(newer);
        }
    }
}
