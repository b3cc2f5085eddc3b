//! Arguments and environment.

use super::errno::Errno;
use super::{Strings, Wasi};
use crate::guest::pointer::GuestMemory;
use crate::options::{kinds, run_options};
use core::ffi::CStr;
use wasmc_abi::options::{RunOption, VARIABLE};

/// Writes the arguments, NUL-terminated, to `argv_buf`, and where each begins to `argv`.
pub fn args_get(
    wasi: &Wasi,
    memory: &GuestMemory<'_>,
    argv: u32,
    argv_buf: u32,
) -> Result<(), Errno> {
    write_strings(memory, argv, argv_buf, wasi.args.iter())
}

/// Writes the number of arguments and their size.
pub fn args_sizes_get(
    wasi: &Wasi,
    memory: &GuestMemory<'_>,
    argc: u32,
    argv_buf_size: u32,
) -> Result<(), Errno> {
    write_sizes(memory, argc, argv_buf_size, wasi.args.iter())
}

/// Writes the variables (`NAME=VALUE`), NUL-terminated, to `environ_buf`, and where each begins to
/// `environ`.
pub fn environ_get(
    wasi: &Wasi,
    memory: &GuestMemory<'_>,
    environ: u32,
    environ_buf: u32,
) -> Result<(), Errno> {
    let variables = variables(run_options(kinds::ENVIRONMENT), wasi.environment.iter());
    write_strings(memory, environ, environ_buf, variables)
}

/// Writes the number of variables and their size.
pub fn environ_sizes_get(
    wasi: &Wasi,
    memory: &GuestMemory<'_>,
    environc: u32,
    environ_buf_size: u32,
) -> Result<(), Errno> {
    let variables = variables(run_options(kinds::ENVIRONMENT), wasi.environment.iter());
    write_sizes(memory, environc, environ_buf_size, variables)
}

/// A string: its parts, one after the other.
type Parts = [&'static [u8]; 3];

impl Strings {
    fn iter(&self) -> impl Iterator<Item = Parts> + Clone + use<> {
        self.get().iter().map(|&string| {
            // SAFETY: the kernel has made these strings, and nothing writes to them.
            let string = unsafe { CStr::from_ptr(string) };
            [string.to_bytes(), b"", b""]
        })
    }
}

/// The guest's environment: what the options set or pass on, the last option for a name, and the
/// rest of the host's when they say so. The variable with the options is not passed on.
pub fn variables(
    options: impl Iterator<Item = RunOption<'static>> + Clone,
    host: impl Iterator<Item = Parts> + Clone,
) -> impl Iterator<Item = Parts> {
    let inherit = options
        .clone()
        .any(|option| option == RunOption::InheritEnv);
    let named = options.filter_map(|option| match option {
        RunOption::Env { name, value } => Some((name, value)),
        _ => None,
    });
    let is_set = {
        let named = named.clone();
        move |name: &[u8]| named.clone().any(|(other, _)| other == name)
    };
    let inherited = host.clone().filter(move |[word, ..]| {
        let name = word.split(|&byte| byte == b'=').next().unwrap_or_default();
        inherit && name != VARIABLE && !is_set(name)
    });
    let mut rest = named;
    let set = core::iter::from_fn(move || {
        loop {
            let (name, value) = rest.next()?;
            if name == VARIABLE || rest.clone().any(|(later, _)| later == name) {
                continue;
            }
            if let Some(value) = value {
                return Some([name, b"=", value]);
            }
            let passed_on = host.clone().find(|[word, ..]| {
                word.strip_prefix(name)
                    .is_some_and(|rest| rest.starts_with(b"="))
            });
            if passed_on.is_some() {
                return passed_on;
            }
        }
    });
    set.chain(inherited)
}

pub(super) fn write_strings(
    memory: &GuestMemory<'_>,
    pointers: u32,
    buffer: u32,
    strings: impl Iterator<Item = Parts>,
) -> Result<(), Errno> {
    let mut pointer = pointers;
    let mut at = buffer;
    for string in strings {
        memory.ptr::<u32>(pointer)?.write(at);
        pointer = pointer.checked_add(4).ok_or(Errno::FAULT)?;
        for part in string.into_iter().chain([&b"\0"[..]]) {
            let len = u32::try_from(part.len()).map_err(|_| Errno::OVERFLOW)?;
            memory.slice(at, len)?.copy_from(part);
            at = at.checked_add(len).ok_or(Errno::FAULT)?;
        }
    }
    Ok(())
}

pub(super) fn write_sizes(
    memory: &GuestMemory<'_>,
    count: u32,
    size: u32,
    strings: impl Iterator<Item = Parts>,
) -> Result<(), Errno> {
    let mut number = 0;
    let mut bytes = 0;
    for string in strings {
        number += 1;
        bytes += string.iter().map(|part| part.len()).sum::<usize>() + 1;
    }
    let bytes = u32::try_from(bytes).map_err(|_| Errno::OVERFLOW)?;
    memory.ptr::<u32>(count)?.write(number);
    memory.ptr::<u32>(size)?.write(bytes);
    Ok(())
}
