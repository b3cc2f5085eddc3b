//! Confinement in force.
//!
//! - [`injected`]: what can code do that an attacker brought into a program?
//! - [`functions`]: does every WASI function do the same when confined, on older kernels too?
//! - [`programs`]: what do confined programs still do, and what was given to them that is not theirs?
//! - [`limits`]: are the limits of files and descriptors kept?

mod functions;
mod injected;
mod limits;
mod programs;

use std::os::unix::process::ExitStatusExt as _;
use std::time::Duration;

use wasmc_compiler::grants::Grants;
use wasmc_compiler::{Options, compile};
use wasmc_tests::process::{Executable, Launch, Outcome};

const LIMIT: Duration = Duration::from_secs(30);

fn build(wat: &str, options: &[&str]) -> Vec<u8> {
    let module = wat::parse_str(wat).unwrap_or_else(|error| panic!("{error}\n{wat}"));
    let options = Options::default().grants(Grants::parse(options).expect("they are grants"));
    compile(&module, &options).expect("it compiles").bytes
}

fn run(executable: &[u8], launch: &Launch) -> Outcome {
    let executable = Executable::new(executable).expect("it can be written");
    executable.run(launch, LIMIT).expect("it can be run")
}

/// How a program ended: its status, or the negative signal.
fn ending(outcome: &Outcome) -> i32 {
    let status = outcome.status.expect("it ended");
    let signal = || -status.signal().expect("a signal");
    status.code().unwrap_or_else(signal)
}
