//! A node's counters, as `/metrics` shows them, and what has been added meanwhile.

use std::collections::BTreeMap;
use std::time::Duration;

/// Counters whose names say one of these tell what a node has refused or noticed.
const TELLING: [&str; 14] = [
    "refus",
    "offence",
    "drop",
    "reject",
    "limit",
    "invalid",
    "full",
    "ban",
    "punish",
    "byzantine",
    "ignored",
    "evict",
    "unknown",
    "stale",
];
const PATIENCE: Duration = Duration::from_secs(2);

/// Series and their values.
pub(super) type Counters = BTreeMap<String, f64>;

/// The counters of a node; none when it does not answer.
pub(super) fn counters(api: &str) -> Counters {
    let config = ureq::Agent::config_builder().timeout_global(Some(PATIENCE)).build();
    let answer = config.new_agent().get(&format!("{api}/metrics")).call();
    answer
        .ok()
        .and_then(|mut answer| answer.body_mut().read_to_string().ok())
        .map(|text| read(&text))
        .unwrap_or_default()
}

fn read(text: &str) -> Counters {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let series = lines.filter_map(|line| line.rsplit_once(' '));
    let counters = series.filter(|(name, _)| name.split('{').next().is_some_and(|name| name.ends_with("_total")));
    counters.filter_map(|(name, value)| Some((name.to_owned(), value.parse().ok()?))).collect()
}

/// What telling counters have gained, over all nodes. A node that was started anew counts from zero.
pub(super) fn gained(before: &[Counters], after: &[Counters]) -> Counters {
    let mut gained = Counters::new();
    for (before, after) in before.iter().zip(after) {
        for (name, value) in after.iter().filter(|(name, _)| TELLING.iter().any(|word| name.contains(word))) {
            let earlier = before.get(name).copied().filter(|earlier| earlier <= value).unwrap_or_default();
            if *value > earlier {
                *gained.entry(name.clone()).or_default() += value - earlier;
            }
        }
    }
    gained
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_telling_counters_that_have_grown_are_told() {
        let text = |offences: u32| {
            read(&format!(
                "# TYPE thronos_p2p_offences counter\nthronos_p2p_offences_total {offences}\nthronos_p2p_peers 4\n\
                 thronos_p2p_refused_total{{why=\"places full\"}} 7\nthronos_consensus_txs_total 900\n"
            ))
        };
        let found = gained(&[text(3), text(9)], &[text(5), text(1)]);
        assert_eq!(found.get("thronos_p2p_offences_total"), Some(&3.0), "2 more here, and 1 since a restart there");
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(gained(&[Counters::new()], &[text(0)]).len(), 1, "a series that was not there before");
    }
}
