//! What may be typed after `cargo x bench`.

use std::path::PathBuf;

use crate::ground::VALIDATORS;

/// Measure, and print figures: medians over several runs, with the least and the most.
#[derive(Clone, Debug, clap::Parser)]
#[command(name = "bench", max_term_width = 120)]
pub struct Options {
    /// What to measure; everything when left out.
    #[arg(value_name = "NAME", value_parser = clap::builder::PossibleValuesParser::new(crate::parts::names()))]
    pub parts: Vec<String>,
    /// Print nothing but one JSON document on standard output.
    #[arg(long)]
    pub json: bool,
    /// Everything within three minutes, with less of everything: for its correctness, not for its figures.
    #[arg(long)]
    pub quick: bool,
    /// How often each part is measured [default: 5, with --quick 1].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub runs: Option<u32>,
    /// Validators of `idle`, `latency` and `cadence`, and the only case of `growth` [default: 4; growth 4, 7 and 10].
    #[arg(long, value_parser = clap::value_parser!(u8).range(4..=16))]
    pub validators: Option<u8>,
    /// Funded accounts of `load`, which then leaves out its case with a million.
    #[arg(long, value_parser = clap::value_parser!(u32).range(2..=1_000_000))]
    pub accounts: Option<u32>,
    /// Transfers of one run of `load` [default: 40000, with --quick 6000].
    #[arg(long, value_parser = clap::value_parser!(u32).range(100..=10_000_000))]
    pub transfers: Option<u32>,
    /// Block limit of `load`, in transfers; may be given several times [default: 512 and 2048].
    #[arg(long, value_name = "TRANSFERS", value_parser = clap::value_parser!(u32).range(64..=16_384))]
    pub block_limit: Vec<u32>,
    /// Most transfers handed in and not yet final [default: what gives most throughput within the latency that is aimed at].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub window: Option<u32>,
    /// Directory of the networks that are measured.
    #[arg(long, value_name = "DIRECTORY", default_value = ".thronos/bench")]
    pub home: PathBuf,
    /// Port of the first node; the next free one.
    #[arg(long, default_value_t = 28_700)]
    pub base_port: u16,
}

impl Options {
    /// How often each part is measured.
    #[must_use]
    pub fn runs(&self) -> u32 {
        self.runs.unwrap_or(if self.quick { 1 } else { 5 })
    }

    /// How many validators the networks of most parts have.
    #[must_use]
    pub fn validators(&self) -> usize {
        self.validators.map_or(VALIDATORS, usize::from)
    }

    /// One of two sizes.
    #[must_use]
    pub const fn size<T: Copy>(&self, full: T, quick: T) -> T {
        if self.quick { quick } else { full }
    }
}
