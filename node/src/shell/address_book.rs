//! The peers of an earlier run, kept in `data/peers.json`, so that a restart does not depend on the bootstrap peers.
//!
//! It is a hint: a file that is missing or unreadable is as good as an empty one.

use std::path::Path;

use p2p::PeerAddresses;
use serde::{Deserialize, Serialize};
use types::PeerKey;

/// Most peers that are kept.
const PEERS_MAX: usize = 256;
/// Most addresses of one peer.
const ADDRESSES_MAX: usize = 8;
/// The longest file that is read.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

#[derive(Serialize, Deserialize)]
struct Line {
    peer: PeerKey,
    addresses: Vec<String>,
}

/// Reads the book.
pub(crate) fn read(path: &Path) -> Vec<PeerAddresses> {
    let short = std::fs::metadata(path).is_ok_and(|metadata| metadata.len() <= FILE_BYTES_MAX);
    let text = if short { std::fs::read_to_string(path).unwrap_or_default() } else { String::new() };
    let lines: Vec<Line> = serde_json::from_str(&text).unwrap_or_default();
    lines.into_iter().map(|Line { peer, addresses }| PeerAddresses { peer, addresses }).collect()
}

/// Writes the book.
pub(crate) fn write(path: &Path, book: &[PeerAddresses]) {
    let lines: Vec<Line> = book
        .iter()
        .filter(|line| !line.addresses.is_empty())
        .take(PEERS_MAX)
        .map(|line| Line { peer: line.peer, addresses: line.addresses.iter().take(ADDRESSES_MAX).cloned().collect() })
        .collect();
    let json = serde_json::to_string_pretty(&lines).expect("keys and texts have a JSON form");
    if let Err(error) = crate::disk::replace_file(path, json.as_bytes()) {
        tracing::warn!(%error, "the address book cannot be written");
    }
}
