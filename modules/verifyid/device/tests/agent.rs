//! The example agent over a real socket: what is for the device is answered, the rest is refused in words, and no caller holds up others.

#[path = "../examples/agent.rs"]
mod agent;

use std::fs::Permissions;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use agent::Agent;
use types::{ChainId, Hash32, TimeMs};
use verifyid::{Challenge, DeviceId, DeviceKey, Purpose, tags};
use verifyid_device::audience_digest;

const AUDIENCE: &str = "https://fleet.example";

fn key_file(directory: &tempfile::TempDir, device: Option<DeviceId>) -> (PathBuf, DeviceKey) {
    let secret = [7; 32];
    let public = ed25519_dalek::SigningKey::from_bytes(&secret).verifying_key().to_bytes();
    let path = directory.path().join("rig.json");
    let text = serde_json::json!({
        "format": "thronos-device-key", "version": 1, "algorithm": "ed25519", "key": hex::encode(public),
        "device": device.map(|device| device.0.to_string()), "secret": hex::encode(secret),
    });
    std::fs::write(&path, text.to_string()).expect("own directory");
    std::fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("own file");
    (path, DeviceKey::read(1, &public).expect("a key"))
}

fn started(path: &std::path::Path) -> SocketAddr {
    started_with(path, Duration::from_secs(10))
}

fn started_with(path: &std::path::Path, patience: Duration) -> SocketAddr {
    let mut agent = Agent::new(path, &"11".repeat(32), AUDIENCE, false).expect("a whole file");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    std::thread::spawn(move || agent.serve(&listener, patience));
    address
}

fn said(address: SocketAddr, line: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).expect("it listens");
    let mut text = String::new();
    // Of a line that is too long it reads no more than a part, and the connection may end at any of these.
    let _ = stream.write_all(line);
    let _ = stream.shutdown(Shutdown::Write);
    let _ = stream.read_to_string(&mut text);
    text
}

fn challenge(device: DeviceId, key_id: Hash32) -> Challenge {
    Challenge {
        chain_id: ChainId(Hash32([0x11; 32])),
        id: [1; 16],
        nonce: [2; 32],
        device,
        key_id,
        audience: Hash32(audience_digest(AUDIENCE)),
        purpose: Purpose::Presence,
        issued: TimeMs(1_000),
        expires: TimeMs(301_000),
    }
}

#[test]
fn what_is_for_the_device_is_answered_and_nothing_else() {
    let directory = tempfile::tempdir().expect("a directory");
    for device in [None, Some(DeviceId(Hash32([9; 32])))] {
        let (path, key) = key_file(&directory, device);
        let address = started(&path);
        let asked = challenge(device.unwrap_or(DeviceId(key.id())), key.id());
        let line = |challenge: &Challenge| format!("{}\n", hex::encode(challenge.to_bytes(tags::CHALLENGE)));
        let text = said(address, line(&asked).as_bytes());
        let signature: [u8; 64] = hex::decode(text.trim_end()).expect("digits").try_into().expect("64 bytes");
        assert!(key.signed(&asked.to_bytes(tags::CHALLENGE), &signature));
        assert_eq!(said(address, line(&asked).replace('\n', "\r\n").as_bytes()), text, "Ed25519 signs alike");
        for (other, why) in [
            (Challenge { chain_id: ChainId(Hash32([1; 32])), ..asked }, "another chain"),
            (Challenge { device: DeviceId(Hash32([1; 32])), ..asked }, "another device"),
            (Challenge { audience: Hash32([1; 32]), ..asked }, "somebody else"),
            (Challenge { purpose: Purpose::Login, ..asked }, "another purpose"),
        ] {
            let text = said(address, line(&other).as_bytes());
            assert!(text.starts_with("refused: ") && text.contains(why), "{text}");
        }
        for wrong in [&b""[..], b"\n", b"zz\n", &[0xff; 100], &[b'a'; 100_000]] {
            let text = said(address, wrong);
            assert!(text.is_empty() || text.starts_with("refused: "), "{text}");
        }
        assert_eq!(said(address, line(&asked).as_bytes()), text, "it goes on");
    }
}

#[test]
fn a_file_that_is_no_key_is_refused_at_the_start() {
    let directory = tempfile::tempdir().expect("a directory");
    let (path, _) = key_file(&directory, None);
    let good = std::fs::read_to_string(&path).expect("written");
    for (from, to) in
        [("ed25519", "p256"), ("thronos-device-key", "key"), ("\"secret\":\"", "\"secret\":\"0"), ("{", "")]
    {
        std::fs::write(&path, good.replacen(from, to, 1)).expect("own file");
        assert!(Agent::new(&path, &"11".repeat(32), AUDIENCE, false).is_err(), "{from}");
    }
    std::fs::write(&path, good).expect("own file");
    assert!(Agent::new(&path, "11", AUDIENCE, true).is_err(), "no chain's id");
    assert!(Agent::new(&path, &"11".repeat(32), AUDIENCE, true).is_ok());
}

#[test]
fn a_caller_who_sends_a_byte_now_and_then_holds_up_others_no_longer_than_one_may() {
    let directory = tempfile::tempdir().expect("a directory");
    let (path, key) = key_file(&directory, None);
    let address = started_with(&path, Duration::from_millis(400));
    let (stop, stopped) = channel::<()>();
    let mut slow = TcpStream::connect(address).expect("it listens");
    slow.write_all(b"a").expect("it takes it");
    let dribbling = std::thread::spawn(move || {
        while stopped.recv_timeout(Duration::from_millis(100)) == Err(RecvTimeoutError::Timeout) {
            // Once it has lost patience the connection is gone.
            let _ = slow.write_all(b"a");
        }
    });
    let asked = challenge(DeviceId(key.id()), key.id());
    let mut other = TcpStream::connect(address).expect("it listens");
    other.set_read_timeout(Some(Duration::from_secs(10))).expect("a time");
    writeln!(other, "{}", hex::encode(asked.to_bytes(tags::CHALLENGE))).expect("it takes it");
    let mut text = String::new();
    other.read_to_string(&mut text).expect("it is answered in time");
    assert_eq!(text.trim_end().len(), 128, "{text}");
    stop.send(()).expect("it waits");
    dribbling.join().expect("it ends");
}

#[test]
fn a_key_that_others_may_read_or_that_is_a_link_is_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let (path, _) = key_file(&directory, None);
    let said = |path: &std::path::Path| {
        let refused = Agent::new(path, &"11".repeat(32), AUDIENCE, false).err();
        refused.map(|error| error.to_string()).unwrap_or_default()
    };
    assert_eq!(said(&path), "");
    let link = directory.path().join("link.json");
    symlink(&path, &link).expect("a free name");
    assert!(said(&link).contains("is a link"));
    assert!(said(directory.path()).contains("no file"));
    for mode in [0o644, 0o640, 0o602] {
        std::fs::set_permissions(&path, Permissions::from_mode(mode)).expect("own file");
        assert!(said(&path).contains("others may read"), "{mode:o}");
    }
}
