//! Links the daemon so that less of it has to be in memory.
//!
//! The compilers put code that runs once or hardly ever into sections of their own, `.text.startup` and `.text.unlikely`. The linker
//! keeps these apart, rather than strewn among the code that runs all the time: 0.8 MB less of every daemon is in memory. A linker that
//! does not know the flag ignores it.
//!
//! Relocations are packed where the system's loader reads that (glibc 2.36 and later).
//! A position-independent program of this size has 75,000 of them. Unpacked they are 1.8 MB that every daemon reads at its start and then
//! keeps in memory; packed they are a few kilobytes.

use std::env;
use std::process::Command;

/// The first glibc whose loader reads packed relocations.
const GLIBC_MIN: (u32, u32) = (2, 36);

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let set = |name: &str| env::var(name).unwrap_or_default();
    if set("CARGO_CFG_TARGET_ENV") == "gnu" {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,keep-text-section-prefix");
    }
    // What this machine's loader can says nothing of another's.
    let runs_here = set("HOST") == set("TARGET") && set("CARGO_CFG_TARGET_ENV") == "gnu";
    if runs_here && glibc() >= Some(GLIBC_MIN) {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// The version of the system's C library, if it is glibc: `glibc 2.36`.
fn glibc() -> Option<(u32, u32)> {
    let said = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok()?;
    let said = String::from_utf8(said.stdout).ok()?;
    let (major, minor) = said.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
