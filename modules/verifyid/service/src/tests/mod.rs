//! The service on a made-up chain, by its routes: devices of two kinds of key, clocks that a test sets, and a folder that outlives a stop.

mod batched;
mod clouded;
mod customers;
mod harness;
mod hostile;
mod judged;
mod kept;
mod languages;
mod older;
mod older_paths;
mod rotated;
mod several;
mod taken_back;
mod tpms;
