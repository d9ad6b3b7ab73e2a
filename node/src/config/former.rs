//! Names that sections had in older versions. They are read as the present ones, and told, so that they go.
//!
//! It must not know any section but by the list.

use super::{AnySection, Config, Sources, variable};

/// Every section that had another name: the older name and the present one.
fn renamed() -> Vec<(&'static str, &'static str)> {
    let of_section = |section: &dyn AnySection| {
        let name = section.name();
        section.former().iter().map(move |former| (*former, name)).collect::<Vec<_>>()
    };
    Config::default().sections().into_iter().flat_map(of_section).collect()
}

/// What has an older name in these sources, which were read: a sentence each, that says what to write instead.
#[must_use]
pub fn older_names(sources: &Sources) -> Vec<String> {
    renamed().into_iter().flat_map(|(former, name)| older_name(sources, former, name)).collect()
}

fn older_name(sources: &Sources, former: &str, name: &str) -> Vec<String> {
    let told = |place: &str, old: &str, new: &str| format!("{place}: `{old}` is the older name of `{new}`; rename it");
    let in_file = sources.file.iter().filter_map(|(place, text)| {
        let table: toml::Table = text.parse().ok()?;
        table.contains_key(former).then(|| told(place, &format!("[{former}]"), &format!("[{name}]")))
    });
    let (before, now) = (variable(former), variable(name));
    let in_environment = sources.environment.keys().filter_map(|full| {
        let key = full.strip_prefix(&before).filter(|key| key.starts_with('_'))?;
        Some(told("environment", full, &format!("{now}{key}")))
    });
    let in_flags = sources.flags.iter().filter_map(|(full, _)| {
        let key = full.strip_prefix(former).filter(|key| key.starts_with('.'))?;
        Some(told("command line", full, &format!("{name}{key}")))
    });
    in_file.chain(in_environment).chain(in_flags).collect()
}

/// The text of a file as this version writes it, where sections alone have other names: headings, and what comments say of them.
#[must_use]
pub fn in_present_names(text: &str) -> String {
    let mut text = text.to_owned();
    for (former, name) in renamed() {
        let line = |line: &str| match line.strip_prefix('#') {
            Some(comment) => format!("#{}", comment.replace(&format!("`{former}."), &format!("`{name}."))),
            None if line.trim_end() == format!("[{former}]") => line.replace(former, name),
            None => line.to_owned(),
        };
        text = text.split_inclusive('\n').map(line).collect();
    }
    text
}
