//! The makers of TPMs whose word is taken: certificates in files that the settings name.
//!
//! It must not know what they issued. Invariant: what is on the list is a certificate that may issue.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use service::Refusal;
use verifyid_tpm::{CERTIFICATE_BYTES_MAX, check_ek_root};

/// Most roots.
const ROOTS_MAX: usize = 512;
/// Longest file: DER takes four thirds of itself as PEM, and some makers write text around it.
const FILE_BYTES_MAX: usize = 4 * CERTIFICATE_BYTES_MAX;
const PEM_BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const PEM_END: &str = "-----END CERTIFICATE-----";

/// The roots, in DER.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Roots(Vec<Vec<u8>>);

impl Roots {
    /// Reads files, and those that lie in folders, names with a dot in front left out.
    ///
    /// # Errors
    /// `tpm_roots`: one is missing or holds no certificate of an issuer, there are none, or too many.
    pub(super) fn read(paths: &[String]) -> Result<Self, Refusal> {
        let mut roots = Vec::new();
        for path in paths {
            for file in files(Path::new(path)).map_err(|error| refusal(path, &error.to_string()))? {
                let name = file.display().to_string();
                let bytes = content(&file).map_err(|error| refusal(&name, &error.to_string()))?;
                let root = der(bytes)
                    .ok_or_else(|| refusal(&name, "it holds no certificate in PEM or DER, or more than one"))?;
                check_ek_root(&root).map_err(|error| refusal(&name, &format!("it is no root ({})", error.code())))?;
                roots.push(root);
            }
        }
        roots.sort_unstable();
        roots.dedup();
        match roots.len() {
            0 => Err(refusal(&paths.join(", "), "no certificate lies there")),
            1..=ROOTS_MAX => Ok(Self(roots)),
            more => Err(refusal(
                &paths.join(", "),
                &format!("there are {more} certificates, and at most {ROOTS_MAX} are read"),
            )),
        }
    }

    pub(super) fn all(&self) -> Vec<&[u8]> {
        self.0.iter().map(Vec::as_slice).collect()
    }
}

fn files(path: &Path) -> io::Result<Vec<PathBuf>> {
    if !path.metadata()?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    // One more than may be is as good as all of them.
    for entry in path.read_dir()?.take(2 * ROOTS_MAX) {
        let path = entry?.path();
        let is_hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if !is_hidden && path.is_file() {
            files.push(path);
        }
    }
    files.sort_unstable();
    Ok(files)
}

fn content(path: &Path) -> io::Result<Vec<u8>> {
    // At a pipe it would wait for ever.
    if !path.metadata()?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(FILE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > FILE_BYTES_MAX {
        return Err(io::Error::other(format!("it has more than {FILE_BYTES_MAX} bytes")));
    }
    Ok(bytes)
}

/// The one certificate of a file; what is no PEM is taken for DER.
fn der(bytes: Vec<u8>) -> Option<Vec<u8>> {
    let Some((_, rest)) = std::str::from_utf8(&bytes).ok().and_then(|text| text.split_once(PEM_BEGIN)) else {
        return Some(bytes);
    };
    let (digits, rest) = rest.split_once(PEM_END)?;
    let digits: String = digits.split_whitespace().collect();
    STANDARD.decode(digits).ok().filter(|_| !rest.contains(PEM_BEGIN))
}

fn refusal(path: &str, why: &str) -> Refusal {
    let hint = "list in `verifyid.tpm_roots` files with one certificate of a TPM maker's root each, or folders of such; an empty list enrols no TPMs";
    Refusal::new("tpm_roots", format!("{path}: {why}; {hint}"))
}
