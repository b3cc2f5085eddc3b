//! Where an image goes on this machine: an archive, a folder in the OCI layout, standard output.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use wasmc_compiler::Emit;
use wasmc_image::archive::start_layout;

use crate::input::Input;
use crate::output::{self, Destination};
use crate::report::Failure;

/// Where an image goes.
#[derive(Debug)]
pub enum ImageDestination {
    /// An archive on standard output.
    Stdout,
    /// An archive.
    Archive(Destination),
    /// A folder in the OCI layout: new, empty, or a layout already.
    Layout(PathBuf),
}

impl ImageDestination {
    /// Decides by `-o`; without it, an archive is named like the module unless the image goes
    /// `elsewhere`.
    pub fn choose(
        output: Option<&OsStr>,
        input: &Input,
        elsewhere: bool,
    ) -> Result<Option<ImageDestination>, Failure> {
        let path = match output {
            Some(path) => path.to_owned(),
            None if elsewhere => return Ok(None),
            None => {
                let stem = input.path().and_then(Path::file_stem).ok_or_else(|| {
                    Failure::usage("a module from standard input has no name".to_owned())
                        .hint("pass `-o FILE`, or `-o -` for standard output")
                })?;
                let mut name = stem.to_owned();
                name.push(".tar");
                name
            }
        };
        ImageDestination::check(&path, input.identity()).map(Some)
    }

    /// The destination of this name.
    pub fn named(path: &OsStr) -> Result<ImageDestination, Failure> {
        ImageDestination::check(path, None)
    }

    fn check(path: &OsStr, input: Option<(u64, u64)>) -> Result<ImageDestination, Failure> {
        if path.as_bytes().ends_with(b"/") || Path::new(&path).is_dir() {
            return choose_layout(PathBuf::from(path));
        }
        let is_tar = Path::new(&path)
            .extension()
            .is_some_and(|extension| extension == "tar");
        if path != "-" && !is_tar && !path.as_bytes().starts_with(b"/dev/") {
            let shown = Path::new(&path).display();
            return Err(
                Failure::usage(format!("`{shown}` names neither an archive nor a folder"))
                    .hint(format!("pass `-o {shown}.tar` or `-o {shown}/`")),
            );
        }
        let destination = Destination::named_beside(path, input, Emit::Obj)?;
        Ok(match destination {
            Destination::Stdout => ImageDestination::Stdout,
            destination => ImageDestination::Archive(destination),
        })
    }

    /// Writes the image by the function that fits.
    pub fn write(
        &self,
        archive: impl FnOnce(&mut dyn Write) -> wasmc_image::Result<()>,
        layout: impl FnOnce(&Path) -> wasmc_image::Result<()>,
    ) -> Result<(), Failure> {
        match self {
            ImageDestination::Layout(folder) => write_layout(folder, |folder| {
                start_layout(folder)?;
                Ok(layout(folder)?)
            }),
            ImageDestination::Stdout => {
                let stdout = Destination::Stdout;
                stdout.write_with(|out| Ok(archive(out)?))
            }
            ImageDestination::Archive(destination) => {
                destination.write_with(|out| Ok(archive(out)?))
            }
        }
    }
}

impl ImageDestination {
    /// Lets a function write a layout, for what comes from elsewhere.
    pub fn write_layout_with(
        &self,
        write: impl FnOnce(&Path) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        match self {
            ImageDestination::Layout(folder) => write_layout(folder, write),
            ImageDestination::Stdout | ImageDestination::Archive(_) => {
                unreachable!("only layouts are written like this")
            }
        }
    }
}

fn choose_layout(path: PathBuf) -> Result<ImageDestination, Failure> {
    let shown = path.display();
    let entries = match fs::read_dir(&path) {
        Ok(mut entries) => entries.next().is_some(),
        Err(_) if !path.exists() => false,
        Err(error) => {
            return Err(anyhow::Error::new(error)
                .context(format!("failed to read `{shown}`"))
                .into());
        }
    };
    if entries && !path.join("oci-layout").is_file() {
        return Err(
            anyhow::anyhow!("the folder `{shown}` is neither empty nor an OCI layout").into(),
        );
    }
    Ok(ImageDestination::Layout(path))
}

/// A new layout appears whole. In one that is there, `index.json` is replaced when all that it
/// refers to is in place.
fn write_layout(
    folder: &Path,
    write: impl FnOnce(&Path) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let failed = || format!("failed to write `{}`", folder.display());
    if folder.exists() {
        return write(folder);
    }
    let parent = output::folder(folder);
    let temporary = tempfile::Builder::new()
        .prefix(".wasmc-")
        .tempdir_in(parent)
        .map_err(|error| std::io::Error::from(error.kind()))
        .with_context(failed)?;
    let layout = temporary.path().join("layout");
    write(&layout)?;
    fs::rename(&layout, folder).with_context(failed)?;
    Ok(())
}
