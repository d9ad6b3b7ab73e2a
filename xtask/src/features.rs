//! Features as data: which folders are features, what a crate is of one, and who may list what.
//!
//! A feature is a folder; a crate in it has a role, the name of its folder: `modules/mining/service` is the service of
//! `modules/mining`. This must not know any feature by name: all names come from `[workspace.metadata.features]`.

use std::path::Path;

/// `[workspace.metadata.features]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Features {
    /// Folders; `modules/*` stands for each folder in `modules`.
    pub(crate) folders: Vec<String>,
    /// Roles, each with the crate that lists its crates.
    pub(crate) lists: Vec<(String, String)>,
    /// The files in which the lists stand: their entries may name every feature, and nothing else there may.
    pub(crate) list_files: Vec<String>,
    /// The files that join what the house wants of a feature to the feature: they may name every one, and hand none on by its name.
    pub(crate) adapters: Vec<String>,
    /// Names of features that are ordinary words of code too.
    pub(crate) ordinary: Vec<String>,
    /// Crates that may name any feature, because they measure it.
    pub(crate) free: Vec<String>,
    /// Numbers of modules that are kept for features to come.
    pub(crate) numbers: Vec<(String, u16)>,
}

/// What a crate is of a feature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    /// The feature's folder, relative to the root.
    pub(crate) feature: String,
    /// `rules`, `service`, `client`, `trial`, or the name of an engine of the feature's own.
    pub(crate) role: String,
}

/// The role of a crate that stands in its feature's folder itself.
const RULES: &str = "rules";

impl Features {
    /// What the crate in that folder is of a feature; nothing for a crate of the house.
    pub(crate) fn part(&self, folder: &Path) -> Option<Part> {
        let folder = folder.to_str()?;
        let feature = self.folder_of(folder)?;
        let role = folder.strip_prefix(feature)?.trim_start_matches('/');
        let role = if role.is_empty() { RULES } else { role };
        Some(Part { feature: feature.to_owned(), role: role.to_owned() })
    }

    /// The feature's folder in which a path lies.
    pub(crate) fn folder_of<'a>(&self, path: &'a str) -> Option<&'a str> {
        self.folders.iter().find_map(|folder| {
            let Some(parent) = folder.strip_suffix("/*") else {
                let inside = path.strip_prefix(folder.as_str())?;
                return (inside.is_empty() || inside.starts_with('/')).then(|| &path[..folder.len()]);
            };
            let inside = path.strip_prefix(parent)?.strip_prefix('/')?;
            let name = inside.split('/').next().unwrap_or_default();
            (!name.is_empty()).then(|| &path[..parent.len() + 1 + name.len()])
        })
    }

    /// The crate that may name those of a role.
    pub(crate) fn list_of(&self, role: &str) -> Option<&str> {
        self.lists.iter().find(|(listed, _)| listed == role).map(|(_, list)| list.as_str())
    }
}

/// The feature's own name: that of its folder.
pub(crate) fn name(folder: &str) -> &str {
    folder.rsplit('/').next().unwrap_or(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features() -> Features {
        Features {
            folders: vec!["modules/*".to_owned(), "storage-market".to_owned()],
            lists: vec![("rules".to_owned(), "runtime".to_owned())],
            ..Features::default()
        }
    }

    fn part(folder: &str) -> Option<(String, String)> {
        features().part(Path::new(folder)).map(|part| (part.feature, part.role))
    }

    #[test]
    fn a_role_is_the_name_of_its_folder() {
        let expected = |feature: &str, role: &str| Some((feature.to_owned(), role.to_owned()));
        assert_eq!(part("modules/mining/service"), expected("modules/mining", "service"));
        assert_eq!(part("modules/tokens"), expected("modules/tokens", "rules"));
        assert_eq!(part("storage-market/rules"), expected("storage-market", "rules"));
        assert_eq!(part("modules/mining/stratum"), expected("modules/mining", "stratum"));
    }

    #[test]
    fn a_crate_of_the_house_is_part_of_no_feature() {
        for folder in ["runtime", "modules", "storage-marketing", "wallet/cli", ""] {
            assert_eq!(part(folder), None, "{folder}");
        }
    }
}
