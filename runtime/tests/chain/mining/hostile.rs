//! Hostile proofs of work, each with the code that refuses it. Where a header is changed it is mined again, so that a case fails for
//! the reason it names and no other.

use mining::{MiningReject, Template, WorkProof};
use pow::{CompactBits, Target, WorkHeader, merkle};
use types::{Address, ByteString, Canonical, Hash32, Height, List, ModuleId, SystemCall};

use super::{Want, chain, mine, mined, solve, task};
use crate::harness::Chain;

const MINER: Address = Address([0x11; 20]);
/// Place of the input script's length in a coinbase.
const SCRIPT: usize = 4 + 1 + 36;

/// A chain with two works, 15 s apart.
fn two_works() -> Chain {
    let mut chain = chain();
    chain.step_ms = 15_000;
    for extra in 0..2 {
        mined(&mut chain, MINER, Want::Work, extra);
    }
    chain
}

fn raw(bytes: Vec<u8>) -> SystemCall {
    SystemCall { module: ModuleId(3), body: ByteString::new(bytes).expect("below 16 KiB") }
}

/// A case: what is refused, why, and how it is made from a good proof of the chain.
type Case = (&'static str, MiningReject, Box<dyn Fn(&Chain) -> SystemCall>);

fn now(chain: &Chain) -> u32 {
    u32::try_from(chain.time().0 / 1_000).expect("before 2106")
}

/// Mines a share whose coinbase was changed.
fn with_coinbase(chain: &Chain, change: impl Fn(&mut Vec<u8>)) -> SystemCall {
    of_task(chain, &task(chain, MINER), change, |_| {})
}

/// Mines a share whose header was changed.
fn with_header(chain: &Chain, change: impl Fn(&mut WorkHeader)) -> SystemCall {
    of_task(chain, &task(chain, MINER), |_| {}, change)
}

/// Mines a share of a changed task.
fn with_task(chain: &Chain, change: impl Fn(&mut Template)) -> SystemCall {
    let mut task = task(chain, MINER);
    change(&mut task);
    of_task(chain, &task, |_| {}, |_| {})
}

fn of_task(
    chain: &Chain,
    task: &Template,
    change_coinbase: impl Fn(&mut Vec<u8>),
    change_header: impl Fn(&mut WorkHeader),
) -> SystemCall {
    let mut coinbase = task.coinbase_parts(b"/test/").expect("short").assemble([1; 4], [2; 8]);
    change_coinbase(&mut coinbase);
    let mut header = super::header(task, &coinbase, now(chain));
    change_header(&mut header);
    let solved = solve(header, task.target, task.share_target, Want::Share);
    task.proof(&solved, coinbase).expect("a short coinbase").to_system_call()
}

/// Changes a good proof after it was mined.
fn after_mining(chain: &Chain, change: impl Fn(&mut WorkProof)) -> SystemCall {
    let mut proof = mine(chain, &task(chain, MINER), Want::Share, 5);
    change(&mut proof);
    proof.to_system_call()
}

fn case(name: &'static str, reject: MiningReject, make: impl Fn(&Chain) -> SystemCall + 'static) -> Case {
    (name, reject, Box::new(make))
}

/// Bytes that are no proof.
fn malformed() -> Vec<Case> {
    let cut = |name, keep: fn(usize) -> usize| {
        case(name, MiningReject::MalformedProof, move |chain| {
            let bytes = mine(chain, &task(chain, MINER), Want::Share, 5).to_canonical();
            raw(bytes[..keep(bytes.len())].to_vec())
        })
    };
    let claim = |name, place: fn(usize) -> usize, length: u32| {
        case(name, MiningReject::MalformedProof, move |chain| {
            let mut bytes = mine(chain, &task(chain, MINER), Want::Share, 5).to_canonical();
            let at = place(bytes.len());
            bytes[at..at + 4].copy_from_slice(&length.to_le_bytes());
            raw(bytes)
        })
    };
    vec![
        case("nothing", MiningReject::MalformedProof, |_| raw(vec![])),
        case("one byte", MiningReject::MalformedProof, |_| raw(vec![0])),
        case("16 KiB of zeros", MiningReject::MalformedProof, |_| raw(vec![0; 16 * 1024])),
        case("16 KiB of ones", MiningReject::MalformedProof, |_| raw(vec![0xff; 16 * 1024])),
        cut("a header of 79 bytes", |_| 79),
        cut("a header alone", |_| 80),
        cut("half an anchor", |_| 84),
        cut("no coinbase", |_| 88),
        cut("half a coinbase", |_| 150),
        cut("no count of branch nodes", |length| length - 4),
        cut("all but the last byte", |length| length - 1),
        claim("a coinbase of 257 bytes", |_| 88, 257),
        claim("a coinbase of 4 GiB", |_| 88, u32::MAX),
        claim("a coinbase shorter than it is", |_| 88, 10),
        claim("a branch of 17 nodes", |length| length - 4, 17),
        claim("a branch of 2^32 nodes", |length| length - 4, u32::MAX),
        claim("a branch that is not there", |length| length - 4, 1),
        case("a byte behind the end", MiningReject::MalformedProof, |chain| {
            let mut bytes = mine(chain, &task(chain, MINER), Want::Share, 5).to_canonical();
            bytes.push(0);
            raw(bytes)
        }),
    ]
}

/// Headers that build on nothing, or claim another target, time or block.
fn headers() -> Vec<Case> {
    let previous = |name, make: fn(&Chain) -> [u8; 32]| {
        case(name, MiningReject::UnknownPrevious, move |chain| {
            with_header(chain, |header| header.previous = make(chain))
        })
    };
    let bits = |name, bits: u32| {
        case(name, MiningReject::WrongBits, move |chain| with_header(chain, |header| header.bits = CompactBits(bits)))
    };
    let time = |name, reject, make: fn(&Chain) -> u32| {
        case(name, reject, move |chain| with_header(chain, |header| header.time = make(chain)))
    };
    let anchor = |name, reject, height: fn(&Chain) -> Height| {
        case(name, reject, move |chain| with_task(chain, |task| task.anchor = height(chain)))
    };
    vec![
        previous("on zeros", |_| [0; 32]),
        previous("on the chain id, two works back", |chain| chain.chain_id.0.0),
        previous("on the newest block instead of the newest work", |chain| chain.next().tip.hash.0),
        previous("on the newest work, bytes reversed", |chain| {
            let mut hash = super::terms(chain).previous.0;
            hash.reverse();
            hash
        }),
        previous("on the newest work, words swapped as Stratum sends it", |chain| {
            let mut hash = super::terms(chain).previous.0;
            hash.chunks_exact_mut(4).for_each(<[u8]>::reverse);
            hash
        }),
        bits("a negative target", 0x01fe_dcba),
        bits("another negative target", 0x0492_3456),
        bits("a target above 256 bits", 0xff12_3456),
        bits("a target of zero", 0),
        bits("the bits in the other byte order", super::EASY_BITS.swap_bytes()),
        bits("an easier target", 0x2000_7fff),
        bits("Bitcoin's first target", 0x1d00_ffff),
        bits("the same target in a longer form", 0x207f_ffff),
        anchor("a block of the future", MiningReject::UnknownAnchor, |chain| chain.next().tip.height.next()),
        anchor("the last of all blocks", MiningReject::UnknownAnchor, |_| Height(u64::MAX)),
        anchor("a block that shares a slot with the newest", MiningReject::UnknownAnchor, |chain| {
            chain.next().tip.height.saturating_add(4_096)
        }),
        anchor("another block than the coinbase binds", MiningReject::OtherCommitment, |_| super::FIRST),
        time("no time", MiningReject::TimeTooEarly, |_| 0),
        time("a second before the earliest", MiningReject::TimeTooEarly, |chain| {
            u32::try_from(chain.next().tip.time.0 / 1_000).expect("small") - 7_201
        }),
        time("a second after the latest", MiningReject::TimeTooLate, |chain| now(chain) + 7_201),
        time("the end of time", MiningReject::TimeTooLate, |_| u32::MAX),
        case("not solved", MiningReject::AboveTarget, |chain| {
            after_mining(chain, |proof| {
                let share_target = task(chain, MINER).share_target;
                let mut header = WorkHeader::from_bytes(&proof.header);
                while share_target.is_met_by(&header.hash()) {
                    header.nonce += 1;
                }
                proof.header = header.to_bytes();
            })
        }),
        case("solved for a byte order of hashes that is not ours", MiningReject::AboveTarget, |chain| {
            after_mining(chain, |proof| {
                let mut header = WorkHeader::from_bytes(&proof.header);
                let target = task(chain, MINER).share_target;
                loop {
                    let digest = header.hash();
                    let mut reversed = digest;
                    reversed.reverse();
                    if Target::DIFFICULTY_ONE.times(1 << 24).is_met_by(&reversed) && !target.is_met_by(&digest) {
                        break;
                    }
                    header.nonce += 1;
                }
                proof.header = header.to_bytes();
            })
        }),
    ]
}

/// Coinbases that do not bind what they must.
fn commitments() -> Vec<Case> {
    let other = |name, change: fn(&Chain, &mut Template)| {
        case(name, MiningReject::OtherCommitment, move |chain| with_task(chain, |task| change(chain, task)))
    };
    let payee = |coinbase: &[u8]| coinbase.len() - 4 - 32 - 20;
    vec![
        other("for another chain", |_, task| task.commitment.chain_id.0.0[0] ^= 1),
        other("for a block that is not an ancestor", |_, task| task.commitment.anchor = Hash32([7; 32])),
        case("a solved coinbase with another payee", MiningReject::OtherCommitment, move |chain| {
            with_coinbase(chain, |coinbase| {
                let at = payee(coinbase);
                coinbase[at..at + 20].fill(0x99);
            })
        }),
        case("a digest of zeros", MiningReject::OtherCommitment, move |chain| {
            with_coinbase(chain, |coinbase| {
                let end = coinbase.len() - 4;
                coinbase[end - 32..end].fill(0);
            })
        }),
        case("for the next work height", MiningReject::WrongHeight, |chain| {
            with_task(chain, |task| task.commitment.work_height += 1)
        }),
        case("for the last work height", MiningReject::WrongHeight, |chain| {
            with_task(chain, |task| task.commitment.work_height -= 1)
        }),
        case("the right height in the script, another in the digest", MiningReject::OtherCommitment, |chain| {
            let mut wrong = task(chain, MINER);
            wrong.commitment.work_height += 1;
            let digest = wrong.commitment.digest();
            with_coinbase(chain, move |coinbase| {
                let end = coinbase.len() - 4;
                coinbase[end - 32..end].copy_from_slice(digest.as_bytes());
            })
        }),
        case("a hijacked share: the payee replaced on the way", MiningReject::OtherCommitment, move |chain| {
            after_mining(chain, |proof| {
                let mut coinbase = proof.coinbase.to_vec();
                let at = payee(&coinbase);
                coinbase[at..at + 20].fill(0x99);
                proof.coinbase = ByteString::new(coinbase).expect("as long");
            })
        }),
        case("a hijacked share with the thief's own coinbase", MiningReject::WrongRoot, |chain| {
            let thief = task(chain, Address([0x99; 20])).coinbase_parts(b"").expect("short").assemble([0; 4], [0; 8]);
            after_mining(chain, |proof| proof.coinbase = ByteString::new(thief.clone()).expect("short"))
        }),
        case("another extranonce than was hashed", MiningReject::WrongRoot, |chain| {
            after_mining(chain, |proof| {
                let mut coinbase = proof.coinbase.to_vec();
                coinbase[SCRIPT + 15] ^= 1;
                proof.coinbase = ByteString::new(coinbase).expect("as long");
            })
        }),
        case("a Merkle root of zeros", MiningReject::WrongRoot, |chain| {
            with_header(chain, |header| header.merkle_root = [0; 32])
        }),
        case("the coinbase's hash reversed as the root", MiningReject::WrongRoot, |chain| {
            with_header(chain, |header| header.merkle_root.reverse())
        }),
        case("a branch too many", MiningReject::WrongRoot, |chain| {
            after_mining(chain, |proof| proof.branch = List::new(vec![Hash32([1; 32])]).expect("one"))
        }),
        case("a branch folded from the left", MiningReject::WrongRoot, |chain| {
            let node = Hash32([3; 32]);
            let task = task(chain, MINER);
            let coinbase = task.coinbase_parts(b"").expect("short").assemble([0; 4], [0; 8]);
            let mut header = super::header(&task, &coinbase, now(chain));
            header.merkle_root = merkle::fold(node.0, &[Hash32(pow::sha256d(&coinbase))]);
            let solved = solve(header, task.target, task.share_target, Want::Share);
            let mut proof = task.proof(&solved, coinbase).expect("short");
            proof.branch = List::new(vec![node]).expect("one");
            proof.to_system_call()
        }),
    ]
}

/// Coinbases that are none.
fn coinbases() -> Vec<Case> {
    let byte = |name, reject, place: fn(usize) -> usize, value: u8| {
        case(name, reject, move |chain| {
            with_coinbase(chain, |coinbase| {
                let at = place(coinbase.len());
                coinbase[at] = value;
            })
        })
    };
    let bytes = |name, reject, make: fn(&[u8]) -> Vec<u8>| {
        case(name, reject, move |chain| with_coinbase(chain, |coinbase| *coinbase = make(coinbase)))
    };
    // From the end: lock time, the one output of 67 bytes, the number of outputs.
    vec![
        byte("version 3", MiningReject::CoinbaseVersion, |_| 0, 3),
        byte("version 0", MiningReject::CoinbaseVersion, |_| 0, 0),
        byte("the marker of a witness", MiningReject::CoinbaseWitness, |_| 4, 0),
        byte("two inputs", MiningReject::CoinbaseInputs, |_| 4, 2),
        byte("an input that spends something", MiningReject::CoinbaseOutpoint, |_| 5, 1),
        byte("an input with index 0", MiningReject::CoinbaseOutpoint, |_| 37, 0),
        byte("a script of one byte", MiningReject::CoinbaseScript, |_| SCRIPT, 1),
        byte("a script of 101 bytes", MiningReject::CoinbaseScript, |_| SCRIPT, 101),
        byte("a script of a long length", MiningReject::CoinbaseScript, |_| SCRIPT, 0xfd),
        byte("no height", MiningReject::CoinbaseHeight, |_| SCRIPT + 1, 0),
        byte("a negative height", MiningReject::CoinbaseHeight, |_| SCRIPT + 2, 0x83),
        byte("a height longer than the script", MiningReject::CoinbaseHeight, |_| SCRIPT + 1, 90),
        byte("no output", MiningReject::CoinbaseOutputs, |length| length - 72, 0),
        byte("five outputs", MiningReject::CoinbaseOutputs, |length| length - 72, 5),
        byte("an output that is missing", MiningReject::CoinbaseTruncated, |length| length - 72, 2),
        byte("a commitment with a value", MiningReject::CommitmentValue, |length| length - 71, 1),
        byte("no OP_RETURN", MiningReject::NoCommitment, |length| length - 62, 0x51),
        byte("another tag", MiningReject::NoCommitment, |length| length - 57, b'X'),
        byte("a lock time", MiningReject::CoinbaseLockTime, |length| length - 1, 1),
        bytes("two commitments", MiningReject::SecondCommitment, |good| {
            let (head, output) = (&good[..good.len() - 72], &good[good.len() - 71..good.len() - 4]);
            [head, &[2], output, output, &[0; 4]].concat()
        }),
        bytes("a byte behind the end", MiningReject::CoinbaseTrailing, |good| [good, &[0]].concat()),
        bytes("no coinbase at all", MiningReject::CoinbaseTruncated, |_| Vec::new()),
        bytes("64 bytes, as an inner node of a tree", MiningReject::CoinbaseTruncated, |good| good[..64].to_vec()),
        bytes("256 zeros", MiningReject::CoinbaseVersion, |_| vec![0; 256]),
    ]
}

// FAULTS W3, W5, W9
#[test]
fn every_hostile_proof_is_refused_with_its_code() {
    let chain = two_works();
    let good = chain.judge(vec![with_coinbase(&chain, |_| {})], vec![]);
    assert_eq!(good, Ok(()), "the proof from which the cases are made");
    let cases: Vec<Case> = [malformed(), headers(), commitments(), coinbases()].into_iter().flatten().collect();
    assert!(cases.len() >= 60, "{} cases", cases.len());
    for (name, reject, make) in &cases {
        let expected = Err(execution::InvalidBlock::SystemCall { index: 0, reject: (*reject).into() });
        assert_eq!(chain.judge(vec![make(&chain)], vec![]), expected, "{name}");
    }
    let names: std::collections::BTreeSet<_> = cases.iter().map(|(name, ..)| name).collect();
    assert!(names.len() + 3 >= cases.len(), "cases have names of their own");
}

// FAULTS W3
#[test]
fn times_and_blocks_at_their_bounds_are_still_good_and_one_further_they_are_not() {
    let mut chain = two_works();
    let task_then = task(&chain, MINER);
    let earliest = u32::try_from(chain.next().tip.time.0 / 1_000).expect("small") - 7_200;
    for time in [earliest, now(&chain) + 7_200] {
        assert_eq!(chain.judge(vec![with_header(&chain, |header| header.time = time)], vec![]), Ok(()));
    }
    let share = mine(&chain, &task_then, Want::Share, 77).to_system_call();
    chain.step_ms = 600_000;
    assert_eq!(chain.judge(vec![share.clone()], vec![]), Ok(()), "ten minutes of block time");
    chain.step_ms = 600_001;
    let too_old = execution::InvalidBlock::SystemCall { index: 0, reject: MiningReject::AnchorTooOld.into() };
    assert_eq!(chain.judge(vec![share], vec![]), Err(too_old));
}

// FAULTS W9: Bitcoin's block 1, real work that is not ours.
#[test]
fn real_bitcoin_headers_are_no_work_here() {
    let chain = two_works();
    let header = "010000006fe28c0ab6f1b372c1a6a246ae63f74f931e8365e15a089c68d6190000000000982051fd1e4ba744bbbe680e1fee1467\
                  7ba1a3c3540bf7b1cdb606e857233e0e61bc6649ffff001d01e36299";
    let header: [u8; 80] = hex::decode(header).expect("hexadecimal").try_into().expect("80 bytes");
    assert!(Target::DIFFICULTY_ONE.is_met_by(&WorkHeader::from_bytes(&header).hash()), "it is real work");
    let call = after_mining(&chain, |proof| proof.header = header);
    let expected = execution::InvalidBlock::SystemCall { index: 0, reject: MiningReject::UnknownPrevious.into() };
    assert_eq!(chain.judge(vec![call], vec![]), Err(expected));
}
