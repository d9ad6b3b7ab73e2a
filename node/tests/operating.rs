//! The operator's page against the node: every series and every trouble has its row, and no row is about something else.

mod support;

use std::collections::BTreeSet;

use node::shell::trouble_names;

/// What stands in backticks in the first column of the tables of a section.
fn documented(section: &str) -> BTreeSet<String> {
    let page = include_str!("../../docs/OPERATING.md");
    let (_, after) = page.split_once(&format!("\n## {section}\n")).expect("the section is there");
    let section = after.split("\n## ").next().unwrap_or_default();
    let cells = section.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    cells.flat_map(|cell| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>()).collect()
}

// FAULTS HT3
#[test]
fn the_page_for_operators_names_exactly_the_series_that_a_node_exposes() {
    let ports = [("mining.enabled", "true"), ("mining.listen", "127.0.0.1:0")];
    let node = support::start(&ports);
    // A series by route exists from the first request on.
    assert_eq!(node.get("/livez").0, 200);
    let (status, text) = node.get("/metrics");
    let text = text.as_str().expect("text");
    assert_eq!(status, 200, "{text}");
    // Counters are asked for by another name than that of their family.
    let name = |line: &str| match line.strip_prefix("# TYPE ")?.split_once(' ')? {
        (family, "counter") => Some(format!("{family}_total")),
        (family, _) => Some(family.to_owned()),
    };
    let exposed: BTreeSet<String> = text.lines().filter_map(name).collect();
    let documented = documented("Metrics");
    // First, because a node that nobody stops keeps a failed test waiting.
    node.node.stop().expect("it stops");
    let missing: Vec<_> = exposed.difference(&documented).collect();
    let unknown: Vec<_> = documented.difference(&exposed).collect();
    assert!(missing.is_empty() && unknown.is_empty(), "without a row: {missing:?}; without a series: {unknown:?}");
    assert!(exposed.len() > 50);
}

// FAULTS HT3
#[test]
fn the_page_for_operators_names_exactly_the_troubles_that_a_node_can_have() {
    let named: BTreeSet<String> = trouble_names().map(str::to_owned).collect();
    assert_eq!(documented("What can be wrong"), named);
}
