//! Headers, Merkle branches and coinbases, with the crate `bitcoin` as judge.

use bitcoin::consensus::{deserialize, serialize};
use bitcoin::hashes::Hash as _;
use pow::coinbase::{BYTES_MAX, TAG_BYTES_MAX};
use pow::{Coinbase, CoinbaseError, Commitment, CompactBits, WorkHeader, merkle};
use proptest::prelude::*;
use types::{Address, ChainId, Hash32};

fn commitment(work_height: u64) -> Commitment {
    Commitment { chain_id: ChainId(Hash32([1; 32])), work_height, payee: Address([2; 20]), anchor: Hash32([3; 32]) }
}

fn coinbase(work_height: u64) -> Vec<u8> {
    let parts = commitment(work_height).coinbase_parts(b"/thronos/").expect("a short tag");
    parts.assemble([0xaa; 4], [0xbb; 8])
}

fn displayed(hash: [u8; 32]) -> String {
    hex::encode(hash.into_iter().rev().collect::<Vec<_>>())
}

#[test]
fn the_check_value_of_the_facts_is_met() {
    let header = WorkHeader {
        version: 1,
        previous: [0; 32],
        merkle_root: [0x11; 32],
        time: 1_700_000_000,
        bits: CompactBits(0x1e10_0000),
        nonce: 0,
    };
    assert_eq!(displayed(header.hash()), "051902e9b63701fb42f8c8746fd53c21755bd428ad901b8e39ccbeba669c37b4");
}

#[test]
fn bitcoins_first_header_hashes_to_its_hash_and_meets_its_bits() {
    let block = bitcoin::constants::genesis_block(bitcoin::Network::Bitcoin);
    let bytes: [u8; 80] = serialize(&block.header).try_into().expect("80 bytes");
    let header = WorkHeader::from_bytes(&bytes);
    assert_eq!(header.to_bytes(), bytes);
    assert_eq!((header.time, header.bits, header.nonce), (1_231_006_505, CompactBits(0x1d00_ffff), 2_083_236_893));
    assert_eq!(displayed(header.hash()), "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f");
    let target = pow::Target::from_compact(header.bits).expect("good bits");
    assert!(target.is_met_by(&header.hash()));
    assert!(!target.is_met_by(&WorkHeader { nonce: header.nonce + 1, ..header }.hash()));
    assert_eq!(header.merkle_root, merkle::fold(block.txdata[0].compute_txid().to_byte_array(), &[]));
}

#[test]
fn a_built_coinbase_is_a_bitcoin_transaction_with_one_null_input_and_no_value() {
    for work_height in [1, 16, 17, 127, 128, 255, 256, 32_767, 32_768, 1_312_500, 1 << 31, u64::MAX] {
        let bytes = coinbase(work_height);
        let transaction: bitcoin::Transaction = deserialize(&bytes).expect("a transaction");
        assert!(transaction.is_coinbase());
        assert_eq!(serialize(&transaction), bytes);
        let [output] = &transaction.output[..] else { panic!("one output") };
        assert!(output.script_pubkey.is_op_return() && output.value == bitcoin::Amount::ZERO);
        assert!(bytes.len() <= 170, "{} bytes", bytes.len());
        let read = Coinbase::parse(&bytes).expect("what was built");
        assert_eq!(read.txid, transaction.compute_txid().to_byte_array());
        assert!(read.binds(&commitment(work_height)));
        let height = transaction.input[0].script_sig.instructions().next().expect("a push").expect("a good push");
        let number = height.push_bytes().map(|push| push.as_bytes().to_vec()).expect("bytes");
        let mut low = number.clone();
        low.resize(9, 0);
        assert_eq!(u64::from_le_bytes(low[..8].try_into().expect("8")), work_height);
        if (17..1 << 31).contains(&work_height) {
            let pushed = bitcoin::script::Builder::new().push_int(i64::try_from(work_height).expect("small"));
            assert!(transaction.input[0].script_sig.as_bytes().starts_with(pushed.as_bytes()), "as in BIP34");
        }
    }
}

