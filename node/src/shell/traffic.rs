//! What the network counts, in the text format of Prometheus.
//!
//! It must not know who reads. Labels are the crate's own words, never a peer's.

use std::fmt::Write;

use p2p::NetworkCounts;

/// Lines to stand before the end of the exposition.
pub(crate) fn exposition(counts: &NetworkCounts) -> String {
    let mut text = String::new();
    let taken = &counts.taken;
    let gauges = [
        ("places_incoming", "Strangers that came by themselves", taken.incoming.0),
        ("places_incoming_max", "Places for them", taken.incoming.1),
        ("places_outgoing", "Strangers that this node has dialled", taken.outgoing.0),
        ("places_outgoing_max", "Places for them", taken.outgoing.1),
        ("dominant_group", "Strangers of the provider with most of them", taken.dominant),
        ("address_book", "Peers in the address book", taken.book),
        ("memory_bytes", "Memory as the network last saw it", taken.memory_bytes.0),
        ("memory_max_bytes", "Memory above which strangers are refused", taken.memory_bytes.1),
    ];
    for (name, help, value) in gauges {
        let name = format!("thronos_p2p_{name}");
        // Writing to a text cannot fail.
        let _ = writeln!(text, "# HELP {name} {help}.\n# TYPE {name} gauge\n{name} {value}");
    }
    by(
        &mut text,
        "refused",
        "What was refused, dropped or put up with, by reason",
        "reason",
        counts.refused.iter().copied(),
    );
    let offences = counts.offences.iter().map(|(kind, count)| (*kind, *count));
    by(&mut text, "offences_by_kind", "Misbehaviour of peers, by kind", "kind", offences);
    text
}

fn by(text: &mut String, name: &str, help: &str, label: &str, counts: impl Iterator<Item = (&'static str, u64)>) {
    let name = format!("thronos_p2p_{name}");
    let _ = writeln!(text, "# HELP {name} {help}.\n# TYPE {name} counter");
    for (value, count) in counts {
        let _ = writeln!(text, "{name}_total{{{label}=\"{value}\"}} {count}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // FAULTS HC7
    #[test]
    fn every_count_stands_under_its_name() {
        let counts = NetworkCounts {
            refused: vec![("places_full", 3)],
            offences: [("bad frame", 2)].into(),
            ..NetworkCounts::default()
        };
        let text = exposition(&counts);
        for line in [
            "thronos_p2p_refused_total{reason=\"places_full\"} 3",
            "thronos_p2p_offences_by_kind_total{kind=\"bad frame\"} 2",
            "thronos_p2p_places_incoming 0",
        ] {
            assert!(text.lines().any(|found| found == line), "{text}");
        }
    }
}
