//! The built command: without a node, with one, with one that lies.

#[path = "../../../tests/wallet/chain_maker.rs"]
mod chain_maker;
mod command;
mod command_with_node;
mod evidence;
mod lying;
mod newcomer;
mod node;
mod open;
mod pool_node;
mod rough;
mod script;
mod tour;
mod waiting;