#[test]
fn the_longest_coinbase_that_is_built_is_read() {
    let parts = commitment(u64::MAX).coinbase_parts(&[b'x'; TAG_BYTES_MAX]).expect("the longest tag");
    let bytes = parts.assemble([0xff; 4], [0xff; 8]);
    assert!(Coinbase::parse(&bytes).is_ok_and(|read| read.work_height == u64::MAX));
    let too_long = commitment(1).coinbase_parts(&[0; TAG_BYTES_MAX + 1]);
    assert_eq!(too_long, Err(CoinbaseError::Tag(TAG_BYTES_MAX + 1)));
    assert!(Coinbase::parse(&commitment(1).coinbase_parts(b"").expect("no tag").assemble([0; 4], [0; 8])).is_ok());
}

// FAULTS W9
#[test]
fn each_of_the_four_bound_values_changes_what_is_hashed() {
    let good = commitment(7);
    let read = Coinbase::parse(&coinbase(7)).expect("good");
    assert!(read.binds(&good));
    let others = [
        Commitment { chain_id: ChainId(Hash32([9; 32])), ..good },
        Commitment { work_height: 8, ..good },
        Commitment { payee: Address([9; 20]), ..good },
        Commitment { anchor: Hash32([9; 32]), ..good },
    ];
    for other in others {
        assert!(!read.binds(&other), "{other:?}");
        assert_ne!(other.digest(), good.digest());
    }
}

// FAULTS W9
#[test]
fn no_byte_that_is_free_changes_what_is_read_and_every_other_one_does() {
    for work_height in [1, 128, 300, u64::MAX] {
        let good = coinbase(work_height);
        let read = Coinbase::parse(&good).expect("good");
        let (first, end) = read.free;
        assert!(first > 42 && end == 42 + usize::from(good[41]) && first < end, "{first} {end}");
        // Version 1 says the same as version 2, and a sequence says nothing.
        let says_nothing = |place: usize| place == 0 || (end..end + 4).contains(&place);
        for (place, value) in (0..good.len()).flat_map(|place| (1..=255_u8).map(move |value| (place, value))) {
            let mut bytes = good.clone();
            bytes[place] ^= value;
            let other = Coinbase::parse(&bytes).map(|other| Coinbase { txid: read.txid, ..other });
            assert_eq!(other == Ok(read), says_nothing(place) && other.is_ok() || (first..end).contains(&place));
        }
    }
}

#[test]
fn what_the_outputs_carry_is_added_up() {
    let good = coinbase(300);
    let (input, output) = good[..good.len() - 4].split_at(good.len() - 4 - 67);
    let with = |values: &[u64]| {
        let pay = values.iter().flat_map(|value| [&value.to_le_bytes()[..], &[1, 0x51]].concat()).collect::<Vec<_>>();
        let count = values.len() as u8 + 1;
        let bytes = [&input[..input.len() - 1], &[count], &pay, output, &[0; 4]].concat();
        Coinbase::parse(&bytes).map(|read| (read.payee, read.value))
    };
    assert_eq!(with(&[]), Ok((Address([2; 20]), 0)));
    assert_eq!(with(&[0, 312_500_000]), Ok((Address([2; 20]), 312_500_000)));
    assert_eq!(with(&[1, u64::MAX, 5]), Ok((Address([2; 20]), u64::MAX)));
}

