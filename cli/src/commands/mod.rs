//! The commands of `wasmc`, a file each.

use std::num::NonZeroUsize;

use anyhow::Context as _;
use wasmc_compiler::grants::{Grant, GrantError, Grants, TrapEnd};
use wasmc_compiler::{Arch, BranchProtection, DebugLevel, Options, Target};

use crate::args::{Cli, CodeArgs, Command};
use crate::report::{Failure, Report};
use crate::{args, output};

mod bench;
mod cache;
mod compile;
mod completions;
mod core_file;
mod explore;
mod image;
mod inspect;
mod run;
mod symbolize;
mod targets;

/// Stack of the threads that compile: bodies may nest deeply.
const COMPILER_STACK: usize = 16 << 20;

/// Does what the command line says.
pub fn execute(cli: &Cli, report: &Report) -> Result<(), Failure> {
    if cli.version {
        return output::print(&targets::version(report.verbose()));
    }
    match &cli.command {
        Some(Command::Compile(args)) => compile::execute(args, report),
        Some(Command::Run(args)) => run::execute(args, report),
        Some(Command::Serve(args)) => run::serve(&args.run, report),
        Some(Command::Bench(args)) => bench::execute(args, report),
        Some(Command::Image(args)) => image::execute(args, report),
        Some(Command::Inspect(args)) => inspect::execute(args, report),
        Some(Command::Explore(args)) => explore::execute(args, report),
        Some(Command::Symbolize(args)) => symbolize::execute(args, report),
        Some(Command::Core(args)) => core_file::execute(args),
        Some(Command::GdbScript(_)) => output::print(include_str!("gdb.py")),
        Some(Command::Targets(args)) => targets::execute(args),
        Some(Command::Completions(args)) => completions::completions(args),
        Some(Command::Man(args)) => completions::man(args),
        None => Err(
            Failure::usage("neither a module nor a command is given".to_owned())
                .hint("`wasmc app.wasm` compiles a module; `wasmc --help` lists the commands"),
        ),
    }
}

/// Does the work in a pool of `threads` threads, by default one a processor.
fn in_pool<T: Send>(
    threads: Option<NonZeroUsize>,
    work: impl FnOnce() -> T + Send,
) -> Result<T, Failure> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads.map_or(0, NonZeroUsize::get))
        .stack_size(COMPILER_STACK)
        .build()
        .context("failed to start threads")?;
    Ok(pool.install(work))
}

/// What is baked into a program that is given `grants`: who wants to debug it wants to see where it
/// traps, unless the grants say something else.
fn baked(args: &CodeArgs, grants: Grants) -> Grants {
    match args.debug {
        Some(level) if level.0.serves_debuggers() => [Grant::Trap(TrapEnd::Abort)]
            .into_iter()
            .chain(grants)
            .collect(),
        _ => grants,
    }
}

/// That grants are too many.
fn grant_failure(error: GrantError) -> Failure {
    Failure::usage(error.to_string())
}

/// The compiler's options that `compile` and `run` share.
fn options(args: &CodeArgs, arch: Arch) -> Result<Options, Failure> {
    let target = match args.cpu {
        Some(cpu) => Target::with_cpu(arch, cpu).map_err(|message| {
            Failure::usage(message).hint("`wasmc targets` lists the CPU levels of each target")
        })?,
        None => Target::new(arch),
    };
    let branch_protection = args.branch_protection.0;
    if branch_protection != BranchProtection::None && arch != Arch::Aarch64 {
        return Err(Failure::usage(format!(
            "`--branch-protection` is for aarch64-linux, not for {}",
            arch.row().name
        )));
    }
    let default = Options::default();
    let (stack_size, alignment) = (default.stack_size, default.log2_function_alignment);
    Ok(default
        .target(target)
        .branch_protection(branch_protection)
        .opt_level(args.opt_level.0)
        .features(args::features::features(&args.features))
        .bounds_checks(args.bounds_checks)
        .verify_ir(args.verify_ir)
        .backend(args.backend)
        .max_memory(args.max_memory)
        .stack_size(args.stack_size.unwrap_or(stack_size))
        .invoke(args.invoke.clone())
        .demangle(!args.no_demangle)
        .debug(args.debug.map_or(DebugLevel::None, |debug| debug.0))
        .grants(baked(args, Grants::new()))
        .log2_function_alignment(args.function_alignment.unwrap_or(alignment)))
}
