//! One swtpm with a folder of its own, and the tools of tpm2-tools on it. It ends with its value.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tempfile::TempDir;

/// Where the attestation key lies in the TPM.
const AK: &str = "0x81010002";
const PROGRAMS: [&str; 4] = ["swtpm", "swtpm_setup", "swtpm_ioctl", "tpm2_quote"];

/// Whether the programs are there; where one is missing, what is not run is said past the test harness.
pub fn installed(what: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_there = |program: &str| std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    let Some(missing) = PROGRAMS.into_iter().find(|program| !is_there(program)) else { return true };
    let sentence = format!("{what}: not run, since {missing} is not installed (./setup --peers does it)\n");
    std::io::stderr().write_all(sentence.as_bytes()).expect("somewhere to say it");
    false
}

pub struct Tpm {
    folder: TempDir,
}

/// What a TPM tells of the keys that it made.
pub struct Made {
    pub endorsement: Vec<u8>,
    pub attestation: Vec<u8>,
    pub name: Vec<u8>,
}

pub struct Quoted {
    pub message: Vec<u8>,
    pub signature: Vec<u8>,
}

fn must(output: &Output, what: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{what}: {said}{}", String::from_utf8_lossy(&output.stdout));
}

fn run(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).output().expect("an installed program")
}

impl Tpm {
    /// A TPM with an endorsement key and its certificate by a maker called `maker`.
    pub fn start(maker: &str) -> Self {
        let tpm = Self { folder: tempfile::tempdir().expect("a folder") };
        tpm.write_settings();
        let state = tpm.path("state");
        std::fs::create_dir(&state).expect("own folder");
        let mut setup = Command::new("swtpm_setup");
        setup.args(["--tpm2", "--create-ek-cert", "--lock-nvram", "--overwrite", "--pcr-banks", "sha256"]);
        setup.arg("--config").arg(tpm.path("setup.conf")).arg("--tpmstate").arg(&state);
        setup.arg("--write-ek-cert-files").arg(tpm.folder.path()).args(["--vmid", maker]);
        must(&run(setup.args(["--runas", "root"])), "swtpm_setup");
        let (socket, control) = (tpm.path("socket"), tpm.path("socket.ctrl"));
        let mut swtpm = Command::new("swtpm");
        swtpm.args(["socket", "--tpm2", "--daemon", "--flags", "not-need-init,startup-clear"]);
        swtpm.arg("--tpmstate").arg(format!("dir={}", state.display()));
        swtpm.arg("--server").arg(format!("type=unixio,path={}", socket.display()));
        swtpm.arg("--ctrl").arg(format!("type=unixio,path={}", control.display()));
        // It leaves its parent once the sockets are there.
        must(
            &swtpm
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .output()
                .expect("an installed program"),
            "swtpm",
        );
        tpm
    }

