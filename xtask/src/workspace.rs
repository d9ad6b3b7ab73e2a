//! What the root manifest says: the packages, their arrows, and the layers as data.
//!
//! Read once per command from `cargo metadata --no-deps`, which needs neither the network nor a lock.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::features::{Features, Part};
use crate::{Failure, command};

/// The workspace as far as the checks need it.
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    pub(crate) target: PathBuf,
    pub(crate) packages: Vec<Package>,
    pub(crate) layers: Layers,
    pub(crate) features: Features,
}

/// One member of the workspace.
pub(crate) struct Package {
    pub(crate) name: String,
    /// Folder, relative to the root.
    pub(crate) folder: PathBuf,
    pub(crate) arrows: Vec<Arrow>,
    /// What it is of a feature; nothing for a crate of the house.
    pub(crate) part: Option<Part>,
}

impl Package {
    /// Whether an entry of the layers stands for it: its name, or `*/ROLE` for every crate in a role's folder.
    pub(crate) fn is_meant_by(&self, entry: &str) -> bool {
        let Some(role) = role_of(entry) else { return entry == self.name };
        self.part.as_ref().is_some_and(|part| part.role == role && self.folder.ends_with(role))
    }
}

/// The role for which an entry of the layers stands; nothing for a name.
pub(crate) fn role_of(entry: &str) -> Option<&str> {
    entry.strip_prefix("*/")
}

/// One dependency of a member on another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Arrow {
    pub(crate) to: String,
    pub(crate) kind: Kind,
}

/// For what a dependency is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It is part of the package, or of its build script.
    Built,
    /// Only the package's tests use it.
    Tested,
}

/// `[workspace.metadata.layers]`. An entry is a crate's name, or `*/ROLE`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Layers {
    pub(crate) layers: Vec<Vec<String>>,
    /// Crates with clocks and sockets: nobody's test harness but a feature's.
    pub(crate) shells: Vec<String>,
    pub(crate) exceptions: Vec<(String, String)>,
    pub(crate) beside: Vec<String>,
    pub(crate) pure: Vec<String>,
    pub(crate) impure: Vec<String>,
}

impl Workspace {
    /// Asks cargo.
    pub(crate) fn load() -> Result<Self, Failure> {
        Self::load_at(root()?)
    }

    /// Asks cargo about the project in another folder.
    pub(crate) fn load_at(root: PathBuf) -> Result<Self, Failure> {
        let mut asked = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        asked.current_dir(&root).args(["metadata", "--no-deps", "--format-version", "1"]);
        let text = command::output(&mut asked)?;
        let metadata: Value = serde_json::from_str(&text)
            .map_err(|error| Failure::new(format!("`cargo metadata` printed no JSON: {error}")))?;
        Self::from_metadata(root, &metadata)
    }

    fn from_metadata(root: PathBuf, metadata: &Value) -> Result<Self, Failure> {
        let target = metadata["target_directory"].as_str().map(PathBuf::from);
        let target = target.ok_or_else(|| Failure::new("`cargo metadata` names no target directory"))?;
        let features = features(&metadata["metadata"]["features"]);
        let packages = list(&metadata["packages"]).iter().map(|value| package(&root, &features, value)).collect();
        let layers = layers(&metadata["metadata"]["layers"]);
        if layers.layers.is_empty() {
            return Err(Failure::new("Cargo.toml has no [workspace.metadata.layers]"));
        }
        Ok(Self { root, target, packages, layers, features })
    }

    /// The member of that name.
    pub(crate) fn package(&self, name: &str) -> Option<&Package> {
        self.packages.iter().find(|package| package.name == name)
    }

    /// The members that have to be pure.
    pub(crate) fn pure(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| self.layers.pure.iter().any(|entry| package.is_meant_by(entry)))
    }
}

/// The folder above this crate: from the variable that cargo sets, so that a moved checkout works.
fn root() -> Result<PathBuf, Failure> {
    let own = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let own = PathBuf::from(own);
    own.parent().map(Path::to_path_buf).ok_or_else(|| Failure::new("xtask stands in no folder"))
}

fn package(root: &Path, features: &Features, value: &Value) -> Package {
    let manifest = Path::new(value["manifest_path"].as_str().unwrap_or_default());
    let folder = manifest.parent().unwrap_or(manifest);
    let folder = folder.strip_prefix(root).unwrap_or(folder).to_path_buf();
    let name = text(&value["name"]);
    Package {
        part: features.part(&folder),
        name,
        folder,
        arrows: list(&value["dependencies"]).iter().filter(|value| value["path"].is_string()).map(arrow).collect(),
    }
}

