//! What may be typed after `cargo x hostile`.

use std::path::PathBuf;

/// Attack the nodes of a local network, one attack after the other, while honest transfers run.
///
/// Fails (exit code 1) when finality's p99 more than doubles, a node's memory grows by more than 64 MiB, an honest node is
/// punished, a node dies or panics, or two nodes have different final blocks.
#[derive(Clone, Debug, clap::Parser)]
#[command(name = "hostile", max_term_width = 120)]
pub struct Options {
    /// Time for all attacks together; what is tried again, and new networks, come on top.
    #[arg(long, default_value_t = 5.0, value_parser = minutes)]
    pub minutes: f64,
    /// Only these attacks, by name.
    #[arg(long = "attack", value_name = "NAME")]
    pub attacks: Vec<String>,
    /// Names all attacks and ends.
    #[arg(long)]
    pub list: bool,
    /// How often a doubtful attack is tried before it counts as a violation [default: 3].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10))]
    pub tries: Option<u32>,
    /// Directory of the network.
    #[arg(long, value_name = "DIRECTORY", default_value = ".thronos/hostile")]
    pub home: PathBuf,
    /// Port of the first node [default: 29700, or the next place that is free].
    #[arg(long)]
    pub base_port: Option<u16>,
    /// Leave the network's directory, with its logs, where it is.
    #[arg(long)]
    pub keep: bool,
    /// Print one JSON document at the end, and everything else on standard error.
    #[arg(long)]
    pub json: bool,
}

fn minutes(text: &str) -> Result<f64, String> {
    let minutes: f64 = text.parse().map_err(|_| "write minutes like 5 or 0.5".to_owned())?;
    if (0.1..=1_000.0).contains(&minutes) { Ok(minutes) } else { Err("from 0.1 to 1000 minutes".to_owned()) }
}
