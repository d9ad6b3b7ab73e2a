//! What a block changed: enough to read the state as it was before, and to repeat the block's writes.
//!
//! It must not know what the keys mean. On disk it is the only trace of a block in the state until the next save, and
//! what older heights are read from. Its bytes are the number of keys, then in rising order each key, the value before
//! and the value after; then the number of accounts touched, and each with its receipt. A length comes before what it
//! counts, four bytes, little-endian; absence has the length [`ABSENT`].
//!
//! Invariant: the places in `keys` are those of whole entries in `bytes`.

use std::hash::BuildHasher;
use std::sync::Arc;

use crypto::jellyfish::{Page, PagePath, ReplacedPages};
use execution::AccountTouch;
use foldhash::fast::FixedState;
use types::Address;

/// The length of what is not there.
const ABSENT: u32 = u32::MAX;
const ADDRESS_BYTES: usize = 20;

/// What a block changed in the state.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    bytes: Vec<u8>,
    /// Where each key's entry begins.
    keys: Vec<u32>,
    filter: Filter,
    /// Where the touched accounts begin.
    touches: usize,
    /// Only in memory, and only of blocks that were committed since the start.
    pages: Option<ReplacedPages>,
    memory_bytes: usize,
}

/// A key with its value before and after the block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Write<'a> {
    pub(crate) key: &'a [u8],
    pub(crate) before: Option<&'a [u8]>,
    pub(crate) after: Option<&'a [u8]>,
}

impl Changes {
    /// Changes in the making: [`Self::put`] each key, then [`Self::finish`].
    pub(crate) fn new(keys: usize) -> Self {
        let mut changes = Self::default();
        changes.bytes.reserve(keys * 160);
        changes.keys.reserve(keys);
        changes.filter = Filter::for_keys(keys);
        put_length(&mut changes.bytes, keys);
        changes
    }

    /// Adds the next key in rising order.
    pub(crate) fn put(&mut self, write: Write<'_>) {
        self.keys.push(length(self.bytes.len()));
        self.filter.add(KeyPrint::of(write.key));
        put_part(&mut self.bytes, Some(write.key));
        put_part(&mut self.bytes, write.before);
        put_part(&mut self.bytes, write.after);
    }

    /// Adds what else the block did.
    pub(crate) fn finish(&mut self, touches: &[AccountTouch], pages: ReplacedPages) {
        self.touches = self.bytes.len();
        put_length(&mut self.bytes, touches.len());
        for touch in touches {
            self.bytes.extend_from_slice(&touch.address.0);
            self.bytes.extend_from_slice(&touch.receipt.to_le_bytes());
        }
        let of_page = |page: &Arc<Page>| page.memory_bytes();
        let pages_bytes: usize = pages.iter().map(|(_, page)| 64 + page.as_ref().map_or(0, of_page)).sum();
        self.memory_bytes = self.bytes.len() + 4 * self.keys.len() + self.filter.memory_bytes() + pages_bytes;
        self.pages = Some(pages);
    }

    /// What it takes in memory.
    pub(crate) const fn memory_bytes(&self) -> usize {
        self.memory_bytes
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Reads what [`Self::as_bytes`] gave.
    pub(crate) fn from_bytes(bytes: Vec<u8>) -> Result<Self, String> {
        let mut rest = Rest { bytes: &bytes, place: 0 };
        let count = rest.length()?;
        let mut keys = Vec::new();
        let mut prints = Vec::new();
        let mut last = None;
        for _ in 0..count {
            keys.push(length(rest.place));
            let key = rest.part()?.ok_or("a key is absent")?;
            prints.push(KeyPrint::of(key));
            if last.is_some_and(|last| last >= key) {
                return Err("the keys are not in order".to_owned());
            }
            last = Some(key);
            rest.part()?;
            rest.part()?;
        }
        let touches = rest.place;
        let count = rest.length()? as usize;
        let end = count.checked_mul(ADDRESS_BYTES + 4).and_then(|bytes| bytes.checked_add(rest.place));
        if end != Some(bytes.len()) {
            return Err("the touched accounts do not end where the bytes do".to_owned());
        }
        let mut filter = Filter::for_keys(keys.len());
        prints.into_iter().for_each(|print| filter.add(print));
        let memory_bytes = bytes.len() + 4 * keys.len() + filter.memory_bytes();
        Ok(Self { bytes, keys, filter, touches, pages: None, memory_bytes })
    }

    /// The keys in rising order.
    pub(crate) fn writes(&self) -> impl Iterator<Item = Write<'_>> {
        self.keys.iter().map(|place| self.write_at(*place))
    }

