//! The pool rule by rule, and as a whole against a model that computes everything anew from a plain list.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod model;
mod rules;
mod world;
