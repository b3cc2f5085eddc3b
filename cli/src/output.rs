//! Where results go: standard output, or a file that appears whole or not at all.

use std::ffi::OsStr;
use std::fs::{self, File, Permissions};
use std::io::{self, IsTerminal as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use wasmc_compiler::Emit;

use crate::input::Input;
use crate::report::Failure;

/// Prints to standard output. A reader that went away is no failure.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(anyhow::Error::new(error)
            .context("failed to write to standard output")
            .into()),
        _ => Ok(()),
    }
}

/// Most characters of a cell that the others of its column are aligned with: a longer one only moves
/// what follows it.
const ALIGNED_MAX: usize = 48;

/// Aligns rows of cells in columns, each line behind `indent`.
pub fn table(rows: &[Vec<String>], indent: &str) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let cells = |column: usize| rows.iter().filter_map(move |row| row.get(column));
    let widths: Vec<_> = (0..columns)
        .map(|column| {
            cells(column)
                .map(|cell| cell.chars().count())
                .filter(|&len| len <= ALIGNED_MAX)
                .max()
                .unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for row in rows {
        let mut line = indent.to_owned();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(&format!("{cell:width$}  "));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Where an artifact goes.
#[derive(Debug)]
pub enum Destination {
    /// Standard output.
    Stdout,
    /// A device or pipe: written to as it is.
    Special(PathBuf),
    /// A file: replaced when the artifact is complete.
    File(PathBuf),
}

impl Destination {
    /// Decides by `-o`, the module's name and `--emit`, and fails early where writing would fail.
    pub fn choose(
        output: Option<&OsStr>,
        input: &Input,
        emit: Emit,
    ) -> Result<Destination, Failure> {
        let path = match output {
            Some(path) => PathBuf::from(path),
            None => default_path(input, emit)?,
        };
        Destination::named_beside(path.as_os_str(), input.identity(), emit)
    }

    /// The destination of this name, for what is made of no file.
    pub fn named(path: &OsStr, emit: Emit) -> Result<Destination, Failure> {
        Destination::named_beside(path, None, emit)
    }

    /// The destination of this name, which may not be the input: device and inode of a file.
    pub fn named_beside(
        path: &OsStr,
        input: Option<(u64, u64)>,
        emit: Emit,
    ) -> Result<Destination, Failure> {
        if path == "-" {
            return choose_stdout(emit);
        }
        let path = PathBuf::from(path);
        let shown = path.display();
        if path.as_os_str().as_bytes().ends_with(b"/") || path.is_dir() {
            return Err(anyhow::anyhow!("the output `{shown}` is a folder").into());
        }
        let Ok(metadata) = fs::metadata(&path) else {
            let folder = folder(&path);
            if !folder.is_dir() {
                let folder = folder.display();
                return Err(anyhow::anyhow!("there is no folder `{folder}`")
                    .context(format!("failed to write `{shown}`"))
                    .into());
            }
            return Ok(Destination::File(path));
        };
        if input == Some((metadata.dev(), metadata.ino())) {
            return Err(Failure::usage(format!("the output `{shown}` is the input"))
                .hint("pass `-o` with another name"));
        }
        let ty = metadata.file_type();
        if ty.is_char_device() || ty.is_block_device() || ty.is_fifo() || ty.is_socket() {
            return Ok(Destination::Special(path));
        }
        // Through a symbolic link, the file that it names is replaced rather than the link.
        let path = fs::canonicalize(&path).with_context(|| format!("failed to find `{shown}`"))?;
        Ok(Destination::File(path))
    }

    /// Writes the artifact.
    pub fn write(&self, bytes: &[u8], emit: Emit) -> Result<(), Failure> {
        let written = match self {
            Destination::Stdout => {
                let mut stdout = io::stdout().lock();
                stdout.write_all(bytes).and_then(|()| stdout.flush())
            }
            Destination::Special(path) => File::options()
                .write(true)
                .open(path)
                .and_then(|mut file| file.write_all(bytes)),
            Destination::File(path) => replace(path, bytes, mode(emit)),
        };
        written.with_context(|| format!("failed to write {self}"))?;
        Ok(())
    }
}

impl Destination {
    /// Writes what a function writes, such as a large archive: a file is replaced when the function
    /// has succeeded.
    pub fn write_with(
        &self,
        write: impl FnOnce(&mut dyn io::Write) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let failed = || format!("failed to write {self}");
        match self {
            Destination::Stdout => write(&mut io::stdout().lock()),
            Destination::Special(path) => {
                let file = File::options().write(true).open(path);
                write(&mut file.with_context(failed)?)
            }
            Destination::File(path) => {
                let mut file = temporary(path, mode(Emit::Obj)).with_context(failed)?;
                write(file.as_file_mut())?;
                let persisted = file.persist(path).map_err(|error| error.error);
                persisted.with_context(failed)?;
                Ok(())
            }
        }
    }
}

impl std::fmt::Display for Destination {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Destination::Stdout => f.write_str("to standard output"),
            Destination::Special(path) | Destination::File(path) => {
                write!(f, "`{}`", path.display())
            }
        }
    }
}

/// Puts a file in place in one step: a reader sees the old file, or the whole new one. The mode is
/// subject to the umask.
pub fn replace(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut file = temporary(path, mode)?;
    file.write_all(bytes)?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// A file beside `path`, to take its place.
fn temporary(path: &Path, mode: u32) -> io::Result<tempfile::NamedTempFile> {
    tempfile::Builder::new()
        .prefix(".wasmc-")
        .permissions(Permissions::from_mode(mode))
        .tempfile_in(folder(path))
        // The error itself would name the temporary file, which is nobody's concern.
        .map_err(|error| io::Error::from(error.kind()))
}

fn choose_stdout(emit: Emit) -> Result<Destination, Failure> {
    let binary = matches!(emit, Emit::Exe | Emit::Obj);
    if binary && io::stdout().is_terminal() {
        return Err(
            Failure::usage("refusing to write binary data to a terminal".to_owned())
                .hint("redirect standard output, or pass `-o FILE`"),
        );
    }
    Ok(Destination::Stdout)
}

/// `dir/app.wasm` becomes `app`, in the current folder as with other compilers.
fn default_path(input: &Input, emit: Emit) -> Result<PathBuf, Failure> {
    let Some(path) = input.path() else {
        return Err(
            Failure::usage("a module from standard input has no name".to_owned())
                .hint("pass `-o FILE`, or `-o -` for standard output"),
        );
    };
    let has_extension = path
        .extension()
        .is_some_and(|extension| extension == "wasm" || extension == "wat");
    let (true, Some(stem)) = (has_extension, path.file_stem()) else {
        return Err(Failure::usage(format!(
            "no name for the output: `{}` ends neither in .wasm nor in .wat",
            path.display()
        ))
        .hint("pass `-o FILE`"));
    };
    let mut name = stem.to_owned();
    name.push(match emit {
        Emit::Exe => "",
        Emit::Obj => ".o",
        Emit::Clif | Emit::OptimisedClif => ".clif",
        Emit::Asm => ".s",
        other => unreachable!("`--emit` makes no {other:?}"),
    });
    Ok(PathBuf::from(name))
}

/// The folder that a file is in.
pub fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

fn mode(emit: Emit) -> u32 {
    match emit {
        Emit::Exe => 0o755,
        _ => 0o644,
    }
}
