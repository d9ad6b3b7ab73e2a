//! Frames, budgets and outboxes against hostile and random input.

use std::sync::Arc;

use p2p::{Budget, Channel, FrameDecoder, FrameError, Outbox, OutboxError, Row, TokenBucket, frame_prefix};
use proptest::prelude::*;
use types::PeerKey;

fn encode(frames: &[Vec<u8>], bytes_max: usize) -> Vec<u8> {
    let mut stream = Vec::new();
    for frame in frames {
        stream.extend_from_slice(&frame_prefix(frame.len(), bytes_max).expect("a frame that fits"));
        stream.extend_from_slice(frame);
    }
    stream
}

fn decode(stream: &[u8], cuts: &[usize], bytes_max: usize) -> Result<(Vec<Vec<u8>>, bool), FrameError> {
    let mut decoder = FrameDecoder::new(bytes_max);
    let mut frames = Vec::new();
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (stream.len() + 1)).collect();
    cuts.push(stream.len());
    cuts.sort_unstable();
    let mut from = 0;
    for cut in cuts {
        let mut part = &stream[from..cut];
        from = cut;
        while let Some(frame) = decoder.next(&mut part)? {
            frames.push(frame);
        }
        assert!(part.is_empty());
    }
    Ok((frames, decoder.is_between_frames()))
}

proptest! {
    // FAULTS P1: decode(encode(x)) = x, wherever the stream is cut.
    #[test]
    fn frames_come_out_as_they_went_in(
        frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..300), 0..20),
        cuts in prop::collection::vec(any::<usize>(), 0..30),
    ) {
        let stream = encode(&frames, 300);
        let (decoded, whole) = decode(&stream, &cuts, 300).expect("good frames");
        prop_assert_eq!(&decoded, &frames);
        prop_assert!(whole);
        prop_assert_eq!(encode(&decoded, 300), stream);
    }

    // FAULTS P1: any bytes are refused or are the one encoding of what they decode to.
    #[test]
    fn whatever_decodes_has_one_encoding(stream in prop::collection::vec(any::<u8>(), 0..600), small in any::<bool>()) {
        let mut stream = stream;
        if small && stream.len() > 4 {
            stream[1..4].fill(0);
        }
        if let Ok((frames, whole)) = decode(&stream, &[], 400) {
            let again = encode(&frames, 400);
            prop_assert!(stream.starts_with(&again));
            prop_assert_eq!(whole, again.len() == stream.len());
        }
    }

    #[test]
    fn a_bucket_never_gives_more_than_burst_and_rate_allow(
        rate in 1_u32..5_000, burst in 1_u32..5_000, steps in prop::collection::vec(0_u64..50, 1..500),
    ) {
        let mut bucket = TokenBucket::new(rate, burst, 0);
        let (mut now, mut given) = (0_u64, 0_u64);
        for step in steps {
            now += step;
            while bucket.take(now).is_ok() {
                given += 1;
            }
            prop_assert!(given <= u64::from(burst) + now * u64::from(rate) / 1_000);
            let wait = bucket.take(now).expect_err("it is empty");
            prop_assert!(wait > 0);
            let mut later = bucket;
            prop_assert!(later.take(now + wait).is_ok(), "the wait it names is enough");
            let mut earlier = bucket;
            prop_assert!(earlier.take(now + wait - 1).is_err(), "and no longer than needed");
        }
    }

    // FAULTS L19
    #[test]
    fn an_outbox_never_holds_more_than_its_buffer(
        lengths in prop::collection::vec(1_usize..2_048, 1..2_000), pops in prop::collection::vec(any::<bool>(), 2_000),
    ) {
        for channel in [Channel::Votes, Channel::Proposals] {
            let row = channel.row();
            let mut outbox = Outbox::new(row);
            let mut held: std::collections::VecDeque<usize> = Default::default();
            for (length, pop) in lengths.iter().zip(&pops) {
                match outbox.push(Arc::from(vec![0_u8; *length])) {
                    Ok(()) => held.push_back(*length),
                    Err(OutboxError::Full { .. }) => prop_assert_eq!(channel, Channel::Proposals),
                    Err(other) => prop_assert!(false, "{}", other),
                }
                if *pop {
                    outbox.pop();
                }
                prop_assert!(outbox.charged() <= row.buffer_bytes_max);
            }
        }
    }
}

