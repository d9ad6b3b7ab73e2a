//! `thronos mine`: the processor as a miner at a Stratum port.

use std::io::IsTerminal;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

use crate::mine::run::{HAPPENINGS_MAX, Happening, Summary, run};
use crate::mine::show::{Json, Live, Log, Show, rate};
use crate::mine::trust::Trust;
use crate::mine::{Login, Options, Payee, Pays, Pool, benchmark};
use clap::{Args, ValueEnum};
use lanes::sha256d::Kernel;
use serde_json::json;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use types::Network;
use wallet::cli::context::{Context, read_address};
use wallet::cli::report::{Report, lines, table};
use wallet::cli::span;
use wallet::{Error, Result};

/// What `--pays` says instead of an address.
const ANYBODY: &str = "any";
/// Longest name of a worker.
const WORKER_CHARS_MAX: usize = 32;
/// Longest password.
const PASSWORD_CHARS_MAX: usize = 128;

const AFTER: &str = "Mines until Ctrl-C, --for or --shares; a connection that breaks is tried again after 1, 2, 4 … 60 s.

With --json every event is one JSON object on a line: connecting, connected, authorized, waiting, lost, difficulty, job, accepted, rejected, \
message, status (each second) and end.

A job that pays anybody but --address, or whom --pays names, ends the run before it is hashed: somebody between here and the pool \
could have written it. The error's code is wrong_payee, or foreign_job for a pool of another chain.

To leave the machine to others, begin with `nice -n 19 thronos mine …`.

Example: thronos mine --pool 127.0.0.1:3334 --address ADDRESS --worker desk";

/// `mine`
#[derive(Debug, Args)]
#[command(
    override_usage = "thronos mine --pool <HOST:PORT> --address <ADDRESS> [OPTIONS]\n       thronos mine --benchmark",
    after_help = AFTER
)]
pub struct Mine {
    /// The pool, or a node's Stratum port
    #[arg(long, value_name = "HOST:PORT", required_unless_present = "benchmark")]
    pool: Option<String>,
    /// Who is paid: an address, or the name of an account in this wallet
    #[arg(long, value_name = "ADDRESS", required_unless_present = "benchmark")]
    address: Option<String>,
    /// Whom every job has to pay: on a shared port the pool's account, `any` without a check [default: --address]
    #[arg(long, value_name = "ADDRESS|any")]
    pays: Option<String>,
    /// This machine's name, for the pool's statistics
    #[arg(long, value_name = "NAME")]
    worker: Option<String>,
    /// The pool's password or options, such as `d=1`; it is no secret
    #[arg(long, value_name = "TEXT", default_value = "x")]
    password: String,
    /// How many threads search [default: one less than there are cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1_024))]
    threads: Option<u16>,
    /// How to search
    #[arg(long, value_enum, default_value_t = KernelChoice::Auto)]
    kernel: KernelChoice,
    /// Speak TLS; the certificate has to be of a known authority
    #[arg(long)]
    tls: bool,
    /// Speak TLS, and trust the certificates of this PEM file instead
    #[arg(long, value_name = "FILE")]
    tls_roots: Option<PathBuf>,
    /// End after this time, such as 90s, 10m, 2h or 1d
    #[arg(long = "for", value_name = "SPAN")]
    time: Option<String>,
    /// End after so many accepted shares
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    shares: Option<u64>,
    /// Measure how fast each kernel is on one core, and end
    #[arg(long, conflicts_with_all = ["pool", "address", "pays"])]
    benchmark: bool,
}

/// How to search.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum KernelChoice {
    /// The fastest that this processor can run
    Auto,
    /// Sixteen nonces in each 512-bit register
    Avx512,
    /// The processor's SHA instructions
    ShaExtensions,
    /// Eight nonces in each 256-bit register
    Avx2,
    /// On every processor
    Scalar,
}

impl KernelChoice {
    fn kernel(self) -> Result<Kernel> {
        let kernel = match self {
            Self::Auto => Kernel::best(),
            Self::Avx512 => Kernel::Avx512,
            Self::ShaExtensions => Kernel::ShaExtensions,
            Self::Avx2 => Kernel::Avx2,
            Self::Scalar => Kernel::Scalar,
        };
        if kernel.is_available() {
            return Ok(kernel);
        }
        let message = format!("this processor cannot run the kernel `{kernel}`");
        Err(Error::new("no_such_kernel", message, format!("leave --kernel away, or say `{}`", Kernel::best())))
    }
}

