//! `wasmc image pull`: an image into an archive or a layout, or the module in it into a file.

use std::ffi::OsString;
use std::path::Path;

use anyhow::Context as _;
use serde_json::json;
use wasmc_compiler::Emit;
use wasmc_image::Digest;
use wasmc_image::archive::pack_layout;
use wasmc_image::module::{self, Source};

use crate::args::Format;
use crate::args::image::PullArgs;
use crate::commands::image::build::host_architecture;
use crate::commands::image::destination::ImageDestination;
use crate::output::{self, Destination};
use crate::registry::with_client;
use crate::report::{Failure, Report};

/// Pulls what the command line says and prints its digest.
pub fn execute(args: &PullArgs, report: &Report) -> Result<(), Failure> {
    let path = args
        .output
        .clone()
        .unwrap_or_else(|| OsString::from(format!("{}.tar", args.name.short_name())));
    let is_module = Path::new(&path)
        .extension()
        .is_some_and(|extension| extension == "wasm");
    let digest = match is_module {
        true => pull_module(args, &path, report)?,
        false => pull_image(args, &path, report)?,
    };
    if path == "-" {
        return Ok(());
    }
    output::print(&match args.format {
        Format::Human => format!("{digest}\n"),
        Format::Json => {
            let value = json!({ "digest": digest.to_string(), "name": args.name.to_string() });
            format!("{value:#}\n")
        }
    })
}

/// The digest is the module's own.
fn pull_module(args: &PullArgs, path: &OsString, report: &Report) -> Result<Digest, Failure> {
    let destination = Destination::named(path, Emit::Obj)?;
    let found = with_client(&args.name, args.plain_http, report, "pulling", |client| {
        module::find(&Source::Registry(client))
    });
    let found = found.map_err(|failure| failure.context(failed(args)))?;
    destination.write(&found.module, Emit::Obj)?;
    Ok(Digest::of(&found.module))
}

fn pull_image(args: &PullArgs, path: &OsString, report: &Report) -> Result<Digest, Failure> {
    let destination = ImageDestination::named(path)?;
    // All blobs are verified before anything is where the user looks.
    let temporary = tempfile::tempdir().context("failed to create a temporary folder")?;
    let pull_to = |folder: &Path| {
        with_client(&args.name, args.plain_http, report, "pulling", |client| {
            client.pull(folder)
        })
        .map_err(|failure| failure.context(failed(args)))
    };
    if let ImageDestination::Layout(_) = &destination {
        let mut digest = None;
        destination.write_layout_with(|folder| {
            digest = Some(pull_to(folder)?.descriptor.digest);
            Ok(())
        })?;
        return Ok(digest.expect("the layout was written"));
    }
    let root = pull_to(temporary.path())?;
    let names: Vec<_> = args
        .name
        .tag()
        .map(|_| args.name.clone())
        .into_iter()
        .collect();
    destination.write(
        |out| pack_layout(temporary.path(), &names, host_architecture(), out),
        |_| unreachable!("it is an archive"),
    )?;
    Ok(root.descriptor.digest)
}

fn failed(args: &PullArgs) -> String {
    format!("failed to pull `{}`", args.name)
}
