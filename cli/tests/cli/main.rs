//! Tests of the `wasmc` binary: what it prints, returns and writes.

#[path = "../../../image/tests/registry/server.rs"]
mod server;
mod support;

mod bench;
mod completions;
mod components;
mod errors;
mod explore;
mod help;
mod image;
mod inspect;
mod link;
mod log;
mod mutations;
mod outputs;
mod profile;
mod readme;
mod registry;
mod run;
mod serve;
mod tutorial;
