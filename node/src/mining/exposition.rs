//! The service's counts in the text format of Prometheus.
//!
//! It must not know who reads. Labels are the crate's own words, never a miner's.

use std::fmt::Write;

use stratum::Server;

/// Lines to stand before the end of the exposition.
pub(crate) fn exposition(server: &Server) -> String {
    let counts = server.metrics();
    let mut text = String::new();
    let mut gauge = |name: &str, help: &str, value: usize| {
        // Writing to a text cannot fail.
        let _ = writeln!(text, "# HELP {name} {help}.\n# TYPE {name} gauge\n{name} {value}");
    };
    gauge("thronos_stratum_connections", "Connected miners", server.connections());
    gauge("thronos_stratum_workers", "Miners that are logged in", server.clients().count());
    let singles = [
        ("works_found", "Works of the chain that were found here, of all times", server.book().found()),
        ("connections_opened", "Connections since the start", counts.connections_opened),
        ("requests", "Requests of any kind", counts.requests),
        ("shares_accepted", "Accepted shares", counts.shares_accepted),
        ("shares_refused", "Refused shares", counts.shares_refused),
        ("logins", "Logins that succeeded", counts.logins),
        ("sessions_resumed", "Sessions that were resumed", counts.resumed),
        ("bans", "Bans", counts.bans),
        ("jobs", "Jobs sent", counts.jobs),
        ("difficulty_changes", "Changes of difficulty", counts.difficulty_changes),
        ("proofs", "Proofs handed to the chain", counts.proofs),
        ("proofs_shares", "Proofs that the chain took as shares", counts.proofs_shares),
        ("proofs_works", "Proofs that were good for a work", counts.proofs_works),
        ("proofs_refused", "Proofs that the chain refused", counts.proofs_refused),
    ];
    for (name, help, value) in singles {
        let name = format!("thronos_stratum_{name}");
        let _ = writeln!(text, "# HELP {name} {help}.\n# TYPE {name} counter\n{name}_total {value}");
    }
    let refused = counts.refused.iter().map(|(refusal, count)| (refusal.name(), *count));
    by_reason(&mut text, "refused", "Refused requests by reason", refused);
    let closed = counts.connections_closed.iter().map(|(reason, count)| (reason.name(), *count));
    by_reason(&mut text, "connections_closed", "Connections closed by reason", closed);
    text
}

fn by_reason(text: &mut String, name: &str, help: &str, counts: impl Iterator<Item = (&'static str, u64)>) {
    let name = format!("thronos_stratum_{name}");
    let _ = writeln!(text, "# HELP {name} {help}.\n# TYPE {name} counter");
    for (reason, count) in counts {
        let _ = writeln!(text, "{name}_total{{reason=\"{reason}\"}} {count}");
    }
}
