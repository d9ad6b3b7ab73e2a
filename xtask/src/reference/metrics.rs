//! The page of metrics: names, kinds, labels and help of an exposition in OpenMetrics text, without the values.

use std::collections::{BTreeMap, BTreeSet};

/// What an exposition says of one name.
#[derive(Default)]
struct Metric {
    kind: String,
    help: String,
    labels: BTreeSet<String>,
}

/// What the text format itself adds to a histogram.
const BUCKET: &str = "le";

/// The page.
pub(super) fn page(exposition: &str) -> String {
    let about = "What a node says at `/metrics`, by name. Labels are those of a node that has just begun; a count whose labels name \
                 what has happened has none until it happens.";
    let mut page = super::heading("Metrics", about);
    page.push_str("\n| Name | Kind | Labels | What it says |\n| --- | --- | --- | --- |\n");
    for (name, metric) in metrics(exposition) {
        let total = if metric.kind == "counter" { "_total" } else { "" };
        let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        let (kind, labels, help) = (&metric.kind, labels.join(", "), super::cell(&metric.help));
        page.push_str(&format!("| `{name}{total}` | {kind} | {labels} | {help} |\n"));
    }
    page
}

fn metrics(exposition: &str) -> BTreeMap<String, Metric> {
    let mut found: BTreeMap<String, Metric> = BTreeMap::new();
    for line in exposition.lines() {
        let mut words = line.splitn(4, ' ');
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some("#"), Some("HELP"), Some(name), help) => {
                found.entry(name.to_owned()).or_default().help = help.unwrap_or_default().to_owned();
            }
            (Some("#"), Some("TYPE"), Some(name), kind) => {
                found.entry(name.to_owned()).or_default().kind = kind.unwrap_or_default().to_owned();
            }
            _ => {}
        }
    }
    for line in exposition.lines().filter(|line| !line.starts_with('#')) {
        let Some((name, labels)) = line.split_once('{') else { continue };
        let family = found.iter_mut().filter(|(family, _)| name.starts_with(family.as_str()));
        let Some((_, metric)) = family.max_by_key(|(family, _)| family.len()) else { continue };
        let labels = labels.rsplit_once('}').map_or(labels, |(labels, _)| labels);
        metric.labels.extend(names(labels).filter(|label| label != BUCKET));
    }
    found
}

/// The names in `a="1",b="2"`; a value may hold commas and equals signs.
fn names(labels: &str) -> impl Iterator<Item = String> + '_ {
    let outside = labels.split('"').step_by(2);
    outside.map(|name| name.trim_matches([',', '=', ' ']).to_owned()).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPOSITION: &str = "# HELP a_height Newest | block.\n# TYPE a_height gauge\na_height 7\n\
                              # HELP a_requests Requests.\n# TYPE a_requests counter\n\
                              a_requests_total{route=\"/x,y=z\",status=\"200\"} 3\n\
                              # HELP a_interval_seconds Between blocks.\n# TYPE a_interval_seconds histogram\n\
                              a_interval_seconds_bucket{le=\"0.1\"} 1\n# EOF\n";

    #[test]
    fn each_name_is_a_row_with_kind_labels_and_help_and_no_value() {
        let page = page(EXPOSITION);
        assert!(page.contains("| `a_height` | gauge |  | Newest \\| block. |\n"), "{page}");
        assert!(page.contains("| `a_requests_total` | counter | `route`, `status` | Requests. |\n"), "{page}");
        assert!(page.contains("| `a_interval_seconds` | histogram |  | Between blocks. |\n"), "{page}");
    }

    #[test]
    fn a_page_does_not_change_with_what_is_counted() {
        assert_eq!(page(EXPOSITION), page(&EXPOSITION.replace(" 7\n", " 8\n").replace("} 3", "} 4")));
    }
}
