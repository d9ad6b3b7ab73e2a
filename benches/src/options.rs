//! What may be typed after `cargo x bench`.

use std::path::PathBuf;

/// Measure, and print figures: medians over several runs, with the least and the most.
#[derive(Clone, Debug, clap::Parser)]
#[command(name = "bench", max_term_width = 120)]
pub struct Options {
    /// What to measure: latency, load, cadence, micro, idle, state, start; all when left out.
    #[arg(value_name = "NAME", value_parser = clap::builder::PossibleValuesParser::new(crate::parts::names()))]
    pub parts: Vec<String>,
    /// Print nothing but one JSON document on standard output.
    #[arg(long)]
    pub json: bool,
    /// Everything within three minutes, with less of everything.
    #[arg(long)]
    pub quick: bool,
    /// How often each part is measured [default: 3, with --quick 1].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub runs: Option<u32>,
    /// Funded accounts of `load` [default: 10000].
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(2..=1_000_000))]
    pub accounts: u32,
    /// Transfers of one run of `load` [default: 40000, with --quick 10000].
    #[arg(long, value_parser = clap::value_parser!(u32).range(100..=10_000_000))]
    pub transfers: Option<u32>,
    /// Most transfers handed in and not yet final.
    #[arg(long, default_value_t = 4_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub window: u32,
    /// Directory of the networks that are measured.
    #[arg(long, value_name = "DIRECTORY", default_value = ".thronos/bench")]
    pub home: PathBuf,
    /// Port of the first node.
    #[arg(long, default_value_t = 28_700)]
    pub base_port: u16,
    /// Given by `cargo bench` to every program; means nothing here.
    #[arg(long, hide = true)]
    pub bench: bool,
}

impl Options {
    /// How often each part is measured.
    #[must_use]
    pub fn runs(&self) -> u32 {
        self.runs.unwrap_or(if self.quick { 1 } else { 3 })
    }

    /// One of two sizes.
    #[must_use]
    pub const fn size<T: Copy>(&self, full: T, quick: T) -> T {
        if self.quick { quick } else { full }
    }
}
