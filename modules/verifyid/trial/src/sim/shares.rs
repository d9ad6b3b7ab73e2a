//! Work for an attestation: shares whose coinbase binds a digest.

use pow::{Commitment, CompactBits, WorkHeader, merkle, sha256d};
use types::{Address, ByteString, ChainId, Hash32, List};
use verifyid::{WorkClass, WorkGroup, WorkShare};

/// Mines so many shares for a digest, in rising order of their hashes.
pub(super) fn mine(digest: Hash32, class: &WorkClass, count: usize) -> WorkGroup {
    let target = class.difficulty().expect("the genesis has difficulties only").target();
    let commitment =
        Commitment { chain_id: ChainId::default(), work_height: 5, payee: Address([2; 20]), anchor: Hash32::ZERO };
    let tag = [b"VID1".as_slice(), digest.as_bytes()].concat();
    let parts = commitment.coinbase_parts(&tag).expect("a short tag");
    let extranonce = [0; 12];
    let coinbase = [&parts.coinbase1[..], &extranonce, &parts.coinbase2[..]].concat();
    let merkle_root = merkle::fold(sha256d(&coinbase), &[]);
    let (version, time, bits) = (0x2000_0000, 1_800_000_000, 0x1f7f_ffff);
    let share = |nonce| {
        let header = WorkHeader { version, previous: [7; 32], merkle_root, time, bits: CompactBits(bits), nonce };
        let mut digest = sha256d(&header.to_bytes());
        let is_good = target.is_met_by(&digest);
        digest.reverse();
        is_good.then_some((digest, WorkShare { extranonce, version, time, nonce }))
    };
    let mut found: Vec<([u8; 32], WorkShare)> = (0_u32..).filter_map(share).take(count).collect();
    found.sort_by_key(|(digest, _)| *digest);
    WorkGroup {
        coinbase1: ByteString::new(parts.coinbase1).expect("short"),
        coinbase2: ByteString::new(parts.coinbase2).expect("short"),
        branch: List::default(),
        previous: Hash32([7; 32]),
        bits,
        shares: List::new(found.into_iter().map(|(_, share)| share).collect()).expect("few"),
    }
}
