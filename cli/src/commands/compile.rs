//! `wasmc compile`: a module to an executable, an object or text.

use std::time::Instant;

use wasmc_compiler::{Artifact, Options, Target, compile};

use crate::args::CompileArgs;
use crate::commands::{in_pool, options};
use crate::input::Input;
use crate::output::Destination;
use crate::report::{Failure, Report};

/// Compiles a module and writes the result.
pub fn execute(args: &CompileArgs, report: &Report) -> Result<(), Failure> {
    let start = Instant::now();
    let arch = args.target.unwrap_or(Target::host().arch);
    let options = Options {
        emit: args.emit.0,
        strip: args.strip,
        sealed: args.sealed,
        run_options: args.grants.encode().map_err(Failure::usage)?,
        ..options(&args.code, arch)?
    };
    let mut input = Input::read(&args.module)?;
    let destination = Destination::choose(args.output.as_deref(), &input, options.emit)?;
    let artifact = report.with_progress(&format!("compiling `{}`", input.name()), || {
        in_pool(args.code.threads, || compile_input(&mut input, &options))
    })??;
    destination.write(&artifact.bytes, options.emit)?;
    let total = start.elapsed();
    if args.code.time {
        report.phases(&artifact.phases, total);
    }
    report.detail(|| {
        format!(
            "compiled {} of {} functions to {} bytes of code and {} bytes of initial memory; \
             wrote {} bytes {} in {:.2} s",
            artifact.stats.functions_compiled,
            artifact.stats.functions,
            artifact.stats.code_bytes,
            artifact.stats.image_bytes,
            artifact.bytes.len(),
            match destination {
                Destination::Stdout => destination.to_string(),
                _ => format!("to {destination}"),
            },
            total.as_secs_f64(),
        )
    });
    Ok(())
}

/// Compiles what was read, in the current thread pool.
pub fn compile_input(input: &mut Input, options: &Options) -> Result<Artifact, Failure> {
    let name = input.name();
    compile(input.module()?, options)
        .map_err(|error| Failure::compiler(format!("failed to compile `{name}`"), &error))
}
