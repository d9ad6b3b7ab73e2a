//! What the relay carried, by who sent it to whom.

use std::collections::BTreeMap;

use serde::Serialize;

/// An end of a line: a node of the network, or nobody known.
pub(super) type End = Option<usize>;

/// What went one way between two nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Carried {
    /// Datagrams that arrived.
    pub datagrams: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Datagrams that were lost on purpose.
    pub lost: u64,
    /// Datagrams that found no room; if there are any, the relay was no good.
    pub crowded_out: u64,
}

impl Carried {
    fn add(&mut self, other: &Self) {
        self.datagrams += other.datagrams;
        self.bytes += other.bytes;
        self.lost += other.lost;
        self.crowded_out += other.crowded_out;
    }
}

/// All directions.
#[derive(Clone, Debug, Default)]
pub(super) struct Books {
    ways: BTreeMap<(End, End), Carried>,
}

impl Books {
    pub(super) fn way(&mut self, from: End, to: End) -> &mut Carried {
        self.ways.entry((from, to)).or_default()
    }

    pub(super) fn total(&self) -> Carried {
        let mut total = Carried::default();
        self.ways.values().for_each(|way| total.add(way));
        total
    }

    /// Two nodes of the first `count` between which nothing arrived in this direction.
    pub(super) fn silent_way(&self, count: usize) -> Option<(usize, usize)> {
        let ways = (0..count).flat_map(|from| (0..count).map(move |to| (from, to)));
        let has_carried = |from, to| self.ways.get(&(Some(from), Some(to))).is_some_and(|way| way.datagrams > 0);
        ways.filter(|(from, to)| from != to).find(|(from, to)| !has_carried(*from, *to))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_nodes_between_which_nothing_went_are_noticed() {
        let mut books = Books::default();
        for (from, to) in [(0, 1), (1, 0), (0, 2), (2, 0), (1, 2)] {
            books.way(Some(from), Some(to)).datagrams += 1;
            books.way(Some(from), Some(to)).bytes += 100;
        }
        books.way(None, Some(2)).datagrams += 1;
        books.way(Some(2), Some(1)).lost += 1;
        assert_eq!(books.silent_way(3), Some((2, 1)), "what was lost did not arrive");
        assert_eq!(books.silent_way(2), None);
        assert_eq!(books.total(), Carried { datagrams: 6, bytes: 500, lost: 1, crowded_out: 0 });
    }
}
