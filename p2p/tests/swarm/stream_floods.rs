//! Streams of services beside what validators say to each other: floods, half frames and ends that nobody takes part in.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::hostile::{Manners, attack_with};
use crate::nodes::{Node, QUIC, TCP, bytes, in_time, key};
use crate::streams::{TIDES, accept, counted, counts, next, open, pair, pair_of};
use p2p::{Channel, NetworkStream, Offered, StreamError, StreamRow, grant};
use tokio::sync::Notify;

/// Sends what the other end takes, as fast as it takes it, until it is told to stop.
fn pour(stream: NetworkStream, stop: &Arc<AtomicBool>) {
    let stop = stop.clone();
    tokio::spawn(async move {
        while !stop.load(Ordering::Relaxed) && stream.send(vec![7; 256 << 10]).await.is_ok() {}
        stream.close().await;
    });
}

/// Takes all that comes.
fn drain(stream: NetworkStream) {
    tokio::spawn(async move { while stream.next().await.is_ok() {} });
}

/// Fills every seat of both ends with streams that never pause.
async fn pour_both_ways(one: &Node, two: &Node, stop: &Arc<AtomicBool>) {
    two.network.offer_streams("tides", Offered::Yes);
    for _ in 0..TIDES.streams_per_peer_max {
        for (from, to, seed) in [(two, one, 1), (one, two, 2)] {
            pour(open(&from.network, seed).await, stop);
            drain(accept(&to.network).await);
        }
    }
}

// FAULTS HB9: what a vote stands behind is what is already on its way, and that is bounded whatever the streams do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn votes_pass_streams_that_never_pause_both_ways_over_quic_and_tcp() {
    for listen in [QUIC, TCP] {
        let (mut one, two) = pair(listen).await;
        let stop = Arc::new(AtomicBool::new(false));
        pour_both_ways(&one, &two, &stop).await;
        counted(&one.network, "the tide comes in", |counts| counts.bytes_in > 64 << 20).await;
        let begun = counts(&one.network).bytes_in;
        let mut behind = Vec::new();
        for number in 0..500_u32 {
            let before = counts(&one.network).bytes_in;
            two.network.send(key(1), Channel::Votes, bytes(number.to_le_bytes())).expect("sent");
            assert_eq!(one.frame().await.2, number.to_le_bytes());
            behind.push(counts(&one.network).bytes_in - before);
        }
        behind.sort_unstable();
        // What came until this task had its turn counts too, so the quick ones tell.
        assert!(behind[50] < 8 << 20, "votes wait for no more than the room on the way: {}", behind[50]);
        counted(&one.network, "and the streams went on", |counts| counts.bytes_in > begun + (16 << 20)).await;
        stop.store(true, Ordering::Relaxed);
        counted(&one.network, "all have ended", |counts| counts.open == 0).await;
    }
}

// FAULTS HB9: a stranger that opens streams and says words without end costs its own seats, and no vote.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn votes_and_streams_pass_strangers_that_open_and_talk_without_end() {
    // All come from one address here, which has half of the seats: the four strangers' and one more.
    let row = StreamRow { streams_per_peer_max: 2, streams_max: 20, ..TIDES };
    let (mut one, two) = pair_of(TCP, row).await;
    let words: Vec<u8> = std::iter::repeat_n(grant(1), 1 << 20).flatten().collect();
    for seed in 50..54 {
        let manners = Manners { streams: 200, hangs: true, ..Manners::default() };
        attack_with(&one, seed, "tides", words.clone(), manners).await;
    }
    counted(&one.network, "they are refused", |counts| counts.refused > 0).await;
    let ours = open(&two.network, 1).await;
    let theirs = loop {
        let stream = accept(&one.network).await;
        if stream.peer() == key(2) {
            break stream;
        }
    };
    for number in 0..200_u32 {
        two.network.send(key(1), Channel::Votes, bytes(number.to_le_bytes())).expect("sent");
        assert_eq!(one.frame().await.2, number.to_le_bytes());
        ours.send(number.to_le_bytes().to_vec()).await.expect("sent");
        assert_eq!(next(&theirs).await, Ok(number.to_le_bytes().to_vec()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_closes_in_the_middle_of_a_frame_leaves_nothing_behind() {
    let (one, two) = pair(TCP).await;
    let signal = Arc::new(Notify::new());
    let half = [&1_000_u32.to_le_bytes()[..], &[1; 10]].concat();
    let manners = Manners { goes_on: Some((signal.clone(), half)), ..Manners::default() };
    attack_with(&one, 62, "tides", grant(1_000).to_vec(), manners).await;
    let begun = accept(&one.network).await;
    // Words go before frames, so now it may send.
    begun.send(vec![1; 10]).await.expect("sent");
    counted(&one.network, "it is written", |counts| counts.bytes_out == 10).await;
    signal.notify_one();
    assert_eq!(next(&begun).await, Err(StreamError::Lost));
    assert_eq!(begun.send(vec![1]).await, Err(StreamError::Lost));
    drop(begun);
    counted(&one.network, "it has ended", |counts| counts.open == 0 && counts.bytes_in == 0).await;
    let (_ours, _theirs) = (open(&two.network, 1).await, accept(&one.network).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_accepts_and_is_never_asked_again_does_not_hold_up_the_end() {
    let (one, two) = pair(QUIC).await;
    let mut accepting = Box::pin(one.network.accept_stream("tides"));
    tokio::select! {
        biased;
        _ = &mut accepting => panic!("nobody has opened a stream"),
        () = tokio::task::yield_now() => {}
    }
    let ours = open(&two.network, 1).await;
    in_time("all are closed", one.network.close_streams()).await;
    assert!(next(&ours).await.is_err());
    in_time("it ends", one.network.shutdown()).await;
    drop(accepting);
}
