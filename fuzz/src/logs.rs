//! Bytes that come back from a disk or in from a stream.

use journal::{Disk, Journal, MemoryDisk};
use p2p::FrameDecoder;
use types::ChainId;

/// A first segment of the consensus log, whatever it holds. What opens must open again to the same records.
pub fn journal_segment(data: &[u8]) {
    let disk = MemoryDisk::new();
    let fresh = Journal::open(disk.clone(), ChainId::default(), journal::SEGMENT_BYTES);
    drop(fresh.expect("an empty disk makes an empty log"));
    let name = disk.list().expect("a disk in memory").into_iter().find(|name| name.starts_with("log-0"));
    disk.put(&name.expect("a new log has a segment"), data);
    if let Ok((journal, records, _)) = Journal::open(disk.clone(), ChainId::default(), journal::SEGMENT_BYTES) {
        drop(journal);
        let (_, again, recovery) = Journal::open(disk, ChainId::default(), journal::SEGMENT_BYTES)
            .expect("a log that was repaired once is whole");
        assert_eq!(records, again, "opening a log must not change it");
        assert!(recovery.torn.is_none(), "a torn end is cut once");
    }
}

/// A stream of frames, in two pieces. No frame is empty or above its limit, and none depends on the pieces.
pub fn peer_frame(data: &[u8]) {
    const BYTES_MAX: usize = 1_000;
    let whole = frames(&[data], BYTES_MAX);
    let (front, back) = data.split_at(data.len() / 2);
    assert_eq!(whole, frames(&[front, back], BYTES_MAX));
    assert!(whole.iter().all(|frame| !frame.is_empty() && frame.len() <= BYTES_MAX));
}

fn frames(pieces: &[&[u8]], bytes_max: usize) -> Vec<Vec<u8>> {
    let mut decoder = FrameDecoder::new(bytes_max);
    let mut frames = Vec::new();
    for piece in pieces {
        let mut input = *piece;
        while !input.is_empty() {
            match decoder.next(&mut input) {
                Ok(frame) => frames.extend(frame),
                Err(_) => return frames,
            }
        }
    }
    frames
}