impl Mine {
    pub(crate) fn run(&self, context: &Context) -> Result<Report> {
        let (Some(pool), Some(address)) = (&self.pool, &self.address) else {
            return Ok(figures());
        };
        let (host, port) = host_and_port(pool)?;
        let payee = payee(context, address)?;
        let login = Login {
            user: self.user(payee)?,
            password: self.checked_password()?,
            pays: match self.pays.as_deref() {
                None => Pays::Only(payee),
                Some(ANYBODY) => Pays::Anybody,
                Some(text) => Pays::Only(self::payee(context, text)?),
            },
        };
        let options = Options {
            login,
            kernel: self.kernel.kernel()?,
            threads: self.threads.map_or_else(spare_cores, usize::from),
            time_max: self.time.as_deref().map(span::parse).transpose()?.map(Duration::from_millis),
            shares_max: self.shares,
            pool: Pool { host, port, trust: self.trust()? },
        };
        let (kernel, threads) = (options.kernel, options.threads);
        let (sender, receiver) = sync_channel(HAPPENINGS_MAX);
        listen_for_interrupts(sender.clone())?;
        let mut show: Box<dyn Show> = if context.json {
            Box::new(Json::new(std::io::stdout()))
        } else if std::io::stderr().is_terminal() {
            Box::new(Live::new(std::io::stderr()))
        } else {
            Box::new(Log::new(std::io::stderr()))
        };
        if !context.json {
            let threads = types::counted(threads as u64, "thread");
            context.note(&format!("mining for {} with {threads}, kernel {kernel}", options.login.user));
        }
        let summary = run(options, (sender, receiver), show.as_mut())?;
        Ok(Report::told(end_lines(&summary)))
    }

    /// The address, and the worker's name behind it.
    fn user(&self, payee: Payee) -> Result<String> {
        let Some(worker) = &self.worker else {
            return Ok(payee.to_string());
        };
        let plain = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_');
        if worker.is_empty() || worker.len() > WORKER_CHARS_MAX || !worker.chars().all(plain) {
            let message = format!("`{}` is no worker's name", crate::mine::message::shown(worker, 40));
            let hint = format!("1 to {WORKER_CHARS_MAX} letters, digits, `-` and `_`");
            return Err(Error::new("bad_worker", message, hint));
        }
        Ok(format!("{payee}.{worker}"))
    }

    fn checked_password(&self) -> Result<String> {
        if self.password.len() > PASSWORD_CHARS_MAX || self.password.chars().any(char::is_control) {
            let hint = format!("at most {PASSWORD_CHARS_MAX} bytes without control characters; most pools take `x`");
            return Err(Error::new("bad_password", "the pool's password cannot be sent", hint));
        }
        Ok(self.password.clone())
    }

    fn trust(&self) -> Result<Option<Trust>> {
        let is_named =
            TLS_SCHEMES.iter().any(|scheme| self.pool.as_deref().is_some_and(|pool| pool.starts_with(scheme)));
        if !self.tls && !is_named && self.tls_roots.is_none() {
            return Ok(None);
        }
        let path = self.tls_roots.as_deref();
        let named = path.unwrap_or_else(|| std::path::Path::new("the built-in authorities"));
        Trust::new(path).map(Some).map_err(|error| match error.kind() {
            std::io::ErrorKind::InvalidData => {
                let message = format!("`--tls-roots` names {}, which is of no use: {error}", named.display());
                Error::new("no_certificate", message, "name the file with the pool's certificate, in PEM form")
            }
            _ => Error::file("read certificates from", named, &error),
        })
    }
}

/// The account of that name in this wallet, or the address, checked.
fn payee(context: &Context, text: &str) -> Result<Payee> {
    if context.home.has_key(text) || context.home.has_policy(text) {
        let chain = context.known_chain().map_err(|error| {
            let more = "or write the address itself (`thr1…`), which needs none; `thronos wallet new` has shown it";
            Error { hint: format!("{}, {more}", error.hint), ..error }
        })?;
        let network = Some(chain.network());
        return Ok(Payee { address: context.sender(text)?.address, network });
    }
    let (address, form) = read_address(text)?;
    let network = match form {
        "legacy" => {
            context.note("note: an address of the older form has no checksum; a typo would pay somebody else");
            None
        }
        "test" => Some(Network::Test),
        _ => Some(Network::Main),
    };
    // The pool need not be of this wallet's chain, so this is no more than a word in time.
    if let (Some(network), Ok(Some(own))) = (network, context.network())
        && network != own
    {
        let text = address.to_text(own);
        context.note(&format!(
            "note: `{}` is of another network than this wallet's chain, where it is written {text}",
            Payee { address, network: Some(network) }
        ));
    }
    Ok(Payee { address, network })
}

