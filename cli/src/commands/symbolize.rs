//! `wasmc symbolize`: what the offsets of a backtrace mean in the source.

use std::fmt::Write as _;
use std::io::Read as _;

use anyhow::Context as _;
use wasmc_compiler::symbolize::Symbolizer;

use crate::args::SymbolizeArgs;
use crate::input::Input;
use crate::output;
use crate::report::{Failure, Report};

/// Most bytes of a backtrace that are read.
const MAX_BYTES: u64 = 64 << 20;

/// Prints a backtrace with functions, files and lines.
pub fn execute(args: &SymbolizeArgs, report: &Report) -> Result<(), Failure> {
    if args.module == "-" && args.offsets.is_empty() {
        return Err(Failure::usage(
            "standard input cannot be both the module and the backtrace".to_owned(),
        ));
    }
    let mut input = Input::open(&args.module, false, report)?;
    let title = format!("failed to read `{}`", input.name());
    let external = input.external_debug()?;
    let symbolizer = Symbolizer::new(input.module()?, external.as_deref())
        .map_err(|error| Failure::compiler(title, &error))?;
    // Where it says nothing of lines, the user learns why.
    let print = |text: &str, described: bool| {
        if described {
            report.warnings(&symbolizer.warning);
        }
        output::print(text)
    };
    if !args.offsets.is_empty() {
        let mut text = String::new();
        let mut found = false;
        for (number, &offset) in args.offsets.iter().enumerate() {
            let described = symbolizer.describe(offset, None);
            found |= described.is_some();
            let described = described.unwrap_or_else(|| "<no function>".to_owned());
            writeln!(text, "{number:>5}: {offset:#x} - {described}").expect("a String takes all");
        }
        return print(&text, found);
    }
    let mut trace = Vec::new();
    std::io::stdin()
        .take(MAX_BYTES)
        .read_to_end(&mut trace)
        .context("failed to read the backtrace from standard input")?;
    let trace = String::from_utf8_lossy(&trace);
    let rewritten = symbolizer.rewrite(&trace);
    print(&rewritten, rewritten.contains(" - "))
}
