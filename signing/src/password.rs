//! Where a password comes from: a file that only its owner may read, or a prompt on a terminal; never an argument, never the
//! environment.

use std::io::IsTerminal;
use std::path::Path;

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::keystore::file::read_private;
use crate::{Error, Result};

/// Fewest characters of a new password.
const CHARACTERS_MIN: usize = 8;

/// A password, normalised (NFKC) so that it is the same from every keyboard; wiped when dropped and never printed.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// Takes a password.
    ///
    /// # Errors
    /// `bad_password` for control characters, which come from broken terminals and cannot be typed again.
    pub fn new(text: &str) -> Result<Self> {
        if text.chars().any(char::is_control) {
            return Err(Error::new("bad_password", "the password has a control character in it", "type it again"));
        }
        Ok(Self(Zeroizing::new(text.nfkc().collect())))
    }

    /// The first line of a file; spaces count, the line's end does not.
    ///
    /// # Errors
    /// `file_readable_by_others`, `file`, or `bad_password` for more than one line.
    pub fn from_file(path: &Path) -> Result<Self> {
        let text = read_private(path)?;
        // Editors may write a mark of the byte order, which nobody types on a terminal.
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let line = text.strip_suffix('\n').unwrap_or(text);
        Self::new(line.strip_suffix('\r').unwrap_or(line))
    }

    /// Asks on the terminal, without showing what is typed.
    ///
    /// # Errors
    /// `password_needed` when there is no terminal.
    pub fn prompt(question: &str) -> Result<Self> {
        if !std::io::stdin().is_terminal() {
            return Err(Error::new(
                "password_needed",
                "a password is needed and there is no terminal to ask on",
                "give `--password-file FILE`, a file with mode 0600; passwords are not taken from arguments or the environment",
            ));
        }
        let typed = rpassword::prompt_password(format!("{question}: "));
        let typed = typed.map(Zeroizing::new);
        let typed = typed.map_err(|error| {
            Error::new(
                "password_needed",
                format!("cannot read from the terminal: {}", crate::cause(&error)),
                "give `--password-file FILE`, a file with mode 0600",
            )
        })?;
        Self::new(&typed)
    }

    /// From the file if there is one, else from the terminal.
    ///
    /// # Errors
    /// As [`Self::from_file`] and [`Self::prompt`].
    pub fn obtain(file: Option<&Path>, question: &str) -> Result<Self> {
        file.map_or_else(|| Self::prompt(question), Self::from_file)
    }

    /// As [`Self::obtain`] for a password that does not exist yet: long enough, and typed twice on a terminal.
    ///
    /// # Errors
    /// `short_password`, `bad_password`, and as [`Self::obtain`].
    pub fn obtain_new(file: Option<&Path>) -> Result<Self> {
        let password = Self::obtain(file, "New password for the key file")?;
        if password.0.chars().count() < CHARACTERS_MIN {
            let message = format!("the password has fewer than {CHARACTERS_MIN} characters");
            return Err(Error::new("short_password", message, "choose a longer one: it is all that protects the file"));
        }
        if file.is_none() && *Self::prompt("The same again")?.0 != *password.0 {
            return Err(Error::new("bad_password", "the two passwords differ", "start again; nothing was written"));
        }
        Ok(password)
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Password(secret)")
    }
}
