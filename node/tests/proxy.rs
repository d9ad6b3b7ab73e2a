//! nginx in front of a node, by the configuration that comes with it: understood by nginx, and used through TLS.

mod support;

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use support::{Running, transfer};
use ureq::tls::{Certificate, RootCerts, TlsConfig};

const SITE: &str = include_str!("../nginx.conf");
/// A name that every machine takes for itself, in place of the one in the file.
const NAME: &str = "localhost";

/// What stands around the site: one process, no files of the system.
fn around(folder: &str) -> String {
    let temporary =
        ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(|kind| format!("{kind}_temp_path {folder}/{kind};"));
    format!(
        "daemon off;\nmaster_process off;\npid {folder}/pid;\nerror_log {folder}/error.log;\nevents {{ worker_connections 256; }}\n\
         http {{ access_log off; {} include {folder}/site.conf; }}\n",
        temporary.join(" ")
    )
}

/// Writes the site with these ports and a certificate of its own; gives the certificate in PEM.
fn write_site(folder: &Path, listen: u16, api: SocketAddr) -> String {
    let certified = rcgen::generate_simple_self_signed(vec![NAME.to_owned()]).expect("a certificate");
    let certificate = certified.cert.pem();
    let text = folder.to_str().expect("UTF-8");
    let is_of_ipv6 = |line: &&str| line.trim_start().starts_with("listen [::]");
    let site: String = SITE.lines().filter(|line| !is_of_ipv6(line)).map(|line| format!("{line}\n")).collect();
    let site = site
        .replace("listen 443", &format!("listen 127.0.0.1:{listen}"))
        .replace("127.0.0.1:26701", &api.to_string())
        .replace("/etc/ssl/thronos", text)
        .replace("node.example", NAME);
    for (name, content) in [
        ("site.conf", site),
        ("nginx.conf", around(text)),
        ("certificate.pem", certificate.clone()),
        ("key.pem", certified.key_pair.serialize_pem()),
    ] {
        fs::write(folder.join(name), content).expect("a file");
    }
    certificate
}

/// nginx with this configuration and more arguments.
fn nginx(folder: &Path, more: &[&str]) -> Command {
    // Debian has it where only root looks.
    let found = ["/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx"]
        .map(PathBuf::from)
        .into_iter()
        .find(|path| path.exists());
    let mut command = Command::new(found.unwrap_or_else(|| "nginx".into()));
    command.arg("-p").arg(folder).arg("-c").arg(folder.join("nginx.conf")).args(more).stdin(Stdio::null());
    command
}

/// Whether nginx understands what was written; nothing when it is not installed.
fn judged(folder: &Path) -> Option<Output> {
    let judged = nginx(folder, &["-t"]).output();
    if judged.is_err() {
        eprintln!("nginx is not installed: not tried");
    }
    judged.ok()
}

/// A running nginx in front of a node; what it says is in its folder.
struct Proxy {
    child: Child,
    folder: tempfile::TempDir,
    agent: ureq::Agent,
    url: String,
}

