//! `thronos mining receipt`: what a pool counted for an account, checked against the root that everybody sees.
//!
//! The node is believed nothing but which root it shows: all other facts come from the receipt's canonical bytes, which the root
//! fixes. Whether a root is the one that others see only they can tell; `--root` takes theirs.

use clap::Args;
use crypto::merkle::MerkleProof;
use mining::ShareReceiptResponse;
use serde_json::json;
use stratum::Receipt;
use types::{Address, Canonical, Hash32};
use wallet::cli::context::Context;
use wallet::cli::report::{Report, lines};
use wallet::{Error, NodeClient, Result};

use crate::node;

/// `mining receipt`
#[derive(Debug, Args)]
pub struct ReceiptArgs {
    /// Address, or name of an account in this wallet
    account: String,
    /// The closed work; the newest with receipts when absent
    #[arg(long, value_name = "HEIGHT")]
    work: Option<u64>,
    /// The root that was noted before, or that somebody else sees, 64 hexadecimal digits: check against this one
    #[arg(long, value_name = "HASH")]
    root: Option<Hash32>,
}

impl ReceiptArgs {
    pub(crate) fn run(&self, context: &Context) -> Result<Report> {
        context.readable(&self.account)?;
        let client = context.client()?;
        let network = context.chain(&client)?.network();
        let address = context.resolve(&self.account, network)?;
        let (work, listed) = match self.work {
            Some(work) => (work, None),
            None => newest(&client)?,
        };
        let answer = node::receipt(&client, work, &address.to_text(network))?;
        let root = self.root.or(listed).unwrap_or(answer.root);
        let (receipt, proof) = checked(&answer, (work, address), &root)?;
        // Millionths, rounded down.
        let share = receipt.weight.saturating_mul(1_000_000).checked_div(receipt.weight_total).unwrap_or(0);
        let whose = if self.root.is_some() { "(as given)" } else { "(as the node says)" };
        let text = lines(&[
            ("work:", receipt.work_height.to_string()),
            ("address:", address.to_text(network)),
            ("weight:", format!("{} of {}", receipt.weight, receipt.weight_total)),
            ("share:", format!("{}.{:04} %", share / 10_000, share % 10_000)),
            ("root:", format!("{root} {whose}")),
            ("receipt:", format!("{} of {}, checked by this wallet", u64::from(proof.index) + 1, proof.count)),
        ]);
        let json = json!({
            "work": receipt.work_height, "address": address.to_text(network), "weight": receipt.weight.to_string(),
            "weight_total": receipt.weight_total.to_string(), "share_ppm": share.to_string(), "sequence": receipt.sequence,
            "index": proof.index, "count": proof.count, "checked": true, "root": root, "root_given": self.root.is_some(),
        });
        Ok(Report::new(text, json))
    }
}

/// The newest closed work with receipts, and its root.
fn newest(client: &NodeClient) -> Result<(u64, Option<Hash32>)> {
    let found = node::receipts(client)?.roots.into_iter().find(|root| root.is_kept);
    found.map(|root| (root.work, Some(root.root))).ok_or_else(|| {
        let message = "the node keeps no receipts of any work";
        Error::new(
            "no_receipts",
            message,
            "the first are fixed when the chain has taken the work that is looked for now",
        )
    })
}

/// The receipt that was asked for, under this root.
fn checked(answer: &ShareReceiptResponse, asked: (u64, Address), root: &Hash32) -> Result<(Receipt, MerkleProof)> {
    let wrong = |what: &str| {
        let message = format!("the receipt of the node does not hold: {what}");
        Error::new("wrong_proof", message, "nothing of it is shown; keep the root and ask the pool's operator")
    };
    let bytes = |text: &str| hex::decode(text).map_err(|_| wrong("it is no hex"));
    let receipt = Receipt::from_canonical(&bytes(&answer.receipt_hex)?).map_err(|_| wrong("it cannot be read"))?;
    let proof =
        MerkleProof::from_canonical(&bytes(&answer.proof_hex)?).map_err(|_| wrong("its path cannot be read"))?;
    if (receipt.work_height, receipt.address) != asked {
        return Err(wrong("it is of another work or address"));
    }
    if !receipt.is_in(root, &proof) {
        return Err(wrong("it is not under the root"));
    }
    if receipt.weight > receipt.weight_total {
        return Err(wrong("it weighs more than the window"));
    }
    Ok((receipt, proof))
}
