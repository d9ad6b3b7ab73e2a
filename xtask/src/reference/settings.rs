//! The page of settings: the file that `thronosd config print --defaults` prints, as tables.
//!
//! In that file a comment stands above each key, and its last line is the default.

const DEFAULT: &str = "Default: ";

/// The page.
pub(super) fn page(defaults: &str) -> String {
    let about = "What `thronosd config print --defaults` prints. A flag goes before the environment (`THRONOS_`, the section, `_`, \
                 the key, in capitals), the environment before `config.toml`; what nobody sets has its default.";
    let mut page = super::heading("Settings", about);
    let (mut section, mut comment) = (String::new(), Vec::new());
    for line in defaults.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name.to_owned();
            page.push_str(&format!("\n## {section}\n\n| Key | Default | What it means |\n| --- | --- | --- |\n"));
        } else if let Some(text) = line.strip_prefix('#') {
            comment.push(text.trim());
            continue;
        } else if let Some((key, _)) = line.split_once(" = ").filter(|_| !section.is_empty()) {
            page.push_str(&row(&section, key, &comment));
        }
        comment.clear();
    }
    page
}

fn row(section: &str, key: &str, comment: &[&str]) -> String {
    let (defaults, about): (Vec<&str>, Vec<&str>) = comment.iter().partition(|line| line.starts_with(DEFAULT));
    let default = defaults.first().and_then(|line| line.strip_prefix(DEFAULT)).unwrap_or_default();
    format!("| `{section}.{key}` | `{}` | {} |\n", super::cell(default), super::cell(&about.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_is_a_row_with_its_default_and_its_whole_comment() {
        let printed = "# Settings of this node.\n\n[api]\n# Where it listens, and\n# for whom.\n# Default: \"127.0.0.1:1\"\n\
                       listen = \"127.0.0.1:1\"\n# Who: a|b.\n# Default: []\nhosts = []\n\n[log]\n# How.\n# Default: \"info\"\n\
                       filter = \"info\"\n# end\n";
        let page = page(printed);
        assert!(page.contains("| `api.listen` | `\"127.0.0.1:1\"` | Where it listens, and for whom. |\n"), "{page}");
        assert!(page.contains("| `api.hosts` | `[]` | Who: a\\|b. |\n"), "{page}");
        assert!(page.contains("\n## log\n") && page.ends_with("| `log.filter` | `\"info\"` | How. |\n"), "{page}");
        assert!(!page.contains("Settings of this node"), "{page}");
    }
}