/// What says, before a pool's address, that it speaks TLS.
const TLS_SCHEMES: [&str; 2] = ["stratum+ssl://", "stratum+tls://"];

/// Host and port of `host:3334`, `[::1]:3334`, or either behind a scheme.
fn host_and_port(text: &str) -> Result<(String, u16)> {
    let schemes = ["stratum+tcp://"].into_iter().chain(TLS_SCHEMES);
    let bare = schemes.clone().find_map(|scheme| text.strip_prefix(scheme)).unwrap_or(text);
    let read = || {
        let (host, port) = bare.rsplit_once(':')?;
        let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let plain = |host: &str| {
            !host.is_empty()
                && !host.contains(|character: char| " /@#?[]".contains(character) || character.is_control())
        };
        let host = inner.or_else(|| (!host.contains(':')).then_some(host)).filter(|host| plain(host))?;
        Some((host.to_owned(), port.parse().ok().filter(|port| *port != 0)?))
    };
    read().ok_or_else(|| {
        let message = format!("`{}` is not the address of a pool", crate::mine::message::shown(text, 100));
        Error::new(
            "bad_pool",
            message,
            "write it like 127.0.0.1:3334; for TLS add --tls, or write it like stratum+ssl://pool.example:3335",
        )
    })
}

fn spare_cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get).saturating_sub(1).max(1)
}

/// Ctrl-C and the system's request to end are happenings; the second time they end the process as usual.
fn listen_for_interrupts(sender: SyncSender<Happening>) -> Result<()> {
    let failed = |error| Error::file("listen for", std::path::Path::new("Ctrl-C"), &error);
    let mut signals = Signals::new([SIGINT, SIGTERM]).map_err(failed)?;
    std::thread::spawn(move || {
        for (before, signal) in signals.forever().enumerate() {
            if before > 0 || sender.try_send(Happening::Interrupted).is_err() {
                std::process::exit(128 + signal);
            }
        }
    });
    Ok(())
}

fn end_lines(summary: &Summary) -> String {
    let Summary { hashes, time_ms, accepted, rejected, stale, best } = summary;
    let average = hashes.saturating_mul(1_000) / (*time_ms).max(1);
    lines(&[
        ("shares:", format!("{accepted} accepted, {rejected} rejected, {stale} too late")),
        ("best share:", best.map_or_else(|| "none".to_owned(), |best| best.to_string())),
        ("rate:", format!("{} over {} s", rate(average), time_ms / 1_000)),
    ])
}

fn figures() -> Report {
    let figures = benchmark::measure();
    let row = |figure: &benchmark::Figure| {
        let (rolled, alone) = figure.hashes_per_second.map_or_else(
            || ("not on this processor".to_owned(), String::new()),
            |(rolled, alone)| (rate(rolled), rate(alone)),
        );
        vec![figure.kernel.name().to_owned(), rolled, alone]
    };
    let rows: Vec<_> = figures.iter().map(row).collect();
    let text = table(&["kernel", "versions rolled", "one version"], &rows)
        + "Per core; pools that roll versions let it be faster.\n";
    let json: Vec<_> = figures
        .iter()
        .map(|figure| {
            json!({"kernel": figure.kernel.name(), "hashes_per_second": figure.hashes_per_second.map(|both| both.0),
                "hashes_per_second_one_version": figure.hashes_per_second.map(|both| both.1)})
        })
        .collect();
    Report::new(text, json!({"kernels": json, "auto": Kernel::best().name()}))
}

#[cfg(test)]
mod tests {
    use super::host_and_port;

    #[test]
    fn a_pool_is_a_host_and_a_port() {
        for (text, host, port) in [
            ("127.0.0.1:3334", "127.0.0.1", 3334),
            ("pool.example:1", "pool.example", 1),
            ("[::1]:3334", "::1", 3334),
            ("stratum+tcp://localhost:65535", "localhost", 65_535),
            ("stratum+ssl://pool.example:3335", "pool.example", 3335),
            ("stratum+tls://[::1]:3335", "::1", 3335),
        ] {
            assert_eq!(host_and_port(text), Ok((host.to_owned(), port)), "{text}");
        }
        for text in [
            "",
            "host",
            "host:",
            ":1",
            "host:0",
            "host:65536",
            "::1:5",
            "[::1]",
            "a b:1",
            "http://x:1",
            "a@b:1",
            "[]:1",
            "h\n:1",
        ] {
            assert_eq!(host_and_port(text).expect_err(text).code, "bad_pool");
        }
    }
}
