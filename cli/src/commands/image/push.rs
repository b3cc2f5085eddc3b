//! `wasmc image push`: an archive, a layout or a module to a registry.

use std::fs;
use std::io::{Cursor, Read};
use std::path::Path;

use anyhow::Context as _;
use serde_json::json;
use wasmc_image::blob::media;
use wasmc_image::module::artifact;
use wasmc_image::store::Store;
use wasmc_image::unpack::is_tar;
use wasmc_image::{Blob, Descriptor, Digest, Error, Reference};

use crate::args::Format;
use crate::args::image::PushArgs;
use crate::environment;
use crate::input::Input;
use crate::output;
use crate::registry::with_client;
use crate::report::{Failure, Report};

/// Where what is pushed comes from.
pub enum Pushed<'a> {
    /// A file or folder.
    Store(&'a Store),
    /// Memory; the first blob is the root.
    Blobs(Vec<&'a Blob>),
}

impl Pushed<'_> {
    fn root(&self) -> wasmc_image::Result<Descriptor> {
        match self {
            Pushed::Store(store) => store.root(),
            Pushed::Blobs(blobs) => Ok(blobs[0].descriptor()),
        }
    }

    fn read(&self, descriptor: &Descriptor) -> wasmc_image::Result<Box<dyn Read>> {
        match self {
            Pushed::Store(store) => store.stream(descriptor),
            Pushed::Blobs(blobs) => {
                let blob = blobs.iter().find(|blob| blob.digest == descriptor.digest);
                let blob = blob.ok_or_else(|| {
                    Error::Missing(format!("the image lacks the blob {}", descriptor.digest))
                })?;
                Ok(Box::new(Cursor::new(blob.bytes.clone())))
            }
        }
    }
}

/// Pushes what the command line says and prints its digest.
pub fn execute(args: &PushArgs, report: &Report) -> Result<(), Failure> {
    let sbom = args.sbom.as_ref().map(|path| {
        let bytes = fs::read(path).with_context(|| format!("failed to read `{}`", path.display()));
        bytes.map(|bytes| Blob::new(media::CYCLONEDX, bytes))
    });
    let sbom = sbom.transpose()?;
    let path = Path::new(&args.image);
    let digest = if path.is_dir() {
        let store = Store::open(path)?;
        push(
            &Pushed::Store(&store),
            &args.name,
            sbom.as_ref(),
            args.plain_http,
            report,
        )?
    } else {
        let mut input = Input::read(&args.image)?;
        if is_tar(input.raw()) && args.image != "-" {
            let store = Store::open(path)?;
            push(
                &Pushed::Store(&store),
                &args.name,
                sbom.as_ref(),
                args.plain_http,
                report,
            )?
        } else {
            let time = environment::source_date_epoch().map_err(Failure::usage)?;
            let name = format!("{}.wasm", args.name.short_name());
            let parts = artifact(input.module()?.to_vec(), &name, time)?;
            let pushed = Pushed::Blobs(parts.iter().collect());
            push(&pushed, &args.name, sbom.as_ref(), args.plain_http, report)?
        }
    };
    output::print(&match args.format {
        Format::Human => format!("{digest}\n"),
        Format::Json => {
            let value = json!({ "digest": digest.to_string(), "name": args.name.to_string() });
            format!("{value:#}\n")
        }
    })
}

/// Pushes an image and attaches a bill of materials; the image's digest.
pub fn push(
    pushed: &Pushed<'_>,
    name: &Reference,
    sbom: Option<&Blob>,
    plain_http: bool,
    report: &Report,
) -> Result<Digest, Failure> {
    let work = with_client(name, plain_http, report, "pushing", |client| {
        let root = pushed.root()?;
        client.push(&root, &|descriptor| pushed.read(descriptor))?;
        if let Some(sbom) = sbom {
            client.attach(&root, sbom)?;
        }
        Ok(root.digest)
    });
    work.map_err(|failure| failure.context(format!("failed to push `{name}`")))
}
