//! Bytes of pages, paths and proofs: one encoding each, and hostile bytes are refused.

use crypto::jellyfish::{
    EMPTY_ROOT, EncodingError, KeyHash, PAGE_BYTES_MAX, PATH_BYTES_MAX, Page, PagePath, Proof, SIBLINGS_MAX, prove,
};
use proptest::prelude::*;

use crate::model::{Pages, ground_key, neighbour_key, spread_key, tree_of};

fn pages() -> Pages {
    let keys = (0..500).map(spread_key).chain((0..40).map(|index| ground_key(index, 6)));
    tree_of(&keys.chain((0..=255).map(neighbour_key)).map(|key| (key, vec![1])).collect()).1
}

/// Bytes that begin like a page, so that more than its head is tried.
fn almost_a_page() -> impl Strategy<Value = Vec<u8>> {
    let kind = prop_oneof![8 => Just(0_u64), 6 => Just(1), 3 => 2..4_u64, 2 => Just(15), 1 => 4..15_u64];
    let noise = prop_oneof![Just(Vec::new()), prop::collection::vec(any::<u8>(), 3_600)];
    (prop::collection::vec(kind, 16), noise, -1..2_i32).prop_map(|(kinds, noise, excess)| {
        let head = kinds.iter().zip(0..).fold(0_u64, |head, (kind, slot)| head | kind << (4 * slot));
        let hashes = |kind: &u64| match kind {
            0 => 0,
            1 => 2,
            15 => 1,
            few => 1 + 2 * few,
        };
        let length = (kinds.iter().map(hashes).sum::<u64>() as i32 * 32 + excess).max(0) as usize;
        // Without noise keys rise, as far as they go.
        let counted = (0_u8..=255).flat_map(|byte| [byte; 32]);
        head.to_be_bytes().into_iter().chain(noise.into_iter().chain(counted.cycle()).take(length)).collect()
    })
}

proptest! {
    #[test]
    fn bytes_that_read_as_a_page_are_its_encoding(bytes in prop_oneof![
        almost_a_page(),
        prop::collection::vec(any::<u8>(), 0..80),
    ]) {
        if let Ok(page) = Page::from_bytes(&bytes) {
            prop_assert_eq!(page.to_bytes(), bytes);
        }
    }

    #[test]
    fn bytes_that_read_as_a_path_are_its_encoding(
        length in any::<u8>(),
        rest in prop::collection::vec(any::<u8>(), 0..34),
    ) {
        let bytes = [vec![length], rest].concat();
        if let Ok(path) = PagePath::from_bytes(&bytes) {
            prop_assert_eq!(path.as_bytes(), &bytes[..]);
        }
    }

    #[test]
    fn bytes_that_read_as_a_proof_are_its_encoding(
        has_leaf in 0..3_u8,
        count in prop_oneof![0..40_u16, 250..260_u16],
        bits in prop::collection::vec(prop_oneof![Just(0_u8), any::<u8>()], 33),
        noise in prop::collection::vec(any::<u8>(), 0..900),
    ) {
        let mut bytes = vec![has_leaf];
        bytes.extend(std::iter::repeat_n(5, if has_leaf == 1 { 64 } else { 0 }));
        bytes.extend(count.to_le_bytes());
        let bits = &bits[..usize::from(count).div_ceil(8)];
        bytes.extend(bits);
        let hashes = bits.iter().map(|byte| byte.count_ones() as usize).sum::<usize>();
        bytes.extend(noise.into_iter().chain(std::iter::repeat(3)).take(hashes * 32));
        if let Ok(proof) = borsh::from_slice::<Proof>(&bytes) {
            prop_assert!(proof.siblings.len() <= SIBLINGS_MAX);
            prop_assert_eq!(borsh::to_vec(&proof).unwrap(), bytes);
        }
    }
}

#[test]
fn pages_come_back_as_they_were() {
    for (path, page) in pages() {
        let bytes = page.to_bytes();
        assert!(bytes.len() <= PAGE_BYTES_MAX);
        let back = Page::from_bytes(&bytes).unwrap();
        assert_eq!(back, *page);
        assert_eq!(back.hash(), page.hash());
        assert!(back.belongs_at(&path));
    }
}

#[test]
fn cut_or_stretched_pages_are_refused() {
    for page in pages().values() {
        let mut bytes = page.to_bytes();
        for length in 0..bytes.len() {
            assert!(matches!(Page::from_bytes(&bytes[..length]), Err(EncodingError::Length { .. })));
        }
        bytes.push(0);
        assert!(matches!(Page::from_bytes(&bytes), Err(EncodingError::Length { .. })));
    }
}

