//! One program of tpm2-tools at a time, as a child process.
//!
//! It must not know what a program is for. Invariants: no shell reads what is run; a child that says nothing for minutes is ended; of what it says a few lines are kept.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::say::say;
use wallet::{Error, Result};

/// What is needed, each by its own name on the path.
const PROGRAMS: [&str; 10] = [
    "tpm2_createek",
    "tpm2_createak",
    "tpm2_load",
    "tpm2_nvread",
    "tpm2_startauthsession",
    "tpm2_policysecret",
    "tpm2_activatecredential",
    "tpm2_quote",
    "tpm2_pcrread",
    "tpm2_flushcontext",
];
/// Some TPMs take a minute to make an RSA key.
const WAIT: Duration = Duration::from_secs(180);
/// Bytes that are kept of what a program says.
const SAID_BYTES_MAX: u64 = 8_192;
/// Characters of it that are told.
const TOLD_MAX: usize = 400;
const TCTI_BYTES_MAX: usize = 512;
/// By this the tools find the TPM; what stands in it already is theirs.
const TCTI_VARIABLE: &str = "TPM2TOOLS_TCTI";

/// Where the programs are, and how they find the TPM.
#[derive(Clone, Debug)]
pub(super) struct Tools {
    tcti: Option<String>,
    folder: PathBuf,
}

impl Tools {
    /// Looks for the programs.
    ///
    /// # Errors
    /// `tpm_tools_missing`, `bad_tcti`.
    pub(super) fn find(tcti: Option<&str>) -> Result<Self> {
        let is_text = |text: &str| text.len() <= TCTI_BYTES_MAX && !text.is_empty() && !text.contains(char::is_control);
        if tcti.is_some_and(|text| !is_text(text)) {
            let message = say!("what_says_names_no_tpm");
            return Err(Error::new("bad_tcti", message, say!("write_tpm2_tools_take_such")));
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        let is_there = |program: &str| std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
        match PROGRAMS.into_iter().find(|program| !is_there(program)) {
            Some(missing) => {
                let message = say!("program_which_drives_tpm_not_installed", missing);
                Err(Error::new("tpm_tools_missing", message, say!("install_tpm2_tools_on_debian")))
            }
            None => Ok(Self { tcti: tcti.map(str::to_owned), folder: PathBuf::new() }),
        }
    }

    /// The same, working in a folder.
    pub(super) fn in_folder(self, folder: &Path) -> Self {
        Self { folder: folder.to_owned(), ..self }
    }

    /// Runs one to its end.
    ///
    /// # Errors
    /// `tpm`: it did not go well, with what it said. `tpm_silent`: it did not end.
    pub(super) fn run(&self, program: &str, arguments: &[&str]) -> Result<()> {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.folder);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        if let Some(tcti) = &self.tcti {
            command.env(TCTI_VARIABLE, tcti);
        }
        let mut child = command.spawn().map_err(|error| failed(program, &error.to_string()))?;
        let Some(said) = said(&mut child) else {
            let _ = child.kill();
            let _ = child.wait();
            let message = say!("did_not_end_within_three_minutes", program);
            return Err(Error::new("tpm_silent", message, say!("end_what_else_uses_tpm_try")));
        };
        let status = child.wait().map_err(|error| failed(program, &error.to_string()))?;
        if status.success() { Ok(()) } else { Err(failed(program, &said)) }
    }
}

/// What a child says until it closes its mouth; nothing if it takes too long.
fn said(child: &mut Child) -> Option<String> {
    let mouth = child.stderr.take()?;
    let (say, hear) = mpsc::channel();
    std::thread::spawn(move || {
        let mut mouth = mouth;
        let mut bytes = Vec::new();
        let _ = (&mut mouth).take(SAID_BYTES_MAX).read_to_end(&mut bytes);
        // It is read to its end, so that it never waits for somebody to listen.
        let _ = std::io::copy(&mut mouth, &mut std::io::sink());
        let _ = say.send(bytes);
    });
    hear.recv_timeout(WAIT).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

fn failed(program: &str, said: &str) -> Error {
    let plain: String = said.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    let words: Vec<&str> = plain.split_whitespace().collect();
    let told: String = words.join(" ").chars().take(TOLD_MAX).collect();
    let hint = say!("who_may_use_tpm_group_on");
    Error::new("tpm", say!("failed", program, told), hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tools() -> Tools {
        Tools { tcti: None, folder: std::env::temp_dir() }
    }

    #[test]
    fn a_program_that_fails_is_told_with_a_few_of_its_words_and_no_control_characters() {
        let loud = "i=0; while [ $i -lt 20000 ]; do echo 'no \u{1b}[31mroom' >&2; i=$((i+1)); done; exit 3";
        let error = tools().run("sh", &["-c", loud]).expect_err("it fails");
        assert_eq!(error.code, "tpm");
        assert!(error.message.starts_with("sh failed: no [31mroom no"), "{}", error.message);
        assert!(error.message.chars().count() <= TOLD_MAX + 20 && !error.message.contains(char::is_control));
        assert_eq!(tools().run("sh", &["-c", "exit 0"]), Ok(()));
        assert_eq!(tools().run("thronos-no-such-program", &[]).expect_err("none").code, "tpm");
    }

    #[test]
    fn what_names_no_tpm_is_refused_before_anything_is_run() {
        for wrong in ["", "a\nb", &"x".repeat(513)] {
            assert_eq!(Tools::find(Some(wrong)).expect_err("refused").code, "bad_tcti");
        }
    }
}
