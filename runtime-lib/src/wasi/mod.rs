//! The system interfaces, one for each version.

pub mod p1;
pub mod p2;
pub mod threads;
