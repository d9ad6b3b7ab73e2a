//! Challenges over HTTP, as a fleet's server and a device see them.

use serde_json::{Value, json};
use testnet::devnet::{Failure, Outcome};
use types::Hash32;
use verifyid::DeviceId;

use super::cast::{Troupe, equal};
use crate::keys::Key;

const ASK: &str = "/api/v1/verifyid/challenges";
const ANSWER: &str = "/api/v1/verifyid/challenges/answer";
const AUDIENCE: &str = "https://fleet.example";

/// A challenge as it came.
pub(super) struct Asked {
    pub(super) document: Value,
    pub(super) preimage: Vec<u8>,
}

impl Troupe<'_> {
    pub(super) fn challenge(&self, device: Key) -> Outcome<Asked> {
        let question =
            json!({ "device": DeviceId(device.id()).0.to_string(), "audience": AUDIENCE, "purpose": "presence" });
        let document: Value = self.client.post_at(ASK, &question)?;
        let preimage = document["preimage"].as_str().and_then(|digits| hex::decode(digits).ok());
        let preimage = preimage.ok_or_else(|| Failure::new(format!("a challenge without a preimage: {document}")))?;
        Ok(Asked { document, preimage })
    }

    /// Asks for a challenge; gives it, or the name by which it is refused.
    pub(super) fn asks(&self, wanted: &Value) -> Result<Value, String> {
        self.client.post_at(ASK, wanted).map_err(|error| error.code.to_string())
    }

    /// Hands an answer in; gives the verdict, or the name by which it is refused.
    pub(super) fn hand_in(&self, asked: &Asked, signature: &[u8]) -> Result<Value, String> {
        let answer = json!({ "challenge": asked.document["challenge"], "answer": hex::encode(signature) });
        self.client.post_at(ANSWER, &answer).map_err(|error| error.code.to_string())
    }

    /// A device is asked, and answers with this key, over these bytes or those that it was given.
    pub(super) fn answered(&self, device: Key, by: Key) -> Outcome<Result<Value, String>> {
        let asked = self.challenge(device)?;
        let signature = by.sign(&asked.preimage);
        Ok(self.hand_in(&asked, &signature))
    }

    /// The device is verified, at this level.
    pub(super) fn expect_verified(&self, device: Key, by: Key, level: u64) -> Outcome<()> {
        let verdict =
            self.answered(device, by)?.map_err(|code| Failure::new(format!("a right answer is refused: {code}")))?;
        equal("a verdict", &(verdict["verified"].as_bool(), verdict["level"].as_u64()), &(Some(true), Some(level)))
    }

    /// The answer is refused by this name.
    pub(super) fn expect_refused(&mut self, device: Key, by: Key, code: &str) -> Outcome<()> {
        let verdict = self.answered(device, by)?;
        self.refused += 1;
        equal("a verdict", &verdict.map(|_| ()), &Err(code.to_owned()))
    }

    /// One right answer, then the same again, then one over a preimage that was changed at each of its parts.
    pub(super) fn try_answers(&mut self, device: Key) -> Outcome<()> {
        let asked = self.challenge(device)?;
        let signature = device.sign(&asked.preimage);
        self.hand_in(&asked, &signature).map_err(|code| Failure::new(format!("a right answer is refused: {code}")))?;
        let again = self.hand_in(&asked, &signature).map(|_| ());
        equal("the same answer again", &again, &Err("challenge_used".to_owned()))?;
        // Chain, id, nonce, device, key, audience, purpose, times: the first byte of each behind tag and version.
        for place in [17, 49, 65, 97, 129, 161, 193, 194] {
            let asked = self.challenge(device)?;
            let mut other = asked.preimage.clone();
            *other.get_mut(place).ok_or_else(|| Failure::new("a preimage is too short"))? ^= 1;
            let verdict = self.hand_in(&asked, &device.sign(&other)).map(|_| ());
            equal(&format!("an answer over another byte {place}"), &verdict, &Err("bad_answer".to_owned()))?;
            self.refused += 1;
            if self.is_locked(device)? {
                break;
            }
        }
        self.refused += 1;
        Ok(())
    }

    /// Five wrong answers lock the pair of device and network.
    fn is_locked(&self, device: Key) -> Outcome<bool> {
        let question =
            json!({ "device": Hash32(device.id().0).to_string(), "audience": AUDIENCE, "purpose": "presence" });
        let asked: Result<Value, wallet::Error> = self.client.post_at(ASK, &question);
        match asked {
            Ok(_) => Ok(false),
            Err(error) if error.code == "locked" => Ok(true),
            Err(error) => Err(error.into()),
        }
    }
}
