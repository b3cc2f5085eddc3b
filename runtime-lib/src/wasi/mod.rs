//! The system interfaces, one for each version.

pub mod p1;
