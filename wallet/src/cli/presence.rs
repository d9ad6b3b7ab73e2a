//! How present the state is that a node shows: a proof says that something was so, not that it still is.

use types::{Header, Height, TimeMs};

use super::context::Context;
use super::report::{ago, when};
use super::submit::now;
use crate::{Chain, NodeClient, Result};

/// A state of longer ago than this is told with its age, in milliseconds.
const PRESENT_MS: u64 = 60_000;

/// Rows of a name and what stands behind it, for people.
type Rows = Vec<(&'static str, String)>;

impl Context {
    /// As [`Self::chain`], for an answer that is the node's state and does not say of when: the person is told when that is old.
    ///
    /// # Errors
    /// As [`Self::chain`].
    pub fn chain_of_state(&self, client: &NodeClient) -> Result<Chain> {
        let status = client.status()?;
        let chain = self.chain_at(client, &status)?;
        if let Some(age) = old_age(status.time) {
            let (height, time) = (status.final_height, when(status.time));
            self.note(&format!("this is the state after block {height} of {time}, {age}, as the node says"));
        }
        Ok(chain)
    }

    /// How present a final block is that the node shows as the newest there is, in rows for people; also the height of a newer one
    /// that is known to be final.
    ///
    /// # Errors
    /// `bad_checkpoint`.
    pub fn presence(&self, chain: &Chain, header: &Header) -> Result<(Rows, Option<Height>)> {
        let known = self.known_blocks(chain)?.into_iter().map(|checkpoint| checkpoint.height).max();
        let newer = known.filter(|known| *known > header.height);
        let mut rows = Vec::new();
        if let Some(age) = old_age(header.time) {
            rows.push(("as of:", format!("{}, {age}", when(header.time))));
        }
        if let Some(newer) = newer {
            let old = format!("this is old: block {newer} is known to be final, and the node shows {}", header.height);
            rows.push(("warning:", format!("{old}; ask another node")));
        }
        Ok((rows, newer))
    }
}

/// How long ago a block was, when that is worth telling.
fn old_age(time: TimeMs) -> Option<String> {
    let age_ms = now().0.saturating_sub(time.0);
    (age_ms >= PRESENT_MS).then(|| ago(age_ms))
}
