//! The four kinds of values that a setting may have, in their three spellings: TOML, flag and environment.
//!
//! It must not know any setting.

/// A value of a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `"…"`
    Text(String),
    /// `["…", "…"]`
    List(Vec<String>),
    /// `64`
    Number(u64),
    /// `true` or `false`
    Switch(bool),
}

impl Value {
    /// Reads what a TOML file says; `None` for kinds that no setting has.
    #[must_use]
    pub fn from_toml(value: &toml::Value) -> Option<Self> {
        match value {
            toml::Value::String(text) => Some(Self::Text(text.clone())),
            toml::Value::Integer(number) => u64::try_from(*number).ok().map(Self::Number),
            toml::Value::Boolean(switch) => Some(Self::Switch(*switch)),
            toml::Value::Array(values) => {
                let texts: Option<Vec<String>> = values.iter().map(|value| value.as_str().map(str::to_owned)).collect();
                texts.map(Self::List)
            }
            _ => None,
        }
    }

    /// Reads a flag or a variable as a value of the same kind as this one. Lists are separated by commas, or as in a file.
    #[must_use]
    pub fn parse_alike(&self, text: &str) -> Option<Self> {
        match self {
            Self::Text(_) => Some(Self::Text(text.to_owned())),
            // As in a file.
            Self::List(_) if text.trim_start().starts_with('[') => {
                let table: toml::Table = format!("list = {text}").parse().ok()?;
                Self::from_toml(table.get("list")?).filter(|list| table.len() == 1 && matches!(list, Self::List(_)))
            }
            Self::List(_) => {
                let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
                Some(Self::List(parts.map(str::to_owned).collect()))
            }
            Self::Number(_) => text.parse().ok().map(Self::Number),
            Self::Switch(_) => text.parse().ok().map(Self::Switch),
        }
    }

    /// The kind, for an error.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::List(_) => "a list of texts",
            Self::Number(_) => "a whole number of at least 0",
            Self::Switch(_) => "true or false",
        }
    }
}

/// As TOML.
impl std::fmt::Display for Value {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => write!(formatter, "{}", toml::Value::String(text.clone())),
            Self::List(texts) => {
                formatter.write_str("[")?;
                for (place, text) in texts.iter().enumerate() {
                    let comma = if place == 0 { "" } else { ", " };
                    write!(formatter, "{comma}{}", toml::Value::String(text.clone()))?;
                }
                formatter.write_str("]")
            }
            Self::Number(number) => number.fmt(formatter),
            Self::Switch(switch) => switch.fmt(formatter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_with_commas_or_as_in_a_file() {
        let list = |text: &str| Value::List(Vec::new()).parse_alike(text);
        let two = Some(Value::List(vec!["a.example".to_owned(), "b.example".to_owned()]));
        assert_eq!((list("a.example, b.example"), list(r#"["a.example","b.example"]"#)), (two.clone(), two));
        assert_eq!((list(""), list("[]")), (Some(Value::List(Vec::new())), Some(Value::List(Vec::new()))));
        for wrong in ["[1]", "[\"a\"", "[\"a\"]\nmore = 1", "[a]"] {
            assert_eq!(list(wrong), None, "{wrong}");
        }
    }
}
