//! A TPM of this machine, driven by the programs of tpm2-tools: its keys, what it opens, and what it quotes.
//!
//! `tool` runs one program, `key_file` is what is kept of an attestation key between two commands. It must not know nodes, devices or challenges. Invariants: whatever happens,
//! nothing that was made here stays in the TPM, and the folder with what the programs exchange goes; nothing of a program is read without a bound.

mod key_file;
mod tool;

use std::fs::{self, DirBuilder, File};
use std::io::Read;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use wallet::{Error, Result};
use zeroize::Zeroizing;

use crate::say::say;
pub(crate) use key_file::TpmKeyFile;
use tool::Tools;

/// Where TPMs keep the certificate of their RSA endorsement key (TCG EK Credential Profile, 2.2.1.4).
const CERTIFICATE_PLACE: &str = "0x01c00002";
/// No file of a program that is read is longer, in bytes.
const FILE_BYTES_MAX: usize = 8_192;
const PCR_BYTES: usize = 32;

/// A TPM, and the folder in which the programs exchange what they make.
#[derive(Debug)]
pub(crate) struct Tpm {
    tools: Tools,
    folder: PathBuf,
}

/// Public areas (`TPM2B_PUBLIC`), and the private part of the attestation key, which its TPM alone can read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MadeKeys {
    pub(crate) endorsement: Vec<u8>,
    pub(crate) attestation: Vec<u8>,
    pub(crate) attestation_private: Vec<u8>,
}

/// A quote, and the PCRs that it is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MadeQuote {
    pub(crate) message: Vec<u8>,
    pub(crate) signature: Vec<u8>,
    pub(crate) pcrs: Vec<Vec<u8>>,
}

impl Tpm {
    /// The TPM that this text names for the tools; without one, theirs.
    ///
    /// # Errors
    /// `tpm_tools_missing`, `bad_tcti`, `file`, `no_entropy`.
    pub(crate) fn open(tcti: Option<&str>) -> Result<Self> {
        let tools = Tools::find(tcti)?;
        let folder = private_folder()?;
        Ok(Self { tools: tools.in_folder(&folder), folder })
    }

    /// Has it make its RSA endorsement key, which is always the same, and a new attestation key below it.
    ///
    /// # Errors
    /// `tpm`, `tpm_silent`.
    pub(crate) fn make_keys(&self) -> Result<MadeKeys> {
        self.endorsement_key()?;
        let key = ["-C", "ek.ctx", "-c", "ak.ctx", "-G", "ecc", "-g", "sha256", "-s", "ecdsa"];
        self.run("tpm2_createak", &[&key[..], &["-u", "ak.pub", "-r", "ak.priv", "-n", "ak.name"]].concat())?;
        Ok(MadeKeys {
            endorsement: self.read("ek.pub")?,
            attestation: self.read("ak.pub")?,
            attestation_private: self.read("ak.priv")?,
        })
    }

    /// The certificate of the endorsement key that the TPM has, in DER.
    ///
    /// # Errors
    /// `no_ek_certificate`: it has none there.
    pub(crate) fn certificate(&self) -> Result<Vec<u8>> {
        let read = self.run("tpm2_nvread", &[CERTIFICATE_PLACE, "-o", "ek.cert"]);
        let bytes = read.and_then(|()| self.read("ek.cert")).map_err(|error| {
            let message = say!("tpm_shows_no_certificate_its_endorsement", message = error.message);
            let hint = say!("get_from_tpm_s_maker_asks");
            Error::new("no_ek_certificate", message, hint)
        })?;
        // The place is longer than what lies in it with some makers.
        let length = der_length(&bytes).unwrap_or(bytes.len());
        Ok(bytes.into_iter().take(length).collect())
    }

    /// Has it open what is for its endorsement key and for the attestation key that [`Self::make_keys`] made.
    ///
    /// # Errors
    /// `tpm`, `tpm_silent`.
    pub(crate) fn open_credential(&self, credential: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        self.write("credential", credential)?;
        self.begin_session()?;
        let what = ["-c", "ak.ctx", "-C", "ek.ctx", "-i", "credential", "-o", "secret", "-P", "session:session.ctx"];
        self.run("tpm2_activatecredential", &what)?;
        self.end_session();
        self.read("secret").map(Zeroizing::new)
    }

