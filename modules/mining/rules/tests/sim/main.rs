//! The work chain over months: its pace under changing hash rates, the cost of a launch, and what tricks earn.
//!
//! Time is simulated and chance comes from seeds; the controller is the chain's own. Figures stand in `docs/decisions/0013`, and each
//! test prints its own (`--nocapture`).

mod pace;
mod random;
mod tricks;