fn arrow(value: &Value) -> Arrow {
    let kind = if value["kind"] == "dev" { Kind::Tested } else { Kind::Built };
    Arrow { to: text(&value["name"]), kind }
}

fn layers(value: &Value) -> Layers {
    let pair = |value: &Value| (text(&value[0]), text(&value[1]));
    Layers {
        layers: list(&value["layers"]).iter().map(texts).collect(),
        exceptions: list(&value["exceptions"]).iter().map(pair).collect(),
        shells: texts(&value["shells"]),
        beside: texts(&value["beside"]),
        pure: texts(&value["pure"]),
        impure: texts(&value["impure"]),
    }
}

fn features(value: &Value) -> Features {
    Features {
        folders: texts(&value["folders"]),
        lists: pairs(&value["lists"]),
        list_files: texts(&value["list-files"]),
        adapters: texts(&value["adapters"]),
        ordinary: texts(&value["ordinary"]),
        free: texts(&value["free"]),
        numbers: numbers(&value["numbers"]),
    }
}

/// The keys of a table with their texts.
fn pairs(value: &Value) -> Vec<(String, String)> {
    value.as_object().into_iter().flatten().map(|(key, value)| (key.clone(), text(value))).collect()
}

/// The keys of a table with their numbers.
fn numbers(value: &Value) -> Vec<(String, u16)> {
    let number = |(key, value): (&String, &Value)| Some((key.clone(), u16::try_from(value.as_u64()?).ok()?));
    value.as_object().into_iter().flatten().filter_map(number).collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn texts(value: &Value) -> Vec<String> {
    list(value).iter().map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_folders_arrows_and_layers_from_metadata() {
        let metadata = serde_json::json!({
            "target_directory": "/t",
            "packages": [{
                "name": "tokens",
                "manifest_path": "/r/modules/tokens/rules/Cargo.toml",
                "dependencies": [
                    {"name": "types", "kind": null, "path": "/r/types"},
                    {"name": "serde", "kind": null, "source": "registry"},
                    {"name": "runtime", "kind": "dev", "path": "/r/runtime"},
                ],
            }],
            "metadata": {
                "layers": {"layers": [["types"], ["tokens"]], "exceptions": [["a", "b"]], "pure": ["*/rules"]},
                "features": {"folders": ["modules/*"], "lists": {"rules": "runtime"}, "ordinary": ["tokens"]},
            },
        });
        let workspace = Workspace::from_metadata(PathBuf::from("/r"), &metadata).expect("the metadata is complete");
        let tokens = workspace.package("tokens").expect("it is a member");
        assert_eq!(tokens.folder, Path::new("modules/tokens/rules"));
        let arrows = [("types", Kind::Built), ("runtime", Kind::Tested)];
        assert_eq!(tokens.arrows, arrows.map(|(to, kind)| Arrow { to: to.to_owned(), kind }));
        assert_eq!(workspace.layers.exceptions, [("a".to_owned(), "b".to_owned())]);
        assert_eq!(workspace.features.list_of("rules"), Some("runtime"));
        assert_eq!(workspace.features.ordinary, ["tokens"]);
        assert_eq!(workspace.pure().map(|package| package.name.as_str()).collect::<Vec<_>>(), ["tokens"]);
    }

    #[test]
    fn a_role_means_every_crate_in_its_folder_and_no_other() {
        let features = Features { folders: vec!["modules/*".to_owned()], ..Features::default() };
        let package = |name: &str, folder: &str| Package {
            name: name.to_owned(),
            folder: folder.into(),
            arrows: Vec::new(),
            part: features.part(Path::new(folder)),
        };
        assert!(package("mining", "modules/mining/rules").is_meant_by("*/rules"));
        assert!(package("mining", "modules/mining/rules").is_meant_by("mining"));
        assert!(!package("mining-service", "modules/mining/service").is_meant_by("*/rules"));
        assert!(!package("mining", "modules/mining").is_meant_by("*/rules"), "it has no folder of its role");
        assert!(!package("rules", "rules").is_meant_by("*/rules"), "it is no feature's");
    }

    #[test]
    fn refuses_a_manifest_without_layers() {
        let metadata = serde_json::json!({"target_directory": "/t", "packages": [], "metadata": null});
        assert!(Workspace::from_metadata(PathBuf::from("/r"), &metadata).is_err());
    }
}
