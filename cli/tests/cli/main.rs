//! Tests of the `wasmc` binary: what it prints, returns and writes.

#![expect(missing_docs, reason = "a test")]

mod support;

mod completions;
mod errors;
mod help;
mod inspect;
mod outputs;
mod run;
