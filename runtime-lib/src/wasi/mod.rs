//! The system interfaces, one for each version.

pub mod p1;
pub mod threads;
