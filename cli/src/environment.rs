//! Every environment variable that `wasmc` reads or sets.
//!
//! | variable | meaning |
//! |---|---|
//! | `WASMC_OPTIONS` | options of compiled programs; `wasmc run` adds its grants to those given |
//! | `XDG_CACHE_HOME`, `HOME` | where `wasmc run` keeps what it compiled |
//! | `PATH` | where `wasmc bench` looks for engines |
//! | `SOURCE_DATE_EPOCH` | the time of images, in seconds since 1970; 0 by default |
//! | `REGISTRY_AUTH_FILE`, `XDG_RUNTIME_DIR`, `XDG_CONFIG_HOME`, `DOCKER_CONFIG` | where credentials for registries are |
//! | `SSL_CERT_FILE` | certificates of authorities for registries, instead of those built in |
//! | `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY` | the proxy on the way to registries |
//! | `WASMC_LOG` | what of the log is shown, as `env_logger` reads it: `debug`, `wasmc::plan=trace` |
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

/// The name of the variable that says what of the log is shown.
pub const LOG_VARIABLE: &str = "WASMC_LOG";

/// What [`LOG_VARIABLE`] says, if it says anything.
pub fn log_filter() -> Option<String> {
    let filter = env::var_os(LOG_VARIABLE)?;
    Some(filter.to_string_lossy().into_owned()).filter(|filter| !filter.is_empty())
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

/// Files that may have credentials for registries, in the order in which podman and then Docker
/// look at them.
pub fn auth_files() -> Vec<PathBuf> {
    let variable = |name| env::var_os(name).filter(|value| !value.is_empty());
    if let Some(file) = variable("REGISTRY_AUTH_FILE") {
        return vec![PathBuf::from(file)];
    }
    let folder = |name| variable(name).map(PathBuf::from);
    let user = rustix::process::getuid().as_raw();
    let runtime = folder("XDG_RUNTIME_DIR").unwrap_or_else(|| format!("/run/user/{user}").into());
    let home = folder("HOME");
    let in_home = |name: &str| home.as_ref().map(|home| home.join(name));
    let config = folder("XDG_CONFIG_HOME").or_else(|| in_home(".config"));
    let docker = folder("DOCKER_CONFIG").or_else(|| in_home(".docker"));
    let mut files = vec![
        runtime.join("containers/auth.json"),
        PathBuf::from(format!("/run/containers/{user}/auth.json")),
    ];
    files.extend(config.map(|folder| folder.join("containers/auth.json")));
    files.extend(docker.map(|folder| folder.join("config.json")));
    files
}

/// A file of certificates of authorities that registries are trusted by.
pub fn certificates() -> Option<PathBuf> {
    let file = env::var_os("SSL_CERT_FILE").filter(|file| !file.is_empty());
    file.map(PathBuf::from)
}

/// The time of what is built, in seconds since 1970, see
/// <https://reproducible-builds.org/specs/source-date-epoch/>.
pub fn source_date_epoch() -> Result<u64, String> {
    match env::var_os("SOURCE_DATE_EPOCH") {
        None => Ok(0),
        Some(value) => value
            .to_str()
            .and_then(|value| value.parse().ok())
            .ok_or_else(|| "SOURCE_DATE_EPOCH is not a number of seconds".to_owned()),
    }
}

/// Whether the user wants no colors, see <https://no-color.org>.
pub fn no_color() -> bool {
    env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
        || env::var_os("TERM").is_some_and(|value| value == "dumb")
}
