//! A TPM that is a program (swtpm), with a certificate by a maker of its own. It ends with its value.
//!
//! It must not know devices nor the chain.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use testnet::devnet::{Failure, Outcome};

/// What has to be there.
const PROGRAMS: [&str; 6] =
    ["swtpm", "swtpm_setup", "swtpm_ioctl", "swtpm_localca", "tpm2_quote", "tpm2_activatecredential"];
/// A socket's path takes so many bytes.
const SOCKET_BYTES_MAX: usize = 100;

/// The program that is missing, if one is.
pub(super) fn missing() -> Option<&'static str> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_there = |program: &str| std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    PROGRAMS.into_iter().find(|program| !is_there(program))
}

/// The TPM.
pub(super) struct SoftTpm {
    folder: PathBuf,
}

impl SoftTpm {
    /// Makes one in a folder that is not there yet, and starts it.
    pub(super) fn start(folder: PathBuf) -> Outcome<Self> {
        let tpm = Self { folder };
        if tpm.path("socket.ctrl").as_os_str().len() > SOCKET_BYTES_MAX {
            return Err(Failure::new(format!("{} is too long a path for a socket", tpm.folder.display())));
        }
        let state = tpm.path("state");
        std::fs::create_dir_all(&state).map_err(Failure::file("make", &state))?;
        tpm.write_settings()?;
        let mut setup = Command::new("swtpm_setup");
        setup.args(["--tpm2", "--create-ek-cert", "--lock-nvram", "--overwrite", "--pcr-banks", "sha256"]);
        setup.arg("--config").arg(tpm.path("setup.conf")).arg("--tpmstate").arg(&state).args(["--runas", &user()]);
        run(&mut setup)?;
        let mut swtpm = Command::new("swtpm");
        swtpm.args(["socket", "--tpm2", "--daemon", "--flags", "not-need-init,startup-clear"]);
        swtpm.arg("--tpmstate").arg(format!("dir={}", state.display()));
        swtpm.arg("--server").arg(format!("type=unixio,path={}", tpm.path("socket").display()));
        swtpm.arg("--ctrl").arg(format!("type=unixio,path={}", tpm.path("socket.ctrl").display()));
        // It leaves its parent once the sockets are there, and takes what it writes to along.
        let ended = swtpm.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
        let is_good = ended.map_err(|error| Failure::new(format!("cannot start swtpm: {error}")))?.success();
        if is_good { Ok(tpm) } else { Err(Failure::new("swtpm does not start")) }
    }

    fn write_settings(&self) -> Outcome<()> {
        let folder = self.folder.display();
        for (name, text) in [
            (
                "setup.conf",
                format!(
                    "create_certs_tool = swtpm_localca\ncreate_certs_tool_config = {folder}/ca.conf\n\
                     create_certs_tool_options = {folder}/ca.options\nactive_pcr_banks = sha256\n"
                ),
            ),
            (
                "ca.conf",
                format!(
                    "statedir = {folder}/ca\nsigningkey = {folder}/ca/signkey.pem\nissuercert = {folder}/ca/issuercert.pem\n\
                     certserial = {folder}/ca/certserial\n"
                ),
            ),
            (
                "ca.options",
                "--platform-manufacturer Thronos\n--platform-version 1\n--platform-model trial\n".to_owned(),
            ),
        ] {
            let path = self.path(name);
            std::fs::write(&path, text).map_err(Failure::file("write", &path))?;
        }
        Ok(())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// How tpm2-tools find it.
    pub(super) fn tcti(&self) -> String {
        format!("swtpm:path={}", self.path("socket").display())
    }

    /// The certificate of its maker's root, in PEM.
    pub(super) fn root(&self) -> PathBuf {
        self.path("ca").join("swtpm-localca-rootca-cert.pem")
    }

    /// The certificate between its own and the root, in DER.
    pub(super) fn between(&self) -> Outcome<PathBuf> {
        let (pem, der) = (self.path("ca").join("issuercert.pem"), self.path("between.der"));
        let text = std::fs::read_to_string(&pem).map_err(Failure::file("read", &pem))?;
        let inside = text.lines().skip_while(|line| !line.starts_with("-----BEGIN CERT")).skip(1);
        let digits: String = inside.take_while(|line| !line.starts_with("-----END")).collect();
        let bytes = STANDARD.decode(digits).map_err(|error| Failure::new(format!("{}: {error}", pem.display())))?;
        std::fs::write(&der, bytes).map_err(Failure::file("write", &der))?;
        Ok(der)
    }
}

/// Who runs this: swtpm changes to nobody else.
fn user() -> String {
    let asked = Command::new("id").arg("-un").output();
    let name = asked.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
    if name.is_empty() { "root".to_owned() } else { name }
}

fn run(command: &mut Command) -> Outcome<()> {
    let name = Path::new(command.get_program()).display().to_string();
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|error| Failure::new(format!("cannot start {name}: {error}")))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stderr, output.stdout].concat();
    Err(Failure::new(format!("{name} fails: {}", String::from_utf8_lossy(&said))))
}

impl Drop for SoftTpm {
    fn drop(&mut self) {
        // Also where a check failed: nothing is left behind that nobody asked for.
        let _ = run(Command::new("swtpm_ioctl").arg("--unix").arg(self.path("socket.ctrl")).arg("-s"));
    }
}
