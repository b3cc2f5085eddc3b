//! Executables of wasmc, each test's compiled and run: one binary for all that share a harness.
//!
//! `cargo test --workspace --test suite PART` runs the tests that have PART in their names, such as
//! `programs::`. The official suite is a process of its own (`spec.rs`).

mod aarch64;
mod component_suite;
mod confinement;
mod debug;
mod differential;
mod emission;
mod explore;
mod fuel;
mod golden;
mod neighbours;
mod objects;
mod privileges;
mod programs;
mod scripts;
mod servers;
mod sockets;
mod start;
mod system_calls;
mod threads;
mod wasi_suite;
