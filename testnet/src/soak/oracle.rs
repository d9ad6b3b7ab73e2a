//! What the network has said, in an append-only file outside of every node.
//!
//! One JSON object per line, written before it is relied upon; what is killed here are nodes, not the machine, so nothing is synced.
//! It must not know how to ask a node.
//! Invariant: what has been written is never changed; a contradiction to it is a violation.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;
use types::{Hash32, Height};

use crate::devnet::{Failure, Outcome};

/// A line of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// Chance began here.
    Seed(u64),
    /// A node told that a transaction is final.
    Acknowledged {
        /// The transaction.
        id: Hash32,
        /// Its block's height.
        height: Height,
        /// Its block.
        block: Hash32,
    },
    /// A node showed a final block, or told that a transaction is in it.
    Final {
        /// The height.
        height: Height,
        /// The block.
        block: Hash32,
    },
    /// Something was done to a node.
    Fault {
        /// Which node.
        node: usize,
        /// What.
        what: &'static str,
    },
    /// A promise was broken.
    Violation(String),
}

/// The file and what stands in it.
#[derive(Debug)]
pub struct Oracle {
    path: PathBuf,
    file: File,
    blocks: BTreeMap<Height, Hash32>,
    proven: BTreeSet<(Height, Hash32)>,
    acknowledged: BTreeMap<Hash32, (Height, Hash32)>,
    violations: Vec<String>,
}

impl Oracle {
    /// Begins a file.
    ///
    /// # Errors
    /// When it exists or cannot be written.
    pub fn begin(path: &Path, seed: u64) -> Outcome<Self> {
        let file = OpenOptions::new().append(true).create_new(true).open(path).map_err(Failure::file("make", path))?;
        let mut oracle = Self {
            path: path.to_owned(),
            file,
            blocks: BTreeMap::new(),
            proven: BTreeSet::new(),
            acknowledged: BTreeMap::new(),
            violations: Vec::new(),
        };
        oracle.write(&Line::Seed(seed))?;
        Ok(oracle)
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a line.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn write(&mut self, line: &Line) -> Outcome<()> {
        let mut text = serde_json::to_string(line).expect("texts and numbers have a JSON form");
        text.push('\n');
        self.file.write_all(text.as_bytes()).map_err(Failure::file("write", &self.path))
    }

    /// A transaction was acknowledged as final.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn acknowledged(&mut self, id: Hash32, height: Height, block: Hash32) -> Outcome<()> {
        self.note(height, block)?;
        match self.acknowledged.get(&id) {
            Some(before) if *before == (height, block) => Ok(()),
            Some((old, hash)) => {
                let sentence =
                    format!("transaction {id} was final in block {old} ({hash}), then in block {height} ({block})");
                self.violation(sentence)
            }
            None => {
                self.acknowledged.insert(id, (height, block));
                self.write(&Line::Acknowledged { id, height, block })
            }
        }
    }

    /// A block was shown as final, with a proof.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn block(&mut self, height: Height, block: Hash32) -> Outcome<()> {
        self.proven.insert((height, block));
        self.note(height, block)
    }

    fn note(&mut self, height: Height, block: Hash32) -> Outcome<()> {
        match self.blocks.get(&height) {
            Some(before) if *before == block => Ok(()),
            Some(before) => self.violation(format!("two blocks are final at height {height}: {before} and {block}")),
            None => {
                self.blocks.insert(height, block);
                self.write(&Line::Final { height, block })
            }
        }
    }

    /// Whether some node has proven this very block already.
    #[must_use]
    pub fn is_proven(&self, height: Height, block: Hash32) -> bool {
        self.proven.contains(&(height, block))
    }

    /// A promise was broken.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn violation(&mut self, sentence: String) -> Outcome<()> {
        self.write(&Line::Violation(sentence.clone()))?;
        self.violations.push(sentence);
        Ok(())
    }

    /// What was broken so far.
    #[must_use]
    pub fn violations(&self) -> &[String] {
        &self.violations
    }

    /// Every acknowledged transaction with its block.
    #[must_use]
    pub const fn all_acknowledged(&self) -> &BTreeMap<Hash32, (Height, Hash32)> {
        &self.acknowledged
    }

    /// The highest final block that was shown.
    #[must_use]
    pub fn newest(&self) -> Height {
        self.blocks.last_key_value().map_or(Height::ZERO, |(height, _)| *height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(byte: u8) -> Hash32 {
        Hash32([byte; 32])
    }

    #[test]
    fn a_second_block_at_a_height_and_a_moved_transaction_are_violations() {
        // FAULTS I1, I4
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("oracle.jsonl");
        let mut oracle = Oracle::begin(&path, 7).expect("a file");
        oracle.block(Height(1), hash(1)).expect("written");
        oracle.acknowledged(hash(9), Height(2), hash(2)).expect("written");
        oracle.acknowledged(hash(9), Height(2), hash(2)).expect("written");
        assert!(oracle.violations().is_empty());
        oracle.block(Height(1), hash(3)).expect("written");
        assert_eq!(oracle.violations().len(), 1);
        oracle.acknowledged(hash(9), Height(3), hash(4)).expect("written");
        assert_eq!(oracle.violations().len(), 2);
        let text = std::fs::read_to_string(&path).expect("the file");
        assert_eq!(text.lines().filter(|line| line.contains("violation")).count(), 2);
        assert!(Oracle::begin(&path, 7).is_err(), "an oracle is never begun twice");
    }
}
