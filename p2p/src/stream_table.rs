//! The table of streams that services declare: how many of each protocol there may be, and how much of each may be under way.
//!
//! It stands beside the table of channels and shares nothing with it. It must not know what a frame means. Invariants: a protocol's
//! name is nobody else's; every stream always has room for its protocol's longest frame; what all streams hold stays below the
//! protocol's bound, and what all protocols hold below the node's.

use std::sync::Arc;

use crate::channels::{Row, TABLE};

/// Longest frame that a protocol may declare. A few of them are under way to one peer at once.
pub const STREAM_FRAME_BYTES_MAX: usize = 2 << 20;
/// Most bytes that one stream may have under way.
pub const STREAM_BYTES_MAX: usize = 16 << 20;
/// Streams of all protocols together that one peer may open, and as many that this node opens to it: so few that channels find room
/// on their connection, which counts the streams of both ends together.
pub const STREAMS_PER_PEER_MAX: usize = 32;
/// Most bytes that all protocols together may have waiting.
pub const STREAMS_BYTES_MAX: usize = 1 << 30;
/// The slowest that a peer may be made, per second.
const RATE_MIN: u32 = 64 * 1024;
/// Longest name.
const NAME_LENGTH_MAX: usize = 32;
/// Names of the house beside those of channels.
const TAKEN: [&str; 3] = ["kad", "gossip", "twin"];

/// One protocol's limits, as the service that speaks it declares them. Both ends of a stream have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamRow {
    /// The word in the protocol's name, in logs and in metrics.
    pub name: &'static str,
    /// Streams that a peer may have opened, and as many that this node has opened to it.
    pub streams_per_peer_max: usize,
    /// Streams that all peers may have opened, and as many that this node has opened: at least four times as many as one peer may have.
    /// All strangers together leave a quarter to validators, or as many as two peers may have if that is more; those of one address
    /// may have half of what strangers may have.
    pub streams_max: usize,
    /// Longest frame.
    pub frame_bytes_max: usize,
    /// Most bytes of one stream that may be under way or wait to be taken, each frame charged
    /// [`crate::FRAME_OVERHEAD_BYTES`] more.
    pub stream_bytes_max: usize,
    /// The same of all streams together. Of what waits to be written there is at most as much again.
    pub bytes_max: usize,
    /// Bytes that a peer may send in a second, and at once after a pause.
    pub bytes_per_second: u32,
}

impl StreamRow {
    /// What a stream may always have under way: its longest frame.
    #[must_use]
    pub const fn first_bytes(&self) -> usize {
        Row::charge(self.frame_bytes_max)
    }

    /// What all streams together may have under way beyond that.
    #[must_use]
    pub const fn growth_bytes_max(&self) -> usize {
        let streams = self.streams_max.saturating_mul(2);
        self.bytes_max.saturating_sub(streams.saturating_mul(self.first_bytes()))
    }

    fn check(&self) -> Result<(), &'static str> {
        let is_word = self.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        let of_house = TABLE.iter().map(|row| row.name).chain(TAKEN).any(|name| name == self.name);
        let first = self.streams_max.saturating_mul(2).saturating_mul(self.first_bytes());
        let rules = [
            (is_word && !self.name.is_empty() && self.name.len() <= NAME_LENGTH_MAX, "its name is not a short word"),
            (!of_house, "its name is one of the house"),
            (self.streams_per_peer_max > 0, "it has no streams"),
            (self.streams_per_peer_max <= self.streams_max / 4, "one peer may have more than a quarter of all streams"),
            (self.frame_bytes_max > 0 && self.frame_bytes_max <= STREAM_FRAME_BYTES_MAX, "its frames are too long"),
            (self.first_bytes() <= self.stream_bytes_max, "a stream has no room for its longest frame"),
            (self.stream_bytes_max <= STREAM_BYTES_MAX, "a stream has too much under way"),
            (first <= self.bytes_max, "there is no room for the longest frame of every stream"),
            (self.bytes_per_second >= RATE_MIN, "it is slower than any line"),
        ];
        rules.iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, why)| Err(why))
    }
}

/// Why rows make no table. Rows are code: whoever wrote them has to change them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StreamTableError {
    /// Two rows have one name.
    #[error("two services declare streams of the protocol `{0}`")]
    Twice(&'static str),
    /// A row breaks a rule.
    #[error("streams of the protocol `{0}`: {1}")]
    Row(&'static str, &'static str),
    /// One peer could have more streams than a connection has room for.
    #[error("a peer may open {streams} streams of all protocols together, and a connection has room for {max}")]
    TooMany {
        /// By the rows.
        streams: usize,
        /// What there may be.
        max: usize,
    },
    /// All streams together would hold more than a node has for them.
    #[error("the streams of all protocols together may have {bytes} bytes waiting, and a node has {max} for them")]
    TooMuch {
        /// By the rows.
        bytes: usize,
        /// What there may be.
        max: usize,
    },
}

/// Every protocol that is declared, each by its place.
#[derive(Clone, Debug, Default)]
pub struct StreamTable {
    rows: Arc<[StreamRow]>,
}

