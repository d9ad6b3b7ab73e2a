//! The folder `xtask/module`: a feature that works, of which only name and number are missing.
//!
//! Its files are Rust, so that they can be read and formatted: `module_name`, `ModuleName`, `module-name`, `Module name` and
//! `MODULE_NUMBER` stand for the name in its forms and for the number. Nothing else is replaced.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::name::Name;
use crate::Failure;

/// Where the files stand.
pub(crate) const FOLDER: &str = "xtask/module";

/// Every crate of rules is pure, so it has a copy of this file, which is no file of the template.
const PURE_CLIPPY: &str = "xtask/pure-clippy.toml";

/// A file of a new feature: its path in the feature's folder, and its text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NewFile {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

/// All files of a feature with this name and number, in order of their paths.
pub(crate) fn files(root: &Path, name: &Name, number: u16) -> Result<Vec<NewFile>, Failure> {
    let folder = root.join(FOLDER);
    let mut paths = Vec::new();
    collect(&folder, &mut paths)?;
    let mut files = Vec::new();
    for path in paths {
        let inside = path.strip_prefix(&folder).unwrap_or(&path).to_path_buf();
        files.push(NewFile { path: inside, text: fill(&read(&path)?, name, number) });
    }
    files.push(NewFile { path: "rules/clippy.toml".into(), text: read(&root.join(PURE_CLIPPY))? });
    files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(files)
}

/// The types that the template's code uses, whoever has made them: a module called like one of them would hide it.
pub(crate) fn types(root: &Path) -> Result<BTreeSet<String>, Failure> {
    let mut types = all_types(root)?;
    types.retain(|name| !name.contains("ModuleName"));
    Ok(types)
}

/// The types that a module of this name would have.
pub(crate) fn own_types(root: &Path, pascal: &str) -> Result<BTreeSet<String>, Failure> {
    let own = all_types(root)?.into_iter().filter(|name| name.contains("ModuleName"));
    Ok(own.map(|name| name.replace("ModuleName", pascal)).collect())
}

fn all_types(root: &Path) -> Result<BTreeSet<String>, Failure> {
    let mut paths = Vec::new();
    collect(&root.join(FOLDER), &mut paths)?;
    let mut types = BTreeSet::new();
    for path in paths.iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs")) {
        let text = read(path)?;
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        let words = code.flat_map(|line| line.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_')));
        types
            .extend(words.filter(|word| word.starts_with(|first: char| first.is_ascii_uppercase())).map(str::to_owned));
    }
    Ok(types)
}

/// Puts name and number in their places.
pub(crate) fn fill(text: &str, name: &Name, number: u16) -> String {
    let text = text.replace("module_name", &name.snake).replace("module-name", &name.kebab);
    let text = text.replace("ModuleName", &name.pascal).replace("Module name", &name.title);
    text.replace("MODULE_NUMBER", &number.to_string())
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::new(format!("{}: {error}", folder.display()));
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() { collect(&path, paths)? } else { paths.push(path) }
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| Failure::new(format!("{}: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_and_number_stand_where_their_placeholders_stood() {
        let name = Name::read("guest-book").expect("a good name");
        let text =
            "//! Module name, module MODULE_NUMBER.\nuse module_name::ModuleNameCall; // `thronos module-name`\n";
        let filled = "//! Guest book, module 7.\nuse guest_book::GuestBookCall; // `thronos guest-book`\n";
        assert_eq!(fill(text, &name, 7), filled);
    }

    #[test]
    fn a_feature_has_every_role_and_a_page_and_no_placeholder_is_left() {
        // Tests run in the folder of their crate.
        let root = Path::new("..");
        let files = files(root, &Name::read("guest-book").expect("a good name"), 7).expect("the template is there");
        for path in ["README.md", "rules/src/lib.rs", "rules/clippy.toml", "service/src/lib.rs", "client/src/lib.rs"] {
            assert!(files.iter().any(|file| file.path == Path::new(path)), "{path}");
        }
        for file in files {
            for left in ["module_name", "module-name", "ModuleName", "Module name", "MODULE_NUMBER"] {
                assert!(!file.text.contains(left), "{}: {left}", file.path.display());
            }
        }
    }
}
