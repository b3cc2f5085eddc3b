//! The executables that `wasmc run` keeps: which file is whose, and when it goes.
//!
//! A file's name is a hash of all that decides its content. Files appear whole; the oldest go when
//! all together have more than [`MAX_BYTES`]. Any process may do so at any time.

use std::fmt::Write as _;
use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Context as _;
use sha2::{Digest as _, Sha256};
use wasmc_compiler::link::runtime_object;
use wasmc_compiler::{Cpu, Options};

use crate::environment;
use crate::input::Input;
use crate::output;

/// Most bytes that are kept.
const MAX_BYTES: u64 = 1 << 30;

/// The name of a cached executable.
#[derive(Debug)]
pub struct Key(String);

impl Key {
    /// The key of what this wasmc makes of the module (binary or text) with these options, and of
    /// the modules that satisfy its imports by their names.
    pub fn new(module: &[u8], links: &[(String, Input)], options: &Options) -> Key {
        let mut hash = Sha256::new();
        let mut part = |bytes: &[u8]| {
            // Lengths keep the parts apart.
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        };
        part(module);
        for (name, link) in links {
            part(name.as_bytes());
            part(link.raw());
        }
        part(env!("CARGO_PKG_VERSION").as_bytes());
        part(this_wasmc().as_bytes());
        let runtime = runtime_object(options.target.arch);
        part(runtime.map_or("", |runtime| runtime.sha256).as_bytes());
        part(format!("{options:?}").as_bytes());
        if options.target.cpu == Cpu::Native {
            part(processor().as_bytes());
        }
        let mut name = String::new();
        for byte in hash.finalize() {
            write!(name, "{byte:02x}").expect("a String takes all");
        }
        Key(name)
    }
}

/// The folder of cached executables.
#[derive(Debug)]
pub struct Cache(PathBuf);

impl Cache {
    /// The user's cache; `None` when the environment names no place for it.
    pub fn open() -> Option<Cache> {
        environment::cache_folder().map(Cache)
    }

    /// The executable of this key, which then counts as just used.
    pub fn find(&self, key: &Key) -> Option<PathBuf> {
        let path = self.0.join(&key.0);
        let file = File::open(&path).ok()?;
        if file.metadata().ok()?.len() == 0 {
            return None;
        }
        // Only the order of pruning depends on it.
        let _ = file.set_modified(SystemTime::now());
        Some(path)
    }

    /// Keeps an executable.
    pub fn insert(&self, key: &Key, executable: &[u8]) -> anyhow::Result<PathBuf> {
        let folder = &self.0;
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .with_context(|| format!("failed to create `{}`", folder.display()))?;
        let path = folder.join(&key.0);
        output::replace(&path, executable, 0o700)
            .with_context(|| format!("failed to write `{}`", path.display()))?;
        prune(folder, &path, MAX_BYTES);
        Ok(path)
    }
}

/// Removes the least recently used files, `keep` excepted, until no more than `max` bytes are
/// left. What cannot be removed stays.
fn prune(folder: &Path, keep: &Path, max: u64) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    let mut files: Vec<_> = entries
        .flatten()
        .filter_map(|entry| {
            let metadata = entry
                .metadata()
                .ok()
                .filter(|metadata| metadata.is_file())?;
            Some((metadata.modified().ok()?, metadata.len(), entry.path()))
        })
        .collect();
    files.sort();
    let mut total: u64 = files.iter().map(|&(_, len, _)| len).sum();
    for (_, len, path) in files {
        if total <= max {
            break;
        }
        if path != keep && fs::remove_file(path).is_ok() {
            total -= len;
        }
    }
}

/// Tells one build of wasmc from another of the same version.
fn this_wasmc() -> String {
    let metadata = std::env::current_exe().and_then(fs::metadata);
    metadata.map_or(String::new(), |metadata| {
        format!(
            "{} {}.{}",
            metadata.len(),
            metadata.mtime(),
            metadata.mtime_nsec()
        )
    })
}

/// Tells processors apart: a home folder may be shared by several machines.
fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let lines = text.lines().filter(|line| {
        ["model name", "flags", "Features"]
            .iter()
            .any(|field| line.starts_with(field))
    });
    lines.take(2).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_are_pruned() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, age: u64| {
            let path = folder.path().join(name);
            fs::write(&path, [0; 10]).unwrap();
            let time = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1000 - age);
            File::open(&path).unwrap().set_modified(time).unwrap();
            path
        };
        let (new, old, older) = (write("new", 1), write("old", 2), write("older", 3));
        prune(folder.path(), &older, 20);
        assert!(new.exists() && !old.exists() && older.exists());
        prune(folder.path(), &older, 20);
        assert!(new.exists());
    }

    #[test]
    fn the_key_depends_on_module_and_options() {
        let options = Options::default();
        let key = |module: &[u8], options: &Options| Key::new(module, &[], options).0;
        assert_eq!(key(b"a", &options), key(b"a", &options));
        assert_ne!(key(b"a", &options), key(b"b", &options));
        let checked = Options {
            bounds_checks: true,
            ..options.clone()
        };
        assert_ne!(key(b"a", &options), key(b"a", &checked));
    }
}
