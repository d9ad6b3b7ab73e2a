//! The operator's bans, kept in `data/bans.json` from run to run.
//!
//! The network knows no time of day, so when a ban ends is watched here.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use p2p::{BANS_MAX, Ban, Prefix};

use super::BanLine;
use crate::peer_id;

/// The longest file that is read.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// All bans.
#[derive(Debug)]
pub(crate) struct Bans {
    path: PathBuf,
    list: Vec<(Ban, Option<u64>)>,
}

/// Milliseconds since 1970.
pub(super) fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}

/// Whom a text names.
pub(super) fn parse(text: &str) -> Option<Ban> {
    let text = text.trim();
    let address = text.strip_suffix("/64").unwrap_or(text).parse::<IpAddr>();
    peer_id::parse(text).map(Ban::Peer).or_else(|| address.ok().map(Prefix::of).map(Ban::Address))
}

/// The text that names it.
pub(super) fn text(ban: &Ban) -> String {
    match ban {
        Ban::Peer(peer) => peer_id::text(peer),
        Ban::Address(prefix) => prefix.first().to_string(),
    }
}

impl Bans {
    /// Reads what was kept. A file that cannot be read is told of, and the list is empty.
    pub(crate) fn read(path: PathBuf) -> Self {
        let mut bans = Self { path, list: Vec::new() };
        let lines: Vec<BanLine> = match bans.lines() {
            Ok(lines) => lines,
            Err(error) => {
                tracing::warn!(path = %bans.path.display(), error, "the bans of an earlier run cannot be read: nobody is banned");
                Vec::new()
            }
        };
        let read = lines.iter().filter_map(|line| Some((parse(&line.whom)?, line.until_ms)));
        bans.list = read.take(BANS_MAX).collect();
        bans.expire(now_ms());
        bans
    }

    fn lines(&self) -> Result<Vec<BanLine>, String> {
        let metadata = match std::fs::metadata(&self.path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other.map_err(|error| error.to_string())?,
        };
        if metadata.len() > FILE_BYTES_MAX {
            return Err(format!("it has more than {FILE_BYTES_MAX} bytes"));
        }
        let text = std::fs::read_to_string(&self.path).map_err(|error| error.to_string())?;
        serde_json::from_str(&text).map_err(|error| error.to_string())
    }

    /// Whom the network is to keep away.
    pub(crate) fn all(&self) -> Vec<Ban> {
        self.list.iter().map(|(ban, _)| *ban).collect()
    }

    pub(super) fn show(&self) -> Vec<BanLine> {
        self.list.iter().map(|(ban, until_ms)| BanLine { whom: text(ban), until_ms: *until_ms }).collect()
    }

    /// Takes a ban, in place of one of the same; false when there are too many.
    pub(super) fn add(&mut self, ban: Ban, until_ms: Option<u64>) -> bool {
        self.remove(&ban);
        let fits = self.list.len() < BANS_MAX;
        if fits {
            self.list.push((ban, until_ms));
        }
        fits
    }

    pub(super) fn remove(&mut self, ban: &Ban) -> bool {
        let before = self.list.len();
        self.list.retain(|(known, _)| known != ban);
        self.list.len() < before
    }

    /// Takes out those that have ended.
    pub(super) fn expire(&mut self, now_ms: u64) -> Vec<Ban> {
        let is_over = |until_ms: &Option<u64>| until_ms.is_some_and(|until_ms| until_ms <= now_ms);
        let ended = self.list.iter().filter(|(_, until_ms)| is_over(until_ms)).map(|(ban, _)| *ban).collect();
        self.list.retain(|(_, until_ms)| !is_over(until_ms));
        ended
    }

    /// When the next one ends.
    pub(super) fn next_end_ms(&self) -> Option<u64> {
        self.list.iter().filter_map(|(_, until_ms)| *until_ms).min()
    }

    /// Keeps the list for the next run.
    pub(super) fn write(&self) -> std::io::Result<()> {
        let text = serde_json::to_vec_pretty(&self.show())?;
        crate::home::write_file(&self.path, &text).map_err(std::io::Error::other)
    }
}

#[cfg(test)]
mod tests {
    use types::PeerKey;

    use super::*;

    // FAULTS RF6
    #[test]
    fn bans_are_kept_from_run_to_run_until_they_end() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("bans.json");
        let mut bans = Bans::read(path.clone());
        let peer = Ban::Peer(PeerKey([7; 32]));
        let texts = [text(&peer), "203.0.113.7".to_owned(), "2001:db8:1:2::9/64".to_owned()];
        let parsed = texts.each_ref().map(|text| parse(text).expect("it names somebody"));
        assert_eq!(parsed[0], peer);
        let (now, later) = (now_ms(), now_ms() + 100_000);
        assert!(bans.add(parsed[0], None) && bans.add(parsed[1], Some(later)) && bans.add(parsed[2], Some(now - 1)));
        bans.write().expect("it is written");
        let mut read = Bans::read(path.clone());
        assert_eq!(read.all(), [parsed[0], parsed[1]], "what has ended is not read");
        assert_eq!(read.next_end_ms(), Some(later));
        assert_eq!((read.expire(later - 1), read.expire(later)), (Vec::new(), vec![parsed[1]]));
        assert!(read.remove(&peer) && !read.remove(&peer));
        for nobody in ["", "12D3KooW", "1.2.3", "example.org", "/ip4/1.2.3.4"] {
            assert_eq!(parse(nobody), None, "{nobody}");
        }
        std::fs::write(&path, b"{").expect("a file");
        assert!(Bans::read(path).all().is_empty());
    }
}