    /// The keys from `start` on.
    pub(crate) fn writes_from<'a>(&'a self, start: &[u8]) -> impl Iterator<Item = Write<'a>> {
        let first = self.keys.partition_point(|place| self.write_at(*place).key < start);
        self.keys[first..].iter().map(|place| self.write_at(*place))
    }

    /// The value before, if the block changed the key, of which this is the print.
    pub(crate) fn before(&self, key: &[u8], print: KeyPrint) -> Option<Option<&[u8]>> {
        if !self.filter.may_have(print) {
            return None;
        }
        let place = self.keys.binary_search_by(|place| self.key_at(*place).cmp(key)).ok()?;
        Some(self.write_at(self.keys[place]).before)
    }

    /// The page before, if the block changed it; [`PagesUnknown`] of a block whose pages are not in memory.
    pub(crate) fn page_before(&self, path: &PagePath) -> Result<Option<&Option<Arc<Page>>>, PagesUnknown> {
        let pages = self.pages.as_ref().ok_or(PagesUnknown)?;
        let place = pages.binary_search_by(|(at, _)| at.cmp(path)).ok();
        Ok(place.map(|place| &pages[place].1))
    }

    /// Which accounts the block touched, in order of receipts.
    pub(crate) fn touches(&self) -> impl Iterator<Item = AccountTouch> + '_ {
        let entries = self.bytes[self.touches + 4..].chunks_exact(ADDRESS_BYTES + 4);
        entries.filter_map(|entry| {
            let (address, receipt) = entry.split_first_chunk()?;
            Some(AccountTouch { address: Address(*address), receipt: u32::from_le_bytes(receipt.try_into().ok()?) })
        })
    }

    fn key_at(&self, place: u32) -> &[u8] {
        self.rest_at(place).part().ok().flatten().expect("every place is that of an entry")
    }

    fn write_at(&self, place: u32) -> Write<'_> {
        let mut rest = self.rest_at(place);
        let mut part = || rest.part().expect("every place is that of an entry");
        Write { key: part().expect("a key is never absent"), before: part(), after: part() }
    }

    fn rest_at(&self, place: u32) -> Rest<'_> {
        Rest { bytes: &self.bytes, place: place as usize }
    }
}

/// What a filter is asked with. Taken of a key once, however many blocks are asked for it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyPrint(u64);

impl KeyPrint {
    pub(crate) fn of(key: &[u8]) -> Self {
        Self(FixedState::default().hash_one(key))
    }
}

/// Bits of a block's keys. Most blocks have not changed what is looked for: one look says so, where a search would go through keys
/// all over the block's bytes.
#[derive(Debug, Default)]
struct Filter(Vec<u64>);

impl Filter {
    /// Bits for each key, so that fewer than one of ten searches is in vain.
    const KEY_BITS: usize = 16;

    fn for_keys(count: usize) -> Self {
        Self(vec![0; (count * Self::KEY_BITS).div_ceil(64).next_power_of_two()])
    }

    /// The word and the bit in it.
    const fn place(&self, KeyPrint(print): KeyPrint) -> (usize, u64) {
        let words = self.0.len().saturating_sub(1);
        ((print >> 6) as usize & words, 1 << (print % 64))
    }

    fn add(&mut self, print: KeyPrint) {
        let (word, bit) = self.place(print);
        if let Some(word) = self.0.get_mut(word) {
            *word |= bit;
        }
    }

    fn may_have(&self, print: KeyPrint) -> bool {
        let (word, bit) = self.place(print);
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }

    const fn memory_bytes(&self) -> usize {
        8 * self.0.len()
    }
}

/// The pages that a block replaced are not in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PagesUnknown;

/// What is still to be read.
struct Rest<'a> {
    bytes: &'a [u8],
    place: usize,
}

