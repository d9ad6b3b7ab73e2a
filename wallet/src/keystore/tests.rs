//! The key file against wrong passwords, damage and crashes. FAULTS K2, K3, K4, A7.

use super::*;
