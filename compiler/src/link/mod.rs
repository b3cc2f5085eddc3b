//! From the guest's objects and the embedded runtime to an executable, in memory.
//!
//! [libwild](https://docs.rs/libwild) does the linking, in this process: there is no temporary
//! file and no system linker. `filesystem` gives it files that exist in memory only,
//! `environment` keeps its environment variables away, `segments` saves a segment, and `verify` makes sure that what comes
//! out is what the runtime and the user's security rely on: a static position-independent
//! executable without writable code.

mod environment;
mod filesystem;
mod runtime_object;
mod segments;
mod verify;

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};

use libwild::Linker;
use rayon::{current_thread_index, scope};

use crate::error::Error;
use crate::target::Arch;

pub use environment::clear_linker_environment;
use filesystem::{Bytes, MemoryFileSystem};
pub use runtime_object::{RuntimeObject, remedy_for_runtime, runtime_object};

/// What to link.
#[derive(Debug)]
pub(crate) struct LinkRequest {
    /// The architecture of every object.
    pub arch: Arch,
    /// The guest's objects, in the order in which their sections are laid out.
    pub objects: Vec<Vec<u8>>,
    /// Whether the executable has a symbol table.
    pub symbols: Symbols,
}

/// Whether an executable has a symbol table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Symbols {
    /// It has one, for debuggers and profilers.
    Keep,
    /// It has none.
    Strip,
}

/// Why an executable could not be linked. Unless the environment or a missing runtime is to blame,
/// it is a bug of wasmc.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct LinkError {
    /// What is wrong.
    pub message: String,
    /// What to do about it, if something can be done.
    pub hint: Option<String>,
}

impl LinkError {
    fn new(message: impl Into<String>) -> LinkError {
        LinkError {
            message: message.into(),
            hint: None,
        }
    }
}

impl From<LinkError> for Error {
    fn from(error: LinkError) -> Error {
        Error::Link {
            message: error.message,
            hint: error.hint,
        }
    }
}

/// The name of the executable among the linker's files.
const OUTPUT: &str = "wasmc-output";

/// Links an executable: the guest's objects and the runtime's.
///
/// The same request gives the same bytes. The work is done in the rayon pool of the calling
/// thread, or in the global one when it belongs to none.
pub(crate) fn link(request: LinkRequest) -> Result<Vec<u8>, LinkError> {
    let arch = request.arch;
    environment::check()?;
    let runtime = runtime_object(arch).ok_or_else(|| runtime_object::missing(arch))?;

    // Guest code comes first, so that its section begins where its segment begins.
    let objects = request.objects.into_iter().map(Bytes::from);
    let inputs: Vec<_> = objects
        .chain([runtime.bytes.into()])
        .map(Arc::new)
        .collect();
    // Without relocations nothing has to be protected once they are done: a segment less to map.
    let mut executable = link_inputs(arch, &inputs, request.symbols, Relro::No)?;
    if verify::has_relocations(&executable) {
        executable = link_inputs(arch, &inputs, request.symbols, Relro::Yes)?;
    } else {
        segments::merge_dynamic(&mut executable);
        segments::forget_dynamic(&mut executable);
    }
    segments::align_zeros(&mut executable);
    // Beyond this point no byte changes: what is verified is what runs.
    verify::verify(&executable, arch)
        .map_err(|message| LinkError::new(format!("the linked executable is wrong: {message}")))?;
    Ok(executable)
}

/// Whether what relocations write is made read-only at start.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Relro {
    /// It is, by the runtime: it lies in a segment of its own.
    Yes,
    /// There is nothing that would have to be.
    No,
}

/// Links objects, in this order.
fn link_inputs(
    arch: Arch,
    inputs: &[Arc<Bytes>],
    symbols: Symbols,
    relro: Relro,
) -> Result<Vec<u8>, LinkError> {
    let mut arguments = Arguments::new(arch, symbols, relro);
    // The linker takes the same path only once: every name is distinct.
    let inputs: Vec<_> = inputs
        .iter()
        .enumerate()
        .map(|(index, bytes)| (format!("input{index}.o"), Arc::clone(bytes)))
        .collect();
    arguments
        .0
        .extend(inputs.iter().map(|(name, _)| name.clone()));
    in_pool(|| run(&arguments, MemoryFileSystem::new(inputs)))
}

/// The linker's command line.
struct Arguments(Vec<String>);

impl Arguments {
    fn new(arch: Arch, symbols: Symbols, relro: Relro) -> Arguments {
        // ELF by name: the default is the host's format.
        let mut arguments = vec!["wild", "-flavor", "gnu", "-m", arch.row().linker_emulation];
        arguments.extend([
            "-static",
            "-pie",
            "--no-dynamic-linker",
            // The guest's code was chosen by reachability already; this drops the runtime's
            // functions that no import and no main function refers to.
            "--gc-sections",
            "--build-id",
            "--eh-frame-hdr",
            "--no-identity-comment",
        ]);
        let relro = match relro {
            Relro::Yes => "relro",
            Relro::No => "norelro",
        };
        for option in [relro, "now", "pack-relative-relocs", "noexecstack"] {
            arguments.extend(["-z", option]);
        }
        if symbols == Symbols::Strip {
            arguments.push("-s");
        }
        arguments.extend(["-o", OUTPUT]);
        Arguments(arguments.into_iter().map(str::to_owned).collect())
    }
}

/// Runs an operation in a rayon pool: the linker makes an allocator for each thread of its pool.
fn in_pool<T: Send>(operation: impl FnOnce() -> T + Send) -> T {
    match current_thread_index() {
        Some(_) => operation(),
        None => scope(|_| operation()),
    }
}

/// Runs the linker; a warning fails the link, because an executable that may be wrong (that has no
/// entry point, say) is of no use.
fn run(arguments: &Arguments, file_system: MemoryFileSystem) -> Result<Vec<u8>, LinkError> {
    let get = || arguments.0.iter().map(String::as_str);

    let warnings = Arc::new(Mutex::new(Vec::new()));
    let mut args = libwild::Args::new(get).map_err(linker_error)?;
    let sink = Arc::clone(&warnings);
    args.on_warning(Box::new(move |warning| {
        let mut warnings = sink.lock().unwrap_or_else(PoisonError::into_inner);
        warnings.push(warning.warning().to_owned());
    }));
    args.parse(get).map_err(linker_error)?;

    let linker = Linker::with_file_system(file_system);
    linker.run(&args).map_err(linker_error)?;

    let mut warnings = warnings.lock().unwrap_or_else(PoisonError::into_inner);
    if !warnings.is_empty() {
        // They come from several threads, in any order.
        warnings.sort_unstable();
        return Err(LinkError::new(format!(
            "the linker warns: {}",
            warnings.join("; ")
        )));
    }
    linker
        .file_system()
        .take_output()
        .ok_or_else(|| LinkError::new("the linker made no executable"))
}

/// The linker's error with its chain of causes on one line.
#[expect(
    clippy::needless_pass_by_value,
    reason = "it is passed to `Result::map_err`"
)]
fn linker_error(error: libwild::error::Error) -> LinkError {
    let text = error.to_string();
    let parts: Vec<_> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && *line != "Caused by:")
        .collect();
    LinkError::new(format!("the linker failed: {}", parts.join(": ")))
}
