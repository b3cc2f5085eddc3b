//! Tests of the `wasmc` binary: what it prints, returns and writes.

mod support;

mod completions;
mod errors;
mod help;
mod image;
mod inspect;
mod link;
mod outputs;
mod run;
