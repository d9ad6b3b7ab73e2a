//! The physical floor: one signature check, one vote, one sync of the disk that the networks lie on.

use std::fs::OpenOptions;
use std::io::Write;
use std::time::{Duration, Instant};

use crypto::bls::{AggregatePublicKey, SecretKey, aggregate_signatures};
use testnet::devnet::{Failure, Outcome};
use wallet::AccountKey;

use crate::figures::{Figures, Findings, percentile, sorted};
use crate::ground::Ground;

/// What a vote's record takes in the log, and a little more.
const RECORD_BYTES: usize = 256;

pub(super) fn measure(ground: &Ground<'_>) -> Outcome<Findings> {
    (0..ground.options.runs()).map(|_| one(ground)).collect::<Outcome<_>>().map(Findings::Whole)
}

/// What one signature check costs now, in µs: the pace of a virtual machine's cores changes within minutes.
///
/// # Errors
/// Never.
pub(super) fn secp_verify_us(times: usize) -> Outcome<f64> {
    let key = AccountKey::from_secret(&[7; 32])?;
    let id = types::Hash32([9; 32]);
    let (signature, public) = (key.sign(&id), key.public_key());
    Ok(typical(times, || crypto::ecdsa::verify(id.as_bytes(), &public, &signature).is_ok()))
}

fn one(ground: &Ground<'_>) -> Outcome<Figures> {
    let times = ground.options.size(2_000, 500);
    let secp_verify = secp_verify_us(times)?;
    let secrets: Vec<SecretKey> = (1..=3_u8).map(|seed| SecretKey::from_ikm(&[seed; 32])).collect();
    let message = [5_u8; crypto::ids::VOTE_PREIMAGE_BYTES];
    let votes: Vec<_> = secrets.iter().map(|secret| secret.sign(&message)).collect();
    let publics: Vec<_> = secrets.iter().map(SecretKey::public_key).collect();
    let first = secrets.first().expect("three were made");
    let bls_sign = typical(times / 4, || first.sign(&message) == *votes.first().expect("three were made"));
    let aggregate = aggregate_signatures(&votes).ok_or_else(|| Failure::new("three signatures make an aggregate"))?;
    let together = AggregatePublicKey::new(&publics).ok_or_else(|| Failure::new("three keys make an aggregate"))?;
    let bls_verify = typical(times / 4, || together.verify(&message, &aggregate));

    let syncs = syncs(ground, ground.options.size(300, 100))?;
    Ok(Figures::from([
        ("secp_verify_us", secp_verify),
        ("bls_sign_us", bls_sign),
        ("bls_verify_us", bls_verify),
        ("fdatasync_us_p50", percentile(&syncs, 0.50)),
        ("fdatasync_us_p99", percentile(&syncs, 0.99)),
    ]))
}

/// The middle time of many calls, in µs. Each must say that it succeeded.
fn typical(times: usize, mut call: impl FnMut() -> bool) -> f64 {
    let measured = (0..times).map(|_| {
        let begun = Instant::now();
        let succeeded = std::hint::black_box(call());
        let time = begun.elapsed();
        assert!(succeeded, "a measured call succeeds");
        time
    });
    percentile(&sorted(measured.collect::<Vec<Duration>>(), 1_000_000.0), 0.5)
}

/// Appends with one fdatasync each, in the directory of the networks, as the log does.
fn syncs(ground: &Ground<'_>, times: usize) -> Outcome<Vec<f64>> {
    let directory =
        ground.options.home.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(&ground.options.home);
    std::fs::create_dir_all(directory).map_err(Failure::file("make", directory))?;
    let path = directory.join("bench-sync");
    let file = OpenOptions::new().append(true).create(true).open(&path);
    let mut file = file.map_err(Failure::file("make", &path))?;
    let mut measured = Vec::with_capacity(times);
    for _ in 0..times {
        let begun = Instant::now();
        file.write_all(&[1; RECORD_BYTES]).and_then(|()| file.sync_data()).map_err(Failure::file("sync", &path))?;
        measured.push(begun.elapsed());
    }
    std::fs::remove_file(&path).map_err(Failure::file("delete", &path))?;
    Ok(sorted(measured, 1_000_000.0))
}
