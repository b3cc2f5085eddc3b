//! `wasmc completions` and `wasmc man`: made from clap's definition of the command line.

use anyhow::Context as _;
use clap::CommandFactory as _;

use crate::args::{Cli, CompletionsArgs, ManArgs};
use crate::output;
use crate::report::Failure;

/// Prints a shell's completion script.
pub fn completions(args: &CompletionsArgs) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "wasmc", &mut script);
    output::print(&String::from_utf8_lossy(&script))
}

/// Prints a manual page.
pub fn man(args: &ManArgs) -> Result<(), Failure> {
    let mut command = Cli::command();
    command.build();
    let described = match &args.command {
        None => &command,
        Some(name) => command.find_subcommand(name).ok_or_else(|| {
            Failure::usage(format!("no command is named `{name}`"))
                .hint("`wasmc --help` lists the commands")
        })?,
    };
    let name = match &args.command {
        None => "wasmc".to_owned(),
        Some(name) => format!("wasmc-{name}"),
    };
    let mut page = Vec::new();
    clap_mangen::Man::new(described.clone())
        .title(name)
        .render(&mut page)
        .context("failed to write the manual page")?;
    output::print(&String::from_utf8_lossy(&page))
}
