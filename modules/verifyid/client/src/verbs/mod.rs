//! The verbs: `device` for who owns devices, `verifier` and `plan` for customers, verifiers and the authority.
//!
//! One file per command, or per few that are alike.

mod attest;
mod challenge;
mod device;
mod hmac;
mod list;
mod new;
mod plan;
mod register;
mod rotate;
mod show;
mod standing;
mod token;
mod tpm;
mod transfer;
mod verification;
mod verifier;

use clap::Subcommand;
use wallet::Result;
use wallet::cli::{Context, Report, Verbs};

pub use verification::check_verification;

/// Devices that prove what they are.
#[derive(Debug, Subcommand)]
pub enum VerifyIdVerbs {
    /// Register devices, hand them on, give them new keys, and show what they are good for
    #[command(subcommand)]
    Device(device::DeviceVerb),
    /// Say who verifies: list one, allow one on your plan, or set what was verified
    #[command(subcommand)]
    Verifier(verifier::VerifierVerb),
    /// Show, buy or set plans for devices and verifications
    #[command(subcommand)]
    Plan(plan::PlanVerb),
    /// Check a file that proves a verification, from the genesis on, without a node
    VerifyBatch(verification::VerifyBatch),
}

impl Verbs for VerifyIdVerbs {
    fn run(self, context: &Context) -> Result<Report> {
        match self {
            Self::Device(verb) => verb.run(context),
            Self::Verifier(verb) => verb.run(context),
            Self::Plan(verb) => verb.run(context),
            Self::VerifyBatch(verb) => verb.run(context),
        }
    }
}
