//! `wasmc image`: container images without an engine.

use crate::args::image::{ImageAction, ImageArgs};
use crate::report::{Failure, Report};

mod build;
mod destination;
mod engine;
mod materials;
mod pull;
mod push;
mod settings;

/// Does what the command line says.
pub fn execute(args: &ImageArgs, report: &Report) -> Result<(), Failure> {
    match &args.action {
        None => build::execute(&args.build, report),
        Some(ImageAction::Push(args)) => push::execute(args, report),
        Some(ImageAction::Pull(args)) => pull::execute(args, report),
    }
}
