//! What may be typed after `cargo x soak`.

use std::path::PathBuf;

/// Kill, hold and restart the nodes of a local network at random, and watch from outside that nothing is lost.
#[derive(Clone, Debug, clap::Parser)]
#[command(name = "soak", max_term_width = 120)]
pub struct Options {
    /// For how long; half a minute more is needed at the end for the last look.
    #[arg(long, default_value_t = 1.0, value_parser = minutes)]
    pub minutes: f64,
    /// How many validators.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(4..=20))]
    pub validators: u16,
    /// Where chance begins [default: another one each time, printed].
    #[arg(long)]
    pub seed: Option<u64>,
    /// Directory of the network.
    #[arg(long, value_name = "DIRECTORY", default_value = ".thronos/soak")]
    pub home: PathBuf,
    /// Port of the first node.
    #[arg(long, default_value_t = 27_700)]
    pub base_port: u16,
    /// Print nothing but the JSON document on standard output.
    #[arg(long)]
    pub json: bool,
}

fn minutes(text: &str) -> Result<f64, String> {
    let minutes: f64 = text.parse().map_err(|_| "write minutes like 1 or 0.5".to_owned())?;
    if (0.1..=100_000.0).contains(&minutes) { Ok(minutes) } else { Err("from 0.1 to 100000 minutes".to_owned()) }
}