#[test]
fn every_malformed_coinbase_is_refused_by_name() {
    let good = coinbase(300);
    let script = 4 + 1 + 36;
    let outputs = good.len() - 4 - 67 - 1;
    let with = |place: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[place] = byte;
        Coinbase::parse(&bytes)
    };
    assert_eq!(with(0, 3), Err(CoinbaseError::Version(3)));
    assert_eq!(with(0, 0), Err(CoinbaseError::Version(0)));
    assert_eq!(with(4, 0), Err(CoinbaseError::Witness));
    assert_eq!(with(4, 2), Err(CoinbaseError::Inputs(2)));
    assert_eq!(with(5, 1), Err(CoinbaseError::Outpoint));
    assert_eq!(with(40, 0), Err(CoinbaseError::Outpoint));
    assert_eq!(with(script, 1), Err(CoinbaseError::ScriptLength(1)));
    assert_eq!(with(script, 101), Err(CoinbaseError::ScriptLength(101)));
    assert_eq!(with(script, 0xfd), Err(CoinbaseError::ScriptLength(0xfd)));
    let padded = [&good[..script], &[good[script] + 1, 3, good[script + 2], good[script + 3], 0], &good[script + 4..]];
    assert_eq!(Coinbase::parse(&padded.concat()), Err(CoinbaseError::Height), "a superfluous byte");
    assert_eq!(with(script + 1, 0), Err(CoinbaseError::Height));
    assert_eq!(with(script + 1, 100), Err(CoinbaseError::Height));
    assert_eq!(with(script + 3, 0x81), Err(CoinbaseError::Height), "negative");
    assert_eq!(with(outputs, 0), Err(CoinbaseError::Outputs(0)));
    assert_eq!(with(outputs, 5), Err(CoinbaseError::Outputs(5)));
    assert_eq!(with(outputs, 2), Err(CoinbaseError::Truncated));
    assert_eq!(with(outputs + 1, 1), Err(CoinbaseError::Value));
    assert_eq!(with(outputs + 10, 0x6b), Err(CoinbaseError::NoCommitment));
    assert_eq!(with(outputs + 12, b'X'), Err(CoinbaseError::NoCommitment));
    assert_eq!(with(good.len() - 1, 1), Err(CoinbaseError::LockTime));
    assert_eq!(Coinbase::parse(&[good.as_slice(), &[0]].concat()), Err(CoinbaseError::Trailing(1)));
    assert_eq!(Coinbase::parse(&[0; BYTES_MAX + 1]), Err(CoinbaseError::TooLong(BYTES_MAX + 1)));
    for length in 0..good.len() {
        assert_eq!(Coinbase::parse(&good[..length]), Err(CoinbaseError::Truncated), "{length} bytes");
    }
    let output = &good[outputs + 1..good.len() - 4];
    let twice = [&good[..outputs], &[2], output, output, &[0; 4]].concat();
    assert_eq!(Coinbase::parse(&twice), Err(CoinbaseError::SecondCommitment));
    let other = [[0xff; 8].as_slice(), &[1, 0x51]].concat();
    let with_other = [&good[..outputs], &[2], other.as_slice(), output, &[0; 4]].concat();
    assert!(Coinbase::parse(&with_other).is_ok(), "other outputs are the miner's own business");
}

#[test]
fn a_branch_leads_to_the_root_that_bitcoin_computes() {
    for leaves in [1_u8, 2, 3, 4, 5, 8, 11] {
        let ids: Vec<[u8; 32]> = (0..leaves).map(|leaf| pow::sha256d(&[leaf])).collect();
        let nodes = ids.iter().map(|id| bitcoin::Txid::from_byte_array(*id));
        let root = bitcoin::merkle_tree::calculate_root(nodes).expect("a leaf").to_byte_array();
        let mut branch = Vec::new();
        let mut level = ids.clone();
        while level.len() > 1 {
            if level.len() % 2 == 1 {
                level.push(*level.last().expect("not empty"));
            }
            branch.push(Hash32(level[1]));
            level = level.chunks(2).map(|pair| pow::sha256d(&pair.concat())).collect();
        }
        assert_eq!(merkle::fold(ids[0], &branch), root, "{leaves} leaves");
    }
}

proptest! {
    #[test]
    fn any_80_bytes_are_a_header_and_hash_as_in_bitcoin(words: [u64; 10]) {
        let bytes: [u8; 80] = words.map(u64::to_le_bytes).concat().try_into().expect("80 bytes");
        let header = WorkHeader::from_bytes(&bytes);
        prop_assert_eq!(header.to_bytes(), bytes);
        let theirs: bitcoin::block::Header = deserialize(&bytes).expect("a header");
        prop_assert_eq!(header.hash(), theirs.block_hash().to_byte_array());
        prop_assert_eq!(header.bits.0, theirs.bits.to_consensus());
    }

    #[test]
    fn a_changed_byte_is_refused_or_changes_the_hash(place in 0_usize..200, bit in 0_u8..8) {
        let good = coinbase(300);
        let mut bytes = good.clone();
        let place = place % bytes.len();
        bytes[place] ^= 1 << bit;
        if let Ok(read) = Coinbase::parse(&bytes) {
            prop_assert_ne!(read.txid, pow::sha256d(&good));
        }
    }

    #[test]
    fn no_bytes_make_the_parser_panic_and_what_it_reads_bitcoin_reads(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        if Coinbase::parse(&bytes).is_ok() {
            prop_assert!(deserialize::<bitcoin::Transaction>(&bytes).is_ok());
        }
    }
}