    fn write_settings(&self) {
        let folder = self.folder.path().display();
        for (name, text) in [
            (
                "setup.conf",
                format!(
                    "create_certs_tool = /usr/bin/swtpm_localca\ncreate_certs_tool_config = {folder}/ca.conf\n\
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
            ("ca.options", "--platform-manufacturer Thronos\n--platform-version 1\n--platform-model test\n".to_owned()),
        ] {
            std::fs::write(self.path(name), text).expect("own folder");
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).expect("own folder")
    }

    fn asked(&self, tool: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new(tool);
        command.current_dir(self.folder.path()).args(arguments);
        command.env("TPM2TOOLS_TCTI", format!("swtpm:path={}", self.path("socket").display()));
        run(&mut command)
    }

    /// Runs a tool, which has to go well, and gives back what it left in the TPM.
    pub fn tool(&self, tool: &str, arguments: &[&str]) {
        must(&self.asked(tool, arguments), tool);
        self.flush();
    }

    fn flush(&self) {
        for kind in ["-t", "-l", "-s"] {
            must(&self.asked("tpm2_flushcontext", &[kind]), "tpm2_flushcontext");
        }
    }

    /// The public area of a key that lies in the TPM.
    pub fn public(&self, handle: &str) -> Vec<u8> {
        self.tool("tpm2_readpublic", &["-c", handle, "-o", "public"]);
        self.read("public")
    }

    /// A new attestation key below this endorsement key, in place of the one before.
    pub fn attestation_key(&self, endorsement: &str, algorithm: &str) -> Made {
        let scheme = if algorithm == "rsa" { "rsassa" } else { "ecdsa" };
        let arguments = ["-C", endorsement, "-c", "ak", "-G", algorithm, "-g", "sha256", "-s", scheme];
        self.tool("tpm2_createak", &[&arguments[..], &["-u", "ak.pub", "-n", "ak.name"]].concat());
        if self.asked("tpm2_readpublic", &["-c", AK]).status.success() {
            self.tool("tpm2_evictcontrol", &["-c", AK]);
        }
        self.tool("tpm2_evictcontrol", &["-c", "ak", AK]);
        Made { endorsement: self.public(endorsement), attestation: self.read("ak.pub"), name: self.read("ak.name") }
    }

    /// Has the TPM open a credential; what the tool said if it does not.
    pub fn activate(&self, endorsement: &str, blob: &[u8]) -> Result<Vec<u8>, String> {
        std::fs::write(self.path("blob"), blob).expect("own folder");
        must(&self.asked("tpm2_startauthsession", &["--policy-session", "-S", "session"]), "tpm2_startauthsession");
        must(&self.asked("tpm2_policysecret", &["-S", "session", "-c", "e"]), "tpm2_policysecret");
        let arguments = ["-c", AK, "-C", endorsement, "-i", "blob", "-o", "secret", "-P", "session:session"];
        let output = self.asked("tpm2_activatecredential", &arguments);
        self.flush();
        if output.status.success() {
            Ok(self.read("secret"))
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }

    /// A quote of the PCRs 0 and 7 by the attestation key.
    pub fn quote(&self, name: &str, extra: &[u8]) -> Quoted {
        let (message, signature) = (format!("{name}.msg"), format!("{name}.sig"));
        let extra = hex::encode(extra);
        let what = ["-c", AK, "-l", "sha256:0,7", "-g", "sha256", "-q", &extra, "-m", &message, "-s", &signature];
        self.tool("tpm2_quote", &what);
        Quoted { message: self.read(&message), signature: self.read(&signature) }
    }

    /// The public area of a key that is not restricted, and its signature over these bytes.
    pub fn forge(&self, message: &[u8]) -> (Vec<u8>, Vec<u8>) {
        std::fs::write(self.path("forged"), message).expect("own folder");
        self.tool("tpm2_createprimary", &["-C", "e", "-c", "parent"]);
        let attributes = "sign|fixedtpm|fixedparent|sensitivedataorigin|userwithauth";
        let arguments =
            ["-C", "parent", "-G", "ecc:ecdsa-sha256", "-u", "free.pub", "-r", "free.priv", "-a", attributes];
        self.tool("tpm2_create", &arguments);
        self.tool("tpm2_load", &["-C", "parent", "-u", "free.pub", "-r", "free.priv", "-c", "free"]);
        self.tool("tpm2_sign", &["-c", "free", "-g", "sha256", "-s", "ecdsa", "-o", "forged.sig", "forged"]);
        (self.read("free.pub"), self.read("forged.sig"))
    }

    /// Has the attestation key sign bytes that no TPM made.
    pub fn sign_with_attestation_key(&self, message: &[u8]) -> Result<(), String> {
        std::fs::write(self.path("forged"), message).expect("own folder");
        let output = self.asked("tpm2_sign", &["-c", AK, "-g", "sha256", "-o", "refused.sig", "forged"]);
        self.flush();
        if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
    }

    fn control(&self, argument: &str) -> Output {
        run(Command::new("swtpm_ioctl").arg("--unix").arg(self.path("socket.ctrl")).arg(argument))
    }

    /// Takes the power away, after a shutdown of this kind or without, and gives it back.
    pub fn begin_again(&self, shutdown: Option<&str>, startup: &str) {
        let kind = |kind: &str| if kind == "clear" { vec!["-c"] } else { vec![] };
        if let Some(shutdown) = shutdown {
            must(&self.asked("tpm2_shutdown", &kind(shutdown)), "tpm2_shutdown");
        }
        must(&self.control("-i"), "swtpm_ioctl -i");
        must(&self.asked("tpm2_startup", &kind(startup)), "tpm2_startup");
    }

    /// The endorsement key's certificate, its issuer's and the root's, in DER.
    pub fn certificates(&self) -> [Vec<u8>; 3] {
        let own =
            std::fs::read_dir(self.folder.path()).expect("own folder").map(|entry| entry.expect("own folder").path());
        let own = own.into_iter().find(|path| path.to_string_lossy().contains("ek-rsa")).expect("a certificate");
        let ca = self.path("ca");
        [
            std::fs::read(own).expect("own folder"),
            from_pem(&ca.join("issuercert.pem")),
            from_pem(&ca.join("swtpm-localca-rootca-cert.pem")),
        ]
    }
}

fn from_pem(path: &Path) -> Vec<u8> {
    let text = std::fs::read_to_string(path).expect("own folder");
    let inside = text.lines().skip_while(|line| !line.starts_with("-----BEGIN CERT")).skip(1);
    let digits: String = inside.take_while(|line| !line.starts_with("-----END")).collect();
    STANDARD.decode(digits).expect("base64")
}

impl Drop for Tpm {
    fn drop(&mut self) {
        // Also where a test failed: nothing is left behind that nobody asked for.
        self.control("-s");
    }
}