impl StreamTable {
    /// A table of these rows.
    ///
    /// # Errors
    /// [`StreamTableError`].
    pub fn new(rows: Vec<StreamRow>) -> Result<Self, StreamTableError> {
        let (mut streams, mut bytes) = (0_usize, 0_usize);
        for (place, row) in rows.iter().enumerate() {
            row.check().map_err(|why| StreamTableError::Row(row.name, why))?;
            if rows.iter().take(place).any(|earlier| earlier.name == row.name) {
                return Err(StreamTableError::Twice(row.name));
            }
            streams = streams.saturating_add(row.streams_per_peer_max);
            bytes = bytes.saturating_add(row.bytes_max);
        }
        if streams > STREAMS_PER_PEER_MAX {
            return Err(StreamTableError::TooMany { streams, max: STREAMS_PER_PEER_MAX });
        }
        if bytes > STREAMS_BYTES_MAX {
            return Err(StreamTableError::TooMuch { bytes, max: STREAMS_BYTES_MAX });
        }
        Ok(Self { rows: rows.into() })
    }

    /// The rows, in order.
    #[must_use]
    pub fn rows(&self) -> &[StreamRow] {
        &self.rows
    }

    /// The place of a protocol.
    #[must_use]
    pub fn place(&self, name: &str) -> Option<usize> {
        self.rows.iter().position(|row| row.name == name)
    }
}

/// A row for tests.
#[cfg(test)]
pub mod sample {
    use super::StreamRow;

    /// Small numbers: a longest frame is charged 1,000 bytes.
    pub const TIDES: StreamRow = StreamRow {
        name: "tides",
        streams_per_peer_max: 3,
        streams_max: 12,
        frame_bytes_max: 1_000 - crate::channels::FRAME_OVERHEAD_BYTES,
        stream_bytes_max: 8_000,
        bytes_max: 100_000,
        bytes_per_second: 1 << 20,
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1 << 20;

    const TIDES: StreamRow = StreamRow {
        streams_per_peer_max: 8,
        streams_max: 64,
        frame_bytes_max: MIB,
        stream_bytes_max: 8 * MIB,
        bytes_max: 256 * MIB,
        ..sample::TIDES
    };

    #[test]
    fn a_row_has_room_for_the_longest_frame_of_every_stream_and_the_rest_is_for_growth() {
        let table = StreamTable::new(vec![TIDES]).expect("a table");
        assert_eq!((table.place("tides"), table.place("ebb")), (Some(0), None));
        let first = TIDES.first_bytes();
        assert!(first > MIB && TIDES.growth_bytes_max() == 256 * MIB - 128 * first);
        let tight = StreamRow { bytes_max: 128 * first, ..TIDES };
        assert_eq!((StreamTable::new(vec![tight]).map(drop), tight.growth_bytes_max()), (Ok(()), 0));
    }

    #[test]
    fn two_protocols_of_one_name_and_rows_that_do_not_fit_are_refused() {
        let refused = |rows: Vec<StreamRow>| StreamTable::new(rows).map(drop).expect_err("it is refused");
        assert_eq!(refused(vec![TIDES, TIDES]), StreamTableError::Twice("tides"));
        for name in ["", "Tides", "a tide", "votes", "sync", "kad", "a-name-that-is-longer-than-any-word-is"] {
            assert!(matches!(refused(vec![StreamRow { name, ..TIDES }]), StreamTableError::Row(..)), "{name}");
        }
        let wrong = [
            StreamRow { streams_per_peer_max: 0, ..TIDES },
            StreamRow { streams_per_peer_max: 17, ..TIDES },
            StreamRow { frame_bytes_max: 0, ..TIDES },
            StreamRow { frame_bytes_max: 2 * MIB + 1, ..TIDES },
            StreamRow { stream_bytes_max: MIB, ..TIDES },
            StreamRow { stream_bytes_max: 17 * MIB, ..TIDES },
            StreamRow { bytes_max: 128 * MIB, ..TIDES },
            StreamRow { bytes_per_second: 1_000, ..TIDES },
        ];
        for row in wrong {
            assert!(matches!(refused(vec![row]), StreamTableError::Row("tides", _)), "{row:?}");
        }
        let quarter = "one peer may have more than a quarter of all streams";
        let tight = |streams_max| StreamRow { streams_per_peer_max: 8, streams_max, ..TIDES };
        assert_eq!(refused(vec![tight(31)]), StreamTableError::Row("tides", quarter));
        StreamTable::new(vec![tight(32)]).map(drop).expect("a quarter");
        let many = |name, streams_per_peer_max| StreamRow {
            name,
            streams_per_peer_max,
            streams_max: 68,
            frame_bytes_max: MIB / 2,
            ..TIDES
        };
        let too_many = StreamTableError::TooMany { streams: 33, max: 32 };
        assert_eq!(refused(vec![many("ebb", 16), many("flow", 17)]), too_many);
        StreamTable::new(vec![many("ebb", 16), many("flow", 16)]).map(drop).expect("as many as there may be");
        let wide = |name, mib: usize| StreamRow { name, bytes_max: mib * MIB, ..TIDES };
        let too_much = StreamTableError::TooMuch { bytes: 1_025 * MIB, max: 1_024 * MIB };
        assert_eq!(refused(vec![wide("ebb", 512), wide("flow", 513)]), too_much);
    }
}
