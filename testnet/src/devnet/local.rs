//! What a feature brings to local networks: where its service listens, what runs with `--with NAME`, and what
//! `--check --trial NAME` proves.
//!
//! It must not know a feature. A node's own files are written by the house; a trial only says what stands in its section.

use types::Genesis;
use wallet::NodeClient;

use super::{LocalNetwork, Outcome, Ports, Standing};

/// A trial on local networks.
#[derive(Clone, Copy, Debug)]
pub struct Local {
    /// The ports that its service needs at a node, by the node's place.
    pub ports: fn(Ports, usize) -> Vec<u16>,
    /// Settings of a node, as names and values of `config.toml`, for its service to run with these ports or not at all.
    pub settings: fn(Ports, usize, Service) -> Vec<(&'static str, String)>,
    /// What a person is told who did not ask for it: how to take part, or why nobody can. Nothing, if there is nothing to tell.
    pub invitation: fn(&LocalNetwork, Service) -> Option<String>,
    /// What `--with NAME` starts beside the nodes. Without one the service runs, and that is all.
    pub actor: Option<StartActor>,
    /// What `--check --trial NAME` proves.
    pub proof: Option<LocalProof>,
    /// An option of `cargo x devnet` that means the same as `--with NAME`, and its help.
    pub alias: Option<(&'static str, &'static str)>,
}

/// Starts something beside the nodes of a network that runs; what it says is for people.
pub type StartActor = fn(&LocalNetwork, &dyn Fn(&str)) -> Outcome<Box<dyn LocalActor>>;

/// Proves something on a network that runs; what it says meanwhile is for people.
pub type Prove = fn(&mut LocalNetwork, &dyn Fn(&str)) -> Outcome<Proven>;

/// Whether the service of a feature runs at the nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// It does.
    On,
    /// It does not: nobody asked for it and another program has its ports, or something else is being proved.
    Off,
}

/// Something that a running network has beside its nodes.
pub trait LocalActor {
    /// How it goes, in half a line; one of the running nodes may be asked.
    ///
    /// # Errors
    /// When it has ended, or the node does not answer.
    fn line(&mut self, node: &NodeClient) -> Outcome<String>;
}

/// A proof on a network that is made for it and runs already.
#[derive(Clone, Copy, Debug)]
pub struct LocalProof {
    /// What it proves, for `--help`.
    pub about: &'static str,
    /// Changes the genesis for it.
    pub rules: fn(&mut Genesis),
    /// Proves it, and tells meanwhile what it has seen.
    pub run: Prove,
}

/// What a proof has found.
#[derive(Clone, Debug)]
pub struct Proven {
    /// For programs: the last line that is printed, with `"ok": true` in it.
    pub document: serde_json::Value,
    /// Where the nodes stand at the end.
    pub nodes: Vec<Standing>,
}

impl Local {
    /// Nothing.
    pub const PLAIN: Self = Self {
        ports: |_, _| Vec::new(),
        settings: |_, _, _| Vec::new(),
        invitation: |_, _| None,
        actor: None,
        proof: None,
        alias: None,
    };
}
