//! The peers of an earlier run, kept in `data/peers.json`, so that a restart does not depend on the bootstrap peers, whether the
//! node was stopped or killed.
//!
//! It is a hint: a file that is missing or unreadable is as good as an empty one.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use p2p::PeerAddresses;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use types::PeerKey;

use service::plain_file::{self, Takes};

/// How long a change waits for others, to be written with them: peers come in groups.
pub(crate) const SETTLE: Duration = Duration::from_secs(2);

/// After it was written it rests for so many times as long.
const REST: u32 = 15;

/// Most peers that are kept: those worth most, which the network lists first.
const PEERS_MAX: usize = 1_024;
/// Most addresses of one peer.
const ADDRESSES_MAX: usize = 8;
/// The longest file that is read.
const FILE_BYTES_MAX: u64 = 2 * 1024 * 1024;

#[derive(Serialize, Deserialize)]
struct Line {
    peer: PeerKey,
    addresses: Vec<String>,
    /// Older files do not say it.
    #[serde(default)]
    met: bool,
    #[serde(default)]
    source: Option<IpAddr>,
}

/// Reads the book.
pub(crate) fn read(path: &Path) -> Vec<PeerAddresses> {
    let text = plain_file::read_text(path, FILE_BYTES_MAX, Takes::File).unwrap_or_default();
    let lines: Vec<Line> = serde_json::from_str(&text).unwrap_or_default();
    let line = |Line { peer, addresses, met, source }| PeerAddresses { peer, addresses, met, source };
    lines.into_iter().map(line).collect()
}

/// Writes the book whenever it has changed, until the network ends.
pub(crate) async fn keep(
    path: PathBuf,
    settle: Duration,
    mut changes: watch::Receiver<()>,
    book: impl Fn() -> Vec<PeerAddresses>,
) {
    let mut written = Vec::new();
    while changes.changed().await.is_ok() {
        tokio::time::sleep(settle).await;
        changes.borrow_and_update();
        let book = book();
        if book != written {
            written.clone_from(&book);
            let path = path.clone();
            // The disk may be slow, and votes travel on this thread. Only the end of the runtime cancels it.
            let _ = tokio::task::spawn_blocking(move || write(&path, &book)).await;
            // Strangers can change the book as often as they come.
            tokio::time::sleep(settle.saturating_mul(REST)).await;
        }
    }
}

/// Writes the book.
pub(crate) fn write(path: &Path, book: &[PeerAddresses]) {
    let lines: Vec<Line> = book
        .iter()
        .filter(|line| !line.addresses.is_empty())
        .take(PEERS_MAX)
        .map(|line| {
            let addresses = line.addresses.iter().take(ADDRESSES_MAX).cloned().collect();
            Line { peer: line.peer, addresses, met: line.met, source: line.source }
        })
        .collect();
    let json = serde_json::to_string_pretty(&lines).expect("keys and texts have a JSON form");
    if let Err(error) = crate::disk::replace_file(path, json.as_bytes()) {
        tracing::warn!(%error, "the address book cannot be written");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_node_that_is_killed_finds_the_peers_it_had() {
        let home = tempfile::tempdir().expect("a directory");
        let path = home.path().join("peers.json");
        let peer = |number: u8| PeerAddresses {
            peer: PeerKey([number; 32]),
            addresses: vec![format!("/ip4/127.0.0.1/udp/{number}/quic-v1")],
            met: number == 1,
            source: Some(IpAddr::from([127, 0, 0, number])),
        };
        let (changed, changes) = watch::channel(());
        changed.send_replace(());
        drop(changed);
        let book = vec![peer(1), peer(2)];
        let shown = book.clone();
        keep(path.clone(), Duration::ZERO, changes, move || shown.clone()).await;
        assert_eq!(read(&path), book);
    }

    // FAULTS HC3
    #[test]
    fn a_book_of_an_older_version_is_read_and_of_a_large_one_the_best_lines_are_kept() {
        let home = tempfile::tempdir().expect("a directory");
        let path = home.path().join("peers.json");
        let key = "07".repeat(32);
        let old = format!(r#"[{{"peer": "{key}", "addresses": ["/ip4/1.2.3.4/tcp/1"]}}]"#);
        std::fs::write(&path, old).expect("written");
        let line = PeerAddresses {
            peer: PeerKey([7; 32]),
            addresses: vec!["/ip4/1.2.3.4/tcp/1".to_owned()],
            met: false,
            source: None,
        };
        assert_eq!(read(&path), std::slice::from_ref(&line));
        // High keys first, as the network may list them.
        let numbered = |number: u16| {
            let mut key = [0; 32];
            key[..2].copy_from_slice(&number.to_be_bytes());
            PeerAddresses { peer: PeerKey(key), ..line.clone() }
        };
        let book: Vec<_> = (0..2_000).rev().map(numbered).collect();
        write(&path, &book);
        assert_eq!(read(&path), book[..PEERS_MAX]);
    }
}