// FAULTS P1: a giant prefix is refused before anything is reserved.
#[test]
fn a_giant_prefix_is_refused_at_its_fourth_byte() {
    for length in [2_049_u32, 1 << 31, u32::MAX] {
        let mut decoder = FrameDecoder::new(2_048);
        let prefix = length.to_le_bytes();
        assert_eq!(decoder.next(&mut &prefix[..3]), Ok(None));
        let error = decoder.next(&mut &prefix[3..]).expect_err("too long");
        assert_eq!(error, FrameError::TooLong { length: length as usize, max: 2_048 });
    }
    assert_eq!(FrameDecoder::new(8).next(&mut &[0; 4][..]), Err(FrameError::Empty));
}

#[test]
fn a_full_vote_outbox_keeps_the_newest_and_a_full_body_outbox_refuses() {
    let mut votes = Outbox::new(Channel::Votes.row());
    let fit = Channel::Votes.row().buffer_bytes_max / Row::charge(8);
    for number in 0..(fit as u64 + 10) {
        votes.push(Arc::from(number.to_le_bytes().to_vec())).expect("votes give way");
    }
    assert_eq!(votes.dropped(), 10);
    assert_eq!(votes.pop().as_deref(), Some(&10_u64.to_le_bytes()[..]));

    let mut bodies = Outbox::new(Channel::Bodies.row());
    let body: Arc<[u8]> = Arc::from(vec![7; 4 << 20]);
    while bodies.push(body.clone()).is_ok() {}
    assert!(matches!(bodies.push(body), Err(OutboxError::Full { .. })));
    assert!(matches!(bodies.push(Arc::from(vec![0; 5 << 20])), Err(OutboxError::Frame(_))));
}

#[test]
fn small_frames_leave_together_and_a_large_one_alone() {
    let mut outbox = Outbox::new(Channel::Bodies.row());
    for length in [10, 20, 1_000_000, 30] {
        outbox.push(Arc::from(vec![1; length])).expect("room");
    }
    let mut buffer = Vec::new();
    assert_eq!(outbox.fill(&mut buffer, 1_000), 2);
    assert_eq!(buffer.len(), 38);
    buffer.clear();
    assert_eq!(outbox.fill(&mut buffer, 1_000), 1);
    assert_eq!(buffer.len(), 1_000_004);
    buffer.clear();
    assert_eq!(outbox.fill(&mut buffer, 1_000), 1);
    assert!(outbox.is_empty() && outbox.charged() == 0);
}

// FAULTS C13: a flood is cut to the channel's rate, and one peer's flood costs no other peer anything.
#[test]
fn a_flood_of_one_peer_is_cut_to_its_rate_and_leaves_the_others_alone() {
    let mut budget = Budget::default();
    let (loud, calm) = (PeerKey([1; 32]), PeerKey([2; 32]));
    let mut passed = 0_u64;
    for ms in 0..60_000_u64 {
        for _ in 0..100 {
            passed += u64::from(budget.take(loud, Channel::Votes, ms).is_ok());
        }
        if ms % 10 == 0 {
            assert_eq!(budget.take(calm, Channel::Votes, ms), Ok(()));
        }
    }
    let row = Channel::Votes.row();
    assert!(passed <= u64::from(row.burst) + 60 * u64::from(row.rate_per_second));
    assert_eq!(budget.len(), 2);
    budget.forget(loud);
    budget.forget(calm);
    assert!(budget.is_empty());
}