#[test]
fn pages_that_cannot_be_are_refused() {
    assert_eq!(Page::from_bytes(&[0; 8]), Err(EncodingError::EmptyPage));
    assert_eq!(Page::from_bytes(&[0, 0, 0, 0, 0, 0, 0, 0x41]), Err(EncodingError::SlotKind(4)));
    assert_eq!(Page::from_bytes(&[0xe0, 0, 0, 0, 0, 0, 0, 1]), Err(EncodingError::SlotKind(14)));
    let page = |kind: u8, hashes: &[[u8; 32]]| {
        Page::from_bytes(&[&[0, 0, 0, 0, 0, 0, 0, kind], hashes.as_flattened()].concat())
    };
    assert_eq!(page(15, &[EMPTY_ROOT]), Err(EncodingError::EmptySpelledOut));
    assert_eq!(page(2, &[EMPTY_ROOT, [1; 32], [9; 32], [2; 32], [9; 32]]), Err(EncodingError::EmptySpelledOut));
    assert_eq!(page(2, &[[7; 32], [2; 32], [9; 32], [1; 32], [9; 32]]), Err(EncodingError::Unordered));
    assert_eq!(page(2, &[[7; 32], [2; 32], [9; 32], [2; 32], [9; 32]]), Err(EncodingError::Unordered));
    assert!(page(2, &[[7; 32], [1; 32], [9; 32], [2; 32], [9; 32]]).is_ok());
}

#[test]
fn a_page_belongs_to_its_own_path_only() {
    let pages = pages();
    let has_keys = |head: u8| [head >> 4, head & 15].iter().any(|kind| (1..4).contains(kind));
    let with_leaf = pages.iter().filter(|(_, page)| page.to_bytes()[..8].iter().copied().any(has_keys));
    let mut seen = 0;
    for (path, page) in with_leaf {
        for other in pages.keys().filter(|other| other.nibble_count() == path.nibble_count() && *other != path) {
            assert!(!page.belongs_at(other), "{path:?} at {other:?}");
            seen += 1;
        }
    }
    assert!(seen > 100, "only {seen} pairs");
    let (_, lone) = tree_of(&[(KeyHash([0; 32]), vec![1])].into());
    let lone = &lone[&PagePath::ROOT];
    assert!(lone.belongs_at(&PagePath::ROOT));
    assert!(!lone.belongs_at(&PagePath::from_bytes(&[1, 0]).unwrap()));
}

#[test]
fn paths_come_back_as_they_were_and_sort_like_their_bytes() {
    let pages = pages();
    let paths: Vec<_> = pages.keys().collect();
    for path in &paths {
        assert_eq!(PagePath::from_bytes(path.as_bytes()).unwrap(), **path);
        assert!(path.as_bytes().len() <= PATH_BYTES_MAX);
    }
    assert!(paths.is_sorted_by(|left, right| left.as_bytes() < right.as_bytes()));
    assert_eq!(paths.first().unwrap().as_bytes(), [0]);
    assert_eq!(paths.last().unwrap().nibble_count(), 63);
}

#[test]
fn paths_that_cannot_be_are_refused() {
    assert_eq!(PagePath::from_bytes(&[]), Err(EncodingError::Length { want: 1, got: 0 }));
    assert_eq!(PagePath::from_bytes(&[1]), Err(EncodingError::Length { want: 2, got: 1 }));
    assert_eq!(PagePath::from_bytes(&[0, 0]), Err(EncodingError::Length { want: 1, got: 2 }));
    assert_eq!(PagePath::from_bytes(&[1, 0x01]), Err(EncodingError::Padding));
    assert_eq!(PagePath::from_bytes(&[64; 33]), Err(EncodingError::PathTooLong { nibbles: 64 }));
}

#[test]
fn proofs_are_as_short_as_their_empty_siblings_allow() {
    let values = [(KeyHash([0x3c; 32]), vec![1]), (neighbour_key(255), vec![2])].into();
    let (root, pages) = tree_of(&values);
    let proof = prove(&pages, root, &neighbour_key(255));
    assert_eq!(proof.siblings.len(), SIBLINGS_MAX);
    assert_eq!(borsh::to_vec(&proof).unwrap().len(), 1 + 64 + 2 + 32 + 32);
}

#[test]
fn hostile_proof_bytes_are_refused() {
    let (root, pages) = tree_of(&(0..100).map(|index| (spread_key(index), vec![1])).collect());
    let mut bytes = borsh::to_vec(&prove(&pages, root, &spread_key(3))).unwrap();
    for length in 0..bytes.len() {
        assert!(borsh::from_slice::<Proof>(&bytes[..length]).is_err());
    }
    bytes.push(0);
    assert!(borsh::from_slice::<Proof>(&bytes).is_err());
    for (hostile, why) in [
        (vec![2], "flag"),
        (vec![0, 1, 1], "257 siblings"),
        (vec![0, 255, 255], "65535 siblings"),
        (vec![0, 1, 0, 2], "padding"),
        ([&[0, 1, 0, 1], &EMPTY_ROOT[..]].concat(), "spelled out"),
    ] {
        let error = borsh::from_slice::<Proof>(&hostile).unwrap_err().to_string();
        assert!(error.contains(why), "{error} does not say {why}");
    }
}
