//! The executables that `wasmc run` keeps: which file is whose, and when it goes.
//!
//! A file's name is a hash of all that decides its content. Files appear whole; the oldest go when
//! all together have more than [`MAX_BYTES`]. Any process may do so at any time.
//!
//! Security: what is found is about to run with the user's rights. Only a regular file counts that
//! this user owns and nobody else may write, and whose content is what was put there: behind the
//! executable a file has a seal.
//!
//! ```text
//! executable | SHA-256 of key, length and executable | length: u64 | mark
//! ```
//!
//! Whatever else lies there is made anew.

use std::fmt::Write as _;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::Read as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Context as _;
use rustix::fs::OFlags;
use rustix::process::geteuid;
use sha2::{Digest as _, Sha256};
use wasmc_compiler::{Cpu, Options, runtime_object};

use crate::environment;
use crate::input::Input;
use crate::output;

/// Most bytes that are kept.
const MAX_BYTES: u64 = 1 << 30;
/// What a cached file ends with.
const MARK: &[u8; 8] = b"wasmc\0\0\x01";
/// Bytes of a seal.
const SEAL: usize = 32 + 8 + MARK.len();

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

    /// The path of this key's file.
    pub fn path(&self, key: &Key) -> PathBuf {
        self.0.join(&key.0)
    }

    /// The executable of this key, which then counts as just used.
    pub fn find(&self, key: &Key) -> Option<File> {
        let file = open_own(&self.path(key))?;
        if !is_sealed(&file, key)? {
            return None;
        }
        // Only the order of pruning depends on it.
        let _ = file.set_modified(SystemTime::now());
        Some(file)
    }

    /// Keeps an executable: the file.
    pub fn insert(&self, key: &Key, executable: &[u8]) -> anyhow::Result<File> {
        let folder = &self.0;
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .with_context(|| format!("failed to create `{}`", folder.display()))?;
        let path = self.path(key);
        let failed = || format!("failed to write `{}`", path.display());
        let mut bytes = executable.to_vec();
        bytes.extend(seal(key, executable));
        output::replace(&path, &bytes, 0o700).with_context(failed)?;
        prune(folder, &path, MAX_BYTES);
        open_own(&path).with_context(failed)
    }
}

/// Opens a regular file of this user's that nobody else may write.
fn open_own(path: &Path) -> Option<File> {
    // Neither through a link nor waiting for the other end of a FIFO.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits() as i32)
        .open(path)
        .ok()?;
    let metadata = file.metadata().ok()?;
    let is_ours = metadata.is_file()
        && metadata.uid() == geteuid().as_raw()
        && metadata.mode() & 0o022 == 0
        && metadata.mode() & 0o100 != 0;
    is_ours.then_some(file)
}

/// What a file of this key ends with.
fn seal(key: &Key, executable: &[u8]) -> [u8; SEAL] {
    let len = (executable.len() as u64).to_le_bytes();
    let mut hash = Sha256::new();
    hash.update(&key.0);
    hash.update(len);
    hash.update(executable);
    let mut seal = [0; SEAL];
    seal[..32].copy_from_slice(&hash.finalize());
    seal[32..40].copy_from_slice(&len);
    seal[40..].copy_from_slice(MARK);
    seal
}

/// Whether the file ends with the seal of its content; `None` when it cannot be read.
fn is_sealed(file: &File, key: &Key) -> Option<bool> {
    let len = file.metadata().ok()?.len();
    if !(SEAL as u64..=MAX_BYTES).contains(&len) {
        return Some(false);
    }
    let mut bytes = Vec::with_capacity(len as usize);
    // It cannot grow beyond what was announced.
    file.take(len).read_to_end(&mut bytes).ok()?;
    let (executable, found) = bytes.split_at_checked(bytes.len().checked_sub(SEAL)?)?;
    Some(seal(key, executable) == *found)
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
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn only_what_was_put_there_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache(folder.path().join("cache"));
        let (key, other) = (Key("key".into()), Key("other".into()));
        assert!(cache.find(&key).is_none());
        cache.insert(&key, b"executable").unwrap();
        let path = cache.path(&key);
        let good = fs::read(&path).unwrap();
        assert!(good.starts_with(b"executable"));
        assert!(cache.find(&key).is_some());
        let with = |bytes: &[u8], mode: u32| {
            output::replace(&path, bytes, mode).unwrap();
            // Whatever the umask.
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            cache.find(&key).is_some()
        };
        assert!(with(&good, 0o700) && with(&good, 0o755));
        // Others may write it, or it cannot be executed.
        for mode in [0o722, 0o720, 0o702, 0o600] {
            assert!(!with(&good, mode), "{mode:o}");
        }
        for at in 0..good.len() {
            let mut flipped = good.clone();
            flipped[at] ^= 1;
            assert!(!with(&flipped, 0o700), "{at}");
            assert!(!with(&good[..at], 0o700), "{at}");
        }
        assert!(!with(b"#!/bin/sh\n", 0o700) && !with(b"", 0o700));
        // Another key's file, a link, a folder, a FIFO.
        cache.insert(&other, b"executable").unwrap();
        fs::rename(cache.path(&other), &path).unwrap();
        assert!(cache.find(&key).is_none());
        cache.insert(&key, b"executable").unwrap();
        fs::rename(&path, folder.path().join("moved")).unwrap();
        std::os::unix::fs::symlink(folder.path().join("moved"), &path).unwrap();
        assert!(cache.find(&key).is_none());
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(cache.find(&key).is_none());
        fs::remove_dir(&path).unwrap();
        let mode = rustix::fs::Mode::RWXU;
        let fifo = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, &path, fifo, mode, 0).unwrap();
        assert!(cache.find(&key).is_none());
    }

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
        let checked = options.clone().bounds_checks(true);
        assert_ne!(key(b"a", &options), key(b"a", &checked));
    }
}
