//! What a call does, in one sentence for who is to sign it.
//!
//! It must not know how addresses are written. A device is named by its id in hexadecimal digits: the network of its text is not known here.

use execution::Words;
use types::THR;

use crate::call::{Batch, BuyPlan, Rotate, SetLevel, SetPlan, VerifyIdCall};
use crate::device::{Algorithm, Kind, key_id};

/// The number that says why; 0 is none.
fn reason(number: u8) -> String {
    if number == 0 { String::new() } else { format!(", reason {number}") }
}

/// One sentence about a call.
pub(crate) fn say(call: &VerifyIdCall, words: &dyn Words) -> String {
    match call {
        VerifyIdCall::Register(register) => {
            let id = key_id(register.algorithm, &register.key);
            let (kind, owner) = (kind(register.kind), words.address(register.owner));
            let algorithm = algorithm(register.algorithm);
            format!(
                "register the device {id}, {kind} with an {algorithm} key, for {owner}; the chain's registration fee is burned"
            )
        }
        VerifyIdCall::Accept(device) => format!("accept the device {}", device.0),
        VerifyIdCall::Offer(offer) => {
            format!(
                "offer the device {} to {} until {}",
                offer.device.0,
                words.address(offer.to),
                words.time(offer.until)
            )
        }
        VerifyIdCall::Take(take) => {
            format!(
                "take the device {} with its key of rotation {}, which is offered to the sender",
                take.device.0, take.rotation
            )
        }
        VerifyIdCall::Withdraw(device) => format!("withdraw the offer of the device {}", device.0),
        VerifyIdCall::Rotate(rotate) => said_of_rotation(rotate),
        VerifyIdCall::CancelRotation(cancel) => {
            format!("drop the new key announced for the device {}", cancel.device.0)
        }
        VerifyIdCall::Revoke(out) => format!("revoke the device {} for good{}", out.device.0, reason(out.reason)),
        VerifyIdCall::Suspend(out) => format!("suspend the device {}{}", out.device.0, reason(out.reason)),
        VerifyIdCall::Reinstate(device) => format!("end the suspension of the device {}", device.0),
        VerifyIdCall::Hold(device) => format!("hold the device {} for a day", device.0),
        VerifyIdCall::AttestWork(attest) => {
            let shares: usize = attest.groups.iter().map(|group| group.shares.len()).sum();
            format!(
                "show the work rate of class {} for the device {}, by {shares} shares since beacon {}",
                attest.class, attest.device.0, attest.beacon
            )
        }
        VerifyIdCall::Batch(batch) => said_of_batch(batch, words),
        VerifyIdCall::SetLevel(set) => said_of_level(set, words),
        VerifyIdCall::SetVerifier { verifier, listed } => {
            let verifier = words.address(*verifier);
            if *listed {
                format!("list the verifier {verifier}")
            } else {
                format!("list the verifier {verifier} no more")
            }
        }
        VerifyIdCall::SetPlan(set) => said_of_plan(set, words),
        VerifyIdCall::BuyPlan(buy) => said_of_purchase(buy, words),
        VerifyIdCall::AllowVerifier { verifier, allowed } => {
            let verifier = words.address(*verifier);
            match allowed {
                true => format!("let the verifier {verifier} count verifications on the sender's plan"),
                false => format!("let the verifier {verifier} count on the sender's plan no more"),
            }
        }
    }
}

fn said_of_level(set: &SetLevel, words: &dyn Words) -> String {
    let owner = words.address(set.owner);
    format!(
        "set level {} of the device {}, which is {owner}'s with its key of rotation {}, as seen at {}, until {}, evidence {}",
        set.level,
        set.device.0,
        set.rotation,
        words.time(set.seen),
        words.time(set.until),
        set.evidence
    )
}

fn said_of_plan(set: &SetPlan, words: &dyn Words) -> String {
    let customer = words.address(set.customer);
    match set.plan {
        0 => format!("take the plan of {customer} away"),
        plan => format!("give {customer} plan {plan} until {}", words.time(set.until)),
    }
}

fn said_of_purchase(buy: &BuyPlan, words: &dyn Words) -> String {
    let price = words.amount(THR, buy.price_max);
    let ends = if buy.replaces == 0 { String::new() } else { format!("; plan {} ends with it", buy.replaces) };
    format!("buy plan {} for {} months of 30 days, for {price} at most{ends}", buy.plan, buy.months)
}

fn said_of_batch(batch: &Batch, words: &dyn Words) -> String {
    let (first, last) = (words.time(batch.first), words.time(batch.last));
    let listed = batch.first_verified.iter().map(|device| device.0.to_string()).collect::<Vec<_>>();
    let marked =
        if listed.is_empty() { String::new() } else { format!(", and mark as verified {}", listed.join(", ")) };
    format!(
        "put {} verifications from {first} to {last}, {} of them good, on the chain as batch {} for {}, root {}{marked}",
        batch.leaves,
        batch.ok,
        batch.sequence,
        words.address(batch.customer),
        batch.root
    )
}

fn said_of_rotation(rotate: &Rotate) -> String {
    let how = match rotate.old_signature {
        Some(_) => "at once, signed by the old key",
        None => "announced, or completed if it was announced",
    };
    let key = key_id(rotate.algorithm, &rotate.key);
    format!("give the device {} the {} key {key}: {how}", rotate.device.0, algorithm(rotate.algorithm))
}

fn algorithm(number: u8) -> String {
    match Algorithm::of(number) {
        Some(Algorithm::Ed25519) => "Ed25519".to_owned(),
        Some(Algorithm::Secp256k1) => "secp256k1".to_owned(),
        Some(Algorithm::P256) => "P-256".to_owned(),
        None => format!("unknown ({number})"),
    }
}

fn kind(number: u8) -> String {
    match Kind::of(number) {
        Some(Kind::Asic) => "an ASIC".to_owned(),
        Some(Kind::GpuMiner) => "a GPU miner".to_owned(),
        Some(Kind::CpuMiner) => "a CPU miner".to_owned(),
        Some(Kind::GpsNode) => "a GPS node".to_owned(),
        Some(Kind::VehicleNode) => "a vehicle node".to_owned(),
        Some(Kind::AiTrainer) => "an AI trainer".to_owned(),
        Some(Kind::MusicNode) => "a music node".to_owned(),
        Some(Kind::StorageNode) => "a storage node".to_owned(),
        Some(Kind::ParkingSensor) => "a parking sensor".to_owned(),
        None => format!("of the unknown kind {number}"),
    }
}
