//! What a block overwrote: enough to read the state as it was before.
//!
//! It must not know what the keys mean. Invariant: for each key or page that the block changed, the value right
//! before it, `None` where there was none.

use std::collections::BTreeMap;

use borsh::{BorshDeserialize, BorshSerialize};
use crypto::jellyfish::PagePath;

/// The values before a block.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Undo {
    pub(crate) values: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    pub(crate) pages: BTreeMap<PagePath, Option<Vec<u8>>>,
}

/// A key and its value before.
type Before = (Vec<u8>, Option<Vec<u8>>);

#[derive(BorshSerialize, BorshDeserialize)]
struct Stored {
    values: Vec<Before>,
    pages: Vec<Before>,
}

impl Undo {
    /// What it takes in memory, roughly, in bytes.
    pub(crate) fn footprint(&self) -> usize {
        let size = |key: usize, value: &Option<Vec<u8>>| key + value.as_ref().map_or(0, Vec::len) + 96;
        let values: usize = self.values.iter().map(|(key, value)| size(key.len(), value)).sum();
        let pages: usize = self.pages.values().map(|page| size(33, page)).sum();
        values + pages
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.footprint());
        bytes.extend_from_slice(&length(self.values.len()).to_le_bytes());
        for (key, value) in &self.values {
            put_pair(&mut bytes, key, value.as_deref());
        }
        bytes.extend_from_slice(&length(self.pages.len()).to_le_bytes());
        for (path, page) in &self.pages {
            put_pair(&mut bytes, path.as_bytes(), page.as_deref());
        }
        bytes
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        let Stored { values, pages } = Stored::try_from_slice(bytes).map_err(|error| error.to_string())?;
        let path = |(path, page): Before| Ok((PagePath::from_bytes(&path).map_err(|error| error.to_string())?, page));
        let pages = pages.into_iter().map(path).collect::<Result<_, String>>()?;
        Ok(Self { values: values.into_iter().collect(), pages })
    }
}

/// The bytes that borsh gives for a [`Before`], without a copy of it.
fn put_pair(bytes: &mut Vec<u8>, key: &[u8], value: Option<&[u8]>) {
    bytes.extend_from_slice(&length(key.len()).to_le_bytes());
    bytes.extend_from_slice(key);
    bytes.push(u8::from(value.is_some()));
    if let Some(value) = value {
        bytes.extend_from_slice(&length(value.len()).to_le_bytes());
        bytes.extend_from_slice(value);
    }
}

fn length(count: usize) -> u32 {
    u32::try_from(count).expect("a block changes fewer than 2^32 keys and bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_lead_back_to_what_was_before() {
        let mut undo = Undo::default();
        undo.values.insert(b"a".to_vec(), None);
        undo.values.insert(b"".to_vec(), Some(Vec::new()));
        undo.values.insert(b"bb".to_vec(), Some(vec![7; 300]));
        undo.pages.insert(PagePath::ROOT, Some(vec![1, 2]));
        assert_eq!(Undo::from_bytes(&undo.to_bytes()), Ok(undo));
        assert!(Undo::from_bytes(&[1, 0, 0, 0]).is_err());
    }
}
