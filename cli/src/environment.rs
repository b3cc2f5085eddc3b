//! Every environment variable that `wasmc` reads or sets.
//!
//! | variable | meaning |
//! |---|---|
//! | `WASMC_OPTIONS` | options of compiled programs; `wasmc run` adds its grants to those given |
//! | `XDG_CACHE_HOME`, `HOME` | where `wasmc run` keeps what it compiled |
//! | `PATH` | where `wasmc bench` looks for engines |
//! | `NO_COLOR`, `TERM` | no colors when the one is not empty or the other is `dumb` |

use std::env;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::PathBuf;

use wasmc_abi::options;

/// The name of the variable that gives a compiled program options at start.
pub fn options_variable() -> &'static str {
    str::from_utf8(options::VARIABLE).expect("the variable's name is ASCII")
}

/// The value of [`options_variable`] for a program that gets `words` on top of the user's own
/// options; `None` when it gets none at all.
pub fn options_value(words: &[OsString]) -> Option<OsString> {
    let own = env::var_os(options_variable());
    if words.is_empty() {
        return own;
    }
    let mut value = own.unwrap_or_default().into_vec();
    for word in words {
        if !value.is_empty() {
            value.push(b' ');
        }
        options::encode_word(word.as_bytes(), |byte| value.push(byte));
    }
    Some(OsString::from_vec(value))
}

/// The folder for cached programs; `None` when the environment names no home.
pub fn cache_folder() -> Option<PathBuf> {
    // The XDG base directory specification: relative paths are invalid and to be ignored.
    let absolute = |name| {
        env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let caches = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")))?;
    Some(caches.join("wasmc"))
}

/// The folders in which executables are looked for.
pub fn search_path() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).collect()
}

/// Whether the user wants no colors, see <https://no-color.org>.
pub fn no_color() -> bool {
    env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
        || env::var_os("TERM").is_some_and(|value| value == "dumb")
}