    /// Has an attestation key that was made before quote these PCRs of the bank of SHA-256 for `extra`.
    ///
    /// # Errors
    /// `tpm`, `tpm_silent`.
    pub(crate) fn quote(&self, key: &TpmKeyFile, extra: &[u8; 32], pcrs: &[u8]) -> Result<MadeQuote> {
        self.endorsement_key()?;
        self.write("ak.pub", &key.public)?;
        self.write("ak.priv", &key.private)?;
        self.begin_session()?;
        let load = ["-C", "ek.ctx", "-P", "session:session.ctx", "-u", "ak.pub", "-r", "ak.priv", "-c", "ak.ctx"];
        self.run("tpm2_load", &load).map_err(|error| {
            let hint = say!("another_tpm_made_key_tpm_was");
            Error { hint: format!("{}; {hint}", error.hint), ..error }
        })?;
        self.end_session();
        let numbers: Vec<String> = pcrs.iter().map(u8::to_string).collect();
        let (selection, extra) = (format!("sha256:{}", numbers.join(",")), hex::encode(extra));
        let quote = ["-c", "ak.ctx", "-l", &selection, "-g", "sha256", "-q", &extra, "-m", "quote", "-s", "signature"];
        self.run("tpm2_quote", &quote)?;
        self.run("tpm2_pcrread", &[&selection, "-o", "pcrs"])?;
        let values = self.read("pcrs")?;
        Ok(MadeQuote {
            message: self.read("quote")?,
            signature: self.read("signature")?,
            pcrs: values.chunks(PCR_BYTES).map(<[u8]>::to_vec).collect(),
        })
    }

    fn endorsement_key(&self) -> Result<()> {
        self.run("tpm2_createek", &["-G", "rsa", "-c", "ek.ctx", "-u", "ek.pub"])
    }

    /// The endorsement key is used by whoever may use the endorsement hierarchy.
    fn begin_session(&self) -> Result<()> {
        self.tools.run("tpm2_startauthsession", &["--policy-session", "-S", "session.ctx"])?;
        self.tools.run("tpm2_policysecret", &["-S", "session.ctx", "-c", "e"])
    }

    fn end_session(&self) {
        if self.folder.join("session.ctx").exists() {
            let _ = self.tools.run("tpm2_flushcontext", &["session.ctx"]);
            let _ = fs::remove_file(self.folder.join("session.ctx"));
        }
    }

    /// Runs a program, and takes what it left in the TPM out again: a TPM has room for three keys.
    fn run(&self, program: &str, arguments: &[&str]) -> Result<()> {
        let done = self.tools.run(program, arguments);
        let flushed = self.tools.run("tpm2_flushcontext", &["-t"]);
        done.and(flushed)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let path = self.folder.join(name);
        fs::write(&path, bytes).map_err(|error| Error::file("write", &path, &error))
    }

    fn read(&self, name: &str) -> Result<Vec<u8>> {
        read_file(&self.folder.join(name), FILE_BYTES_MAX)
    }
}

impl Drop for Tpm {
    fn drop(&mut self) {
        self.end_session();
        let _ = self.tools.run("tpm2_flushcontext", &["-t"]);
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Reads a file of so many bytes at most.
///
/// # Errors
/// `file`.
pub(crate) fn read_file(path: &Path, bytes_max: usize) -> Result<Vec<u8>> {
    let failed = |error: &std::io::Error| Error::file("read", path, error);
    let mut bytes = Vec::new();
    let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes)).map_err(|error| failed(&error))?;
    if bytes.len() > bytes_max {
        return Err(failed(&std::io::Error::other(say!("has_more_than_bytes", bytes_max))));
    }
    Ok(bytes)
}

/// How long what begins these bytes is, as DER says; nothing if it is no sequence, or not whole.
fn der_length(bytes: &[u8]) -> Option<usize> {
    let [0x30, first, rest @ ..] = bytes else { return None };
    let (head, length) = match first {
        0..=0x7f => (2, usize::from(*first)),
        0x81 => (3, usize::from(*rest.first()?)),
        0x82 => (4, usize::from(u16::from_be_bytes(*rest.first_chunk()?))),
        _ => return None,
    };
    Some(head + length).filter(|length| *length <= bytes.len())
}

/// A folder that nobody else may enter, under a name that nobody can guess.
fn private_folder() -> Result<PathBuf> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|error| {
        let message = say!("machine_gives_no_random_bytes", error);
        Error::new("no_entropy", message, say!("try_again_when_has_started_up"))
    })?;
    let folder = std::env::temp_dir().join(format!("thronos-tpm-{}", hex::encode(random)));
    DirBuilder::new()
        .mode(0o700)
        .create(&folder)
        .map_err(|error| Error::file("make the directory", &folder, &error))?;
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_behind_a_certificate_is_not_part_of_it() {
        for (bytes, length) in [
            (&[0x30, 2, 1, 1, 0xff, 0xff][..], Some(4)),
            (&[0x30, 0x81, 2, 1, 1, 0xff], Some(5)),
            (&[0x30, 0x82, 0, 1, 1], Some(5)),
            (&[0x30, 0x82, 0, 2, 1], None),
            (&[0x30, 0x83, 0, 0, 0], None),
            (&[0x31, 0], None),
            (&[0x30], None),
            (&[], None),
        ] {
            assert_eq!(der_length(bytes), length, "{bytes:x?}");
        }
    }

    #[test]
    fn the_folder_of_the_programs_is_nobody_elses() {
        use std::os::unix::fs::PermissionsExt;
        let folder = private_folder().expect("room");
        assert_eq!(fs::metadata(&folder).expect("made").permissions().mode() & 0o7777, 0o700);
        fs::remove_dir(&folder).expect("empty");
    }
}
