//! What the network counts, in the text format of Prometheus.
//!
//! It must not know who reads. Labels are the crate's own words, never a peer's.

use std::fmt::Write;

use p2p::{NetworkCounts, StreamCounts};

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
    streams(&mut text, &counts.streams);
    let offences = counts.offences.iter().map(|(kind, count)| (*kind, *count));
    by(&mut text, "offences_by_kind", "Misbehaviour of peers, by kind", "kind", offences);
    text
}

/// A count or a level of each protocol of services.
type OfStreams = (&'static str, &'static str, &'static str, fn(&StreamCounts) -> u64);

/// Streams of services, by protocol.
fn streams(text: &mut String, all: &[StreamCounts]) {
    const SHOWN: [OfStreams; 6] = [
        ("streams_open", "gauge", "Streams of services that are open", |of| of.open),
        ("streams_opened", "counter", "Streams of services that were opened", |of| of.opened),
        ("streams_refused", "counter", "Streams of peers that found no seat or were not opened in time", |of| {
            of.refused
        }),
        ("streams_broken", "counter", "Streams whose peers broke the rules", |of| of.broken),
        ("stream_bytes_in", "counter", "Bytes of services' frames that have come", |of| of.bytes_in),
        ("stream_bytes_out", "counter", "Bytes of services' frames that were written", |of| of.bytes_out),
    ];
    for (name, kind, help, value) in SHOWN.iter().filter(|_| !all.is_empty()) {
        let (name, suffix) = (format!("thronos_p2p_{name}"), if *kind == "counter" { "_total" } else { "" });
        let _ = writeln!(text, "# HELP {name} {help}.\n# TYPE {name} {kind}");
        for of in all {
            let _ = writeln!(text, "{name}{suffix}{{protocol=\"{}\"}} {}", of.protocol, value(of));
        }
    }
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
            streams: vec![StreamCounts {
                protocol: "tides",
                open: 4,
                opened: 5,
                refused: 6,
                broken: 7,
                bytes_in: 8,
                bytes_out: 9,
            }],
            ..NetworkCounts::default()
        };
        let text = exposition(&counts);
        for line in [
            "thronos_p2p_refused_total{reason=\"places_full\"} 3",
            "thronos_p2p_offences_by_kind_total{kind=\"bad frame\"} 2",
            "thronos_p2p_places_incoming 0",
            "thronos_p2p_streams_open{protocol=\"tides\"} 4",
            "thronos_p2p_streams_refused_total{protocol=\"tides\"} 6",
            "thronos_p2p_stream_bytes_out_total{protocol=\"tides\"} 9",
        ] {
            assert!(text.lines().any(|found| found == line), "{text}");
        }
    }
}
