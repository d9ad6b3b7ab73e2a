//! The byte forms of every value: recorded, one per value, and closed to hostile input.

mod generate;
mod golden;
mod hostile;
mod texts;
