//! `wasmc image`: container images without an engine.

use crate::args::image::ImageArgs;
use crate::report::{Failure, Report};

mod build;
mod destination;
mod engine;
mod settings;

/// Does what the command line says.
pub fn execute(args: &ImageArgs, report: &Report) -> Result<(), Failure> {
    build::execute(&args.build, report)
}