impl Proxy {
    fn start(node: &Running) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a directory");
        let listen = tryout::free_port();
        let certificate = write_site(folder.path(), listen, node.node.api_address());
        let judged = judged(folder.path())?;
        assert!(judged.status.success(), "{}", String::from_utf8_lossy(&judged.stderr));
        let child = nginx(folder.path(), &[]).stderr(Stdio::null()).spawn().expect("it is installed");
        let certificate = Certificate::from_pem(certificate.as_bytes()).expect("our own").to_owned();
        let tls = TlsConfig::builder().root_certs(RootCerts::new_with_certs(&[certificate])).build();
        let agent = ureq::Agent::config_builder().http_status_as_error(false).tls_config(tls);
        let agent = agent.timeout_global(Some(Duration::from_secs(30))).build().new_agent();
        let proxy = Self { child, folder, agent, url: format!("https://{NAME}:{listen}") };
        let end = std::time::Instant::now() + Duration::from_secs(20);
        while proxy.agent.get(proxy.of("/livez")).call().is_err() {
            assert!(std::time::Instant::now() < end, "it never listens: {}", proxy.said());
            std::thread::park_timeout(Duration::from_millis(20));
        }
        Some(proxy)
    }

    fn of(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    fn post(&self, path: &str, body: &str) -> (u16, Value) {
        let request = self.agent.post(self.of(path)).header("content-type", "application/json");
        let mut answer = request.send(body).expect("an answer");
        let text = answer.body_mut().read_to_string().expect("text");
        (answer.status().as_u16(), serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    fn said(&self) -> String {
        fs::read_to_string(self.folder.path().join("error.log")).unwrap_or_default()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The next event of a stream: its name and what it tells.
fn event(lines: &mut impl Iterator<Item = std::io::Result<String>>) -> (String, Value) {
    let mut name = String::new();
    for line in lines.map(|line| line.expect("the stream goes on")) {
        match line.split_once(": ") {
            Some(("event", text)) => name = text.to_owned(),
            Some(("data", text)) => return (name, serde_json::from_str(text).expect("JSON")),
            _ => {}
        }
    }
    panic!("the stream ended");
}

// FAULTS RF5
#[test]
fn through_nginx_and_tls_a_transfer_is_handed_in_and_its_block_comes_by_a_stream_at_once() {
    let node = support::start(&[("api.hosts", NAME)]);
    let Some(proxy) = Proxy::start(&node) else { return node.node.stop().expect("a clean stop") };
    let (status, answer) = support::get(&proxy.agent, &proxy.of("/api/v1/status"));
    assert_eq!((status, answer["chain_id"].as_str()), (200, Some(node.chain.to_string().as_str())), "{}", proxy.said());
    let stream = proxy.agent.get(proxy.of("/api/v1/stream")).call().expect("a stream");
    let mut lines = BufReader::new(stream.into_body().into_reader()).lines();
    event(&mut lines);
    let (status, taken) =
        proxy.post("/api/v1/transactions", &support::request(node.chain, &transfer(node.chain, 0, |_| {})));
    assert_eq!(status, 202, "{taken}");
    // A proxy that gathers events would give them by the kilobyte, and an idle chain has none for seconds.
    let with_it = std::iter::repeat_with(|| event(&mut lines)).take(20);
    assert!(with_it.into_iter().any(|(_, block)| block["transactions"].as_u64() == Some(1)), "{}", proxy.said());
    let id = taken["id"].as_str().expect("an id");
    let (_, found) = support::get(&proxy.agent, &proxy.of(&format!("/api/v1/transactions/{id}?wait=20000")));
    assert_eq!(found["status"], "final", "{found}");
    drop(proxy);
    node.node.stop().expect("a clean stop");
}

// FAULTS RF5
#[test]
fn nginx_keeps_from_the_world_what_is_not_for_it_and_more_than_it_may_ask() {
    let node = support::start(&[("api.hosts", NAME)]);
    let Some(proxy) = Proxy::start(&node) else { return node.node.stop().expect("a clean stop") };
    let get = |path: &str| support::get(&proxy.agent, &proxy.of(path)).0;
    assert_eq!((get("/livez"), get("/metrics"), get("/readyz")), (200, 404, 404));
    assert_eq!(proxy.post("/api/v1/mining/submit", "{}").0, 400, "the node itself refuses it");
    assert_eq!(proxy.post("/api/v1/transactions/batch", "{}").0, 403);
    // The longest transaction fits, with what stands around it; what is longer than any does not.
    let longest = "0".repeat(2 * types::limits::TRANSACTION_BYTES_MAX);
    let body = serde_json::json!({ "chain_id": node.chain, "transaction": longest }).to_string();
    let (status, refused) = proxy.post("/api/v1/transactions", &body);
    assert!(status < 500 && refused["code"].is_string(), "the node itself refuses it: {status} {refused}");
    assert_eq!(proxy.post("/api/v1/transactions", &"0".repeat(200_000)).0, 413);
    let evil = proxy.agent.get(proxy.of("/api/v1/status")).header("origin", "https://evil.example").call();
    assert_eq!(evil.expect("an answer").status(), 403);
    let own = proxy.agent.get(proxy.of("/api/v1/status")).header("origin", &proxy.url).call();
    assert_eq!(own.expect("an answer").status(), 200, "the name with its port comes through");
    let answers: Vec<u16> = std::thread::scope(|scope| {
        let hundred = || (0..100).map(|_| get("/livez")).collect::<Vec<_>>();
        let askers: Vec<_> = (0..4).map(|_| scope.spawn(hundred)).collect();
        askers.into_iter().flat_map(|asker| asker.join().expect("no panic")).collect()
    });
    assert!(answers.contains(&429), "more than twenty a second and a hundred at once are too many");
    assert_eq!(node.get("/livez").0, 200, "who asks the node itself is served");
    drop(proxy);
    node.node.stop().expect("a clean stop");
}
