//! `wasmc`: compiles WebAssembly modules to standalone executables.
//!
//! [`args`] defines the command line, [`commands`] has a file for each command. Standard output is
//! written in [`output`] only, standard error in [`report`] only.

mod args;
mod commands;
mod environment;
mod exec;
mod input;
mod logging;
mod output;
mod profile;
mod registry;
mod report;

use std::env;
use std::io::ErrorKind;
use std::panic;
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _};

use crate::args::{Cli, Color};
use crate::report::{Failure, Report};

/// The exit status of a bug of ours, which is also that of a panic.
const STATUS_BUG: u8 = 101;

fn main() -> ExitCode {
    // Before any other thread exists: it changes the environment.
    wasmc_compiler::clear_linker_environment();
    let words: Vec<_> = env::args_os().collect();
    let color = args::color_of(&words);
    report::set_panic_hook(color);

    let mut command = Cli::command().color(match color {
        Color::Auto if environment::no_color() => clap::ColorChoice::Never,
        Color::Auto => clap::ColorChoice::Auto,
        Color::Always => clap::ColorChoice::Always,
        Color::Never => clap::ColorChoice::Never,
    });
    command.build();
    let words = args::with_command(words, &command);
    let cli = match command.try_get_matches_from_mut(words) {
        Ok(matches) => Cli::from_arg_matches(&matches),
        Err(error) => Err(error),
    };
    let cli = match cli {
        Ok(cli) => cli,
        Err(error) => match args::features::asked_list(&error) {
            Some(list) => return status(&Report::new(color, false), output::print(list)),
            None => return usage(error),
        },
    };
    let report = Report::new(cli.color, cli.verbose > 0);
    if let Err(failure) = logging::install(cli.verbose) {
        return report.failure(&failure);
    }
    match panic::catch_unwind(|| commands::execute(&cli, &report)) {
        Ok(result) => status(&report, result),
        // The hook has reported it.
        Err(_) => ExitCode::from(STATUS_BUG),
    }
}

/// Reports how a command ended.
fn status(report: &Report, result: Result<(), Failure>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => report.failure(&failure),
    }
}

/// Prints what clap has to say: help, or what is wrong with the command line.
fn usage(error: clap::Error) -> ExitCode {
    let error = args::suggest::explain(error);
    match error.print() {
        // Help that cannot be written is no success.
        Err(cause) if !error.use_stderr() && cause.kind() != ErrorKind::BrokenPipe => {
            ExitCode::FAILURE
        }
        _ => ExitCode::from(error.exit_code() as u8),
    }
}
