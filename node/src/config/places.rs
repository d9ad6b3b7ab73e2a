//! Where a setting was given, for whoever has to change it.

use super::{Config, Sources, is_called, variable};

/// The place of what is given nowhere.
pub(crate) const DEFAULTS: &str = "defaults";

impl Sources {
    /// The place whose word holds for a setting: the command line, a variable, or the file.
    #[must_use]
    pub fn place_of(&self, name: &str) -> String {
        let names = names_of(name);
        if self.flags.iter().any(|(key, _)| names.contains(key)) {
            return "command line".to_owned();
        }
        if let Some(variable) = names.iter().map(|name| variable(name)).find(|name| self.environment.contains_key(name))
        {
            return format!("environment variable {variable}");
        }
        self.file.as_ref().map_or_else(|| DEFAULTS.to_owned(), |(place, _)| place.clone())
    }
}

/// What a setting is called, and was.
fn names_of(name: &str) -> Vec<String> {
    let (section, key) = name.split_once('.').unwrap_or((name, ""));
    let config = Config::default();
    let section = config.sections().into_iter().find(|one| is_called(*one, section));
    let names =
        section.into_iter().flat_map(|one| one.former().iter().copied().chain([one.name()]).collect::<Vec<_>>());
    names.map(|section| format!("{section}.{key}")).collect()
}
