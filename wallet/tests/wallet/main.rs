//! The wallet from outside: keys, files, transactions, finality, and the built command.

mod chain_maker;
mod command;
mod command_with_node;
mod files;
mod finality;
mod keys;
mod lying;
mod newcomer;
mod node;
mod open;
mod pool_node;
mod rough;
mod script;
mod tour;
mod transactions;
mod waiting;
