//! `thronos device`: the list of what can be done with devices.

use clap::Subcommand;
use wallet::Result;
use wallet::cli::{Context, Report};

use super::{attest, challenge, hmac, list, new, register, rotate, show, standing, tpm, transfer, verification};

/// What can be done with devices.
#[derive(Debug, Subcommand)]
pub enum DeviceVerb {
    /// Make a key for a device, in a file of its own
    New(new::NewKey),
    /// Register a device by the word of its key
    Register(register::RegisterArgs),
    /// Accept a device that somebody else registered for you
    Accept(register::Accept),
    /// Offer a device to another account
    Offer(transfer::OfferArgs),
    /// Take a device that is offered to you
    Take(transfer::TakeArgs),
    /// Withdraw an offer
    Withdraw(transfer::Withdraw),
    /// Give a device another key: at once if the old one signs too, else after some days
    Rotate(rotate::RotateArgs),
    /// Drop a key that was announced
    CancelRotation(rotate::CancelArgs),
    /// Hold a device for a day; only a verifier may
    Hold(standing::Hold),
    /// Suspend a device; only the authority may
    Suspend(standing::Suspend),
    /// End a suspension; only the authority may
    Reinstate(standing::Reinstate),
    /// Revoke a device, for good
    Revoke(standing::Revoke),
    /// Show a device, proven: its level, why not more, and what expires when
    Show(show::ShowDevice),
    /// List the devices of an account, and those that wait for it
    List(list::ListDevices),
    /// Ask a node for a challenge for a device, for somebody else to have it answered
    Challenge(challenge::ChallengeArgs),
    /// Answer a challenge with a device's key: one that is asked for now, or one from a file
    Answer(challenge::AnswerArgs),
    /// Have a service share a secret with a device that cannot sign, and answer with it
    #[command(subcommand)]
    Hmac(hmac::HmacVerb),
    /// Show a device's rate of hashes: machines mine for it at a node's port, and the chain decides
    Attest(attest::AttestArgs),
    /// Enrol this machine's TPM for a device, and have it quote: what level 3 is set by
    #[command(subcommand)]
    Tpm(tpm::TpmVerb),
    /// Show a verification by its challenge, proven from the genesis on, and write its proof to a file
    Verification(verification::ShowVerification),
    /// Prove what the chain has of a device, or that it has nothing
    Prove(show::ProveDevice),
}

impl DeviceVerb {
    pub(super) fn run(&self, context: &Context) -> Result<Report> {
        match self {
            Self::New(new) => new.run(context),
            Self::Register(register) => register.run(context),
            Self::Accept(accept) => accept.run(context),
            Self::Offer(offer) => offer.run(context),
            Self::Take(take) => take.run(context),
            Self::Withdraw(withdraw) => withdraw.run(context),
            Self::Rotate(rotate) => rotate.run(context),
            Self::CancelRotation(cancel) => cancel.run(context),
            Self::Hold(hold) => hold.run(context),
            Self::Suspend(suspend) => suspend.run(context),
            Self::Reinstate(reinstate) => reinstate.run(context),
            Self::Revoke(revoke) => revoke.run(context),
            Self::Show(show) => show.run(context),
            Self::List(list) => list.run(context),
            Self::Challenge(challenge) => challenge.run(context),
            Self::Answer(answer) => answer.run(context),
            Self::Hmac(verb) => verb.run(context),
            Self::Attest(attest) => attest.run(context),
            Self::Tpm(verb) => verb.run(context),
            Self::Verification(verification) => verification.run(context),
            Self::Prove(prove) => prove.run(context),
        }
    }
}