impl<'a> Rest<'a> {
    fn length(&mut self) -> Result<u32, String> {
        let bytes = self.bytes.get(self.place..).and_then(|rest| rest.first_chunk()).ok_or("a length is cut off")?;
        self.place += 4;
        Ok(u32::from_le_bytes(*bytes))
    }

    fn part(&mut self) -> Result<Option<&'a [u8]>, String> {
        let length = self.length()?;
        if length == ABSENT {
            return Ok(None);
        }
        let end = self.place.checked_add(length as usize).ok_or("a length is too great")?;
        let part = self.bytes.get(self.place..end).ok_or("a key or value is cut off")?;
        self.place = end;
        Ok(Some(part))
    }
}

fn put_part(bytes: &mut Vec<u8>, part: Option<&[u8]>) {
    match part {
        Some(part) => {
            put_length(bytes, part.len());
            bytes.extend_from_slice(part);
        }
        None => bytes.extend_from_slice(&ABSENT.to_le_bytes()),
    }
}

fn put_length(bytes: &mut Vec<u8>, count: usize) {
    bytes.extend_from_slice(&length(count).to_le_bytes());
}

fn length(count: usize) -> u32 {
    let length = u32::try_from(count).ok().filter(|length| *length != ABSENT);
    length.expect("a block changes fewer than 2^32 keys and bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes() -> Changes {
        let mut changes = Changes::new(3);
        changes.put(Write { key: b"", before: None, after: Some(b"x") });
        changes.put(Write { key: b"a", before: Some(b""), after: None });
        changes.put(Write { key: b"bb", before: Some(&[7; 300]), after: Some(b"y") });
        let touches =
            [(1, 0), (2, 0), (1, 5)].map(|(number, receipt)| AccountTouch { address: Address([number; 20]), receipt });
        changes.finish(&touches, vec![(PagePath::ROOT, None)]);
        changes
    }

    #[test]
    fn bytes_lead_back_to_what_was_changed() {
        let changes = changes();
        let back = Changes::from_bytes(changes.as_bytes().to_vec()).expect("they were just made");
        assert!(back.writes().eq(changes.writes()) && back.touches().eq(changes.touches()));
        assert_eq!((back.writes().count(), back.touches().count()), (3, 3));
        for changes in [&changes, &back] {
            let before = |key: &[u8]| changes.before(key, KeyPrint::of(key)).map(|before| before.map(<[u8]>::to_vec));
            assert_eq!(before(b"bb"), Some(Some(vec![7; 300])));
            assert_eq!((before(b""), before(b"b"), before(b"a")), (Some(None), None, Some(Some(Vec::new()))));
        }
        assert_eq!(back.writes_from(b"a").map(|write| write.key).collect::<Vec<_>>(), [&b"a"[..], b"bb"]);
        assert_eq!(changes.page_before(&PagePath::ROOT), Ok(Some(&None)));
        assert_eq!(back.page_before(&PagePath::ROOT), Err(PagesUnknown));
    }

    #[test]
    fn a_filter_has_every_key_and_few_others() {
        let prints = |range: std::ops::Range<u32>| range.map(|number| KeyPrint::of(&number.to_be_bytes()));
        for count in [0, 1, 7, 1_000] {
            let mut filter = Filter::for_keys(count as usize);
            prints(0..count).for_each(|print| filter.add(print));
            assert!(prints(0..count).all(|print| filter.may_have(print)));
            let others = prints(count..count + 1_000).filter(|print| filter.may_have(*print)).count();
            assert!(others < 130, "{others} of a thousand beside {count}");
        }
        assert!(!Filter::default().may_have(KeyPrint::of(b"")));
    }

    #[test]
    fn cut_stretched_and_disordered_bytes_are_refused() {
        let bytes = changes().as_bytes().to_vec();
        for length in 0..bytes.len() {
            assert!(Changes::from_bytes(bytes[..length].to_vec()).is_err(), "cut to {length} bytes");
        }
        assert!(Changes::from_bytes([&bytes[..], &[0]].concat()).is_err());
        let mut disordered = Changes::new(2);
        disordered.put(Write { key: b"b", before: None, after: None });
        disordered.put(Write { key: b"a", before: None, after: None });
        disordered.finish(&[], Vec::new());
        assert!(Changes::from_bytes(disordered.as_bytes().to_vec()).is_err());
    }
}
