//! What the nodes' logs say during an attack: warnings by message, and whom they speak against.
//!
//! Logs are JSON, one object per line; what is no JSON is what a panic writes.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use serde_json::Value;

/// Most bytes of one log that are read.
const BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Messages that tell that a peer was shut out.
const SHUT_OUT: [&str; 6] = ["blocked", "refused", "banned", "punished", "expelled", "sent away"];
/// Messages that tell that something is held against a peer.
const BLAMED: [&str; 2] = ["misbehaves", "offence"];
/// Reasons that are nobody's fault: a peer that was killed in the middle, one that asks too much of the moment.
const NO_FAULT: [&str; 5] = ["did not name its chain", "useless answers", "places", "limit", "not admitted yet"];

/// Where each log stood.
#[derive(Clone, Debug)]
pub(super) struct Marks(Vec<(PathBuf, u64)>);

/// What has been logged since.
#[derive(Clone, Debug, Default)]
pub(super) struct Said {
    /// Warnings and errors by message, over all nodes.
    pub(super) warnings: BTreeMap<String, u64>,
    /// Lines against honest nodes.
    pub(super) against_honest: Vec<String>,
    /// First lines of panics.
    pub(super) panics: Vec<String>,
}

impl Marks {
    /// Marks the present ends.
    pub(super) fn set<'a>(logs: impl Iterator<Item = &'a Path>) -> Self {
        let length = |log: &Path| log.metadata().map(|metadata| metadata.len()).unwrap_or_default();
        Self(logs.map(|log| (log.to_owned(), length(log))).collect())
    }

    /// Reads what has been written since. `honest` are the names of nodes that nothing may be held against.
    pub(super) fn read(&self, honest: &[String]) -> Said {
        let mut said = Said::default();
        for (log, mark) in &self.0 {
            let text = read_from(log, *mark).unwrap_or_default();
            said.take(&log.file_stem().unwrap_or_default().to_string_lossy(), &text, honest);
        }
        said
    }
}

fn read_from(log: &Path, mark: u64) -> std::io::Result<String> {
    let mut file = File::open(log)?;
    file.seek(SeekFrom::Start(mark))?;
    let mut bytes = Vec::new();
    file.take(BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

impl Said {
    fn take(&mut self, node: &str, text: &str, honest: &[String]) {
        for line in text.lines() {
            let Ok(Value::Object(event)) = serde_json::from_str::<Value>(line) else {
                if line.contains("panicked at") {
                    self.panics.push(format!("{node}: {line}"));
                }
                continue;
            };
            let field = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default();
            let message = field("message");
            if matches!(field("level"), "WARN" | "ERROR") {
                *self.warnings.entry(message.to_owned()).or_default() += 1;
            }
            if message.contains("panicked") {
                self.panics.push(format!("{node}: {line}"));
            }
            let against = SHUT_OUT.iter().chain(&BLAMED).any(|word| message.contains(word));
            let whom =
                ["peer", "id", "validator"].into_iter().map(field).find(|whom| honest.iter().any(|one| one == whom));
            let why = [field("why"), field("reason")].concat();
            if let Some(whom) = whom.filter(|_| against && !NO_FAULT.iter().any(|reason| why.contains(reason))) {
                self.against_honest.push(format!("{node}: {message}: {whom}: {why}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(lines: &[&str]) -> Said {
        let mut said = Said::default();
        said.take("node-0", &lines.join("\n"), &["12D3good".to_owned(), "abcd".to_owned()]);
        said
    }

    #[test]
    fn what_is_held_against_honest_nodes_is_found_and_what_is_nobodys_fault_is_not() {
        let found = said(&[
            r#"{"level":"WARN","message":"peer misbehaves","peer":"12D3good","why":"invalid block"}"#,
            r#"{"level":"INFO","message":"blocked","peer":"abcd","why":"blocked: bad message on Consensus"}"#,
            r#"{"level":"INFO","message":"peer refused","peer":"12D3good","why":"it did not name its chain in time"}"#,
            r#"{"level":"WARN","message":"peer misbehaves","peer":"12D3evil","why":"invalid block"}"#,
        ]);
        assert_eq!(found.against_honest.len(), 2, "{found:?}");
        assert_eq!(found.warnings.get("peer misbehaves"), Some(&2));
    }

    #[test]
    fn a_panic_is_no_json_and_found_all_the_same() {
        let found = said(&["thread 'core' (7) panicked at node/src/x.rs:1:1:", "a reason"]);
        assert_eq!(found.panics.len(), 1);
        assert!(found.warnings.is_empty());
    }
}
