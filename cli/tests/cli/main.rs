//! Tests of the `wasmc` binary: what it prints, returns and writes.

mod support;

mod bench;
mod completions;
mod errors;
mod help;
mod inspect;
mod link;
mod outputs;
mod run;
