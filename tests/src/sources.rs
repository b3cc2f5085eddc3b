//! The project's source files, for the tests of architecture rules.

use std::fs;
use std::path::{Path, PathBuf};

use crate::expected;

/// A source file.
#[derive(Debug)]
pub struct Source {
    /// Its path from the repository's folder.
    pub path: String,
    /// Its text.
    pub text: String,
}

impl Source {
    /// Lines with their numbers, from 1, without comments. Only whole-line comments are known.
    pub fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..)
            .zip(self.text.lines())
            .filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    /// Whether it lies under one of these paths.
    pub fn is_under(&self, paths: &[&str]) -> bool {
        paths.iter().any(|path| self.path.starts_with(path))
    }

    /// Whether it consists of tests.
    pub fn is_test(&self) -> bool {
        self.path.contains("/tests/") || self.path.ends_with("/tests.rs")
    }
}

/// Every Rust file of the project, sorted by path.
pub fn rust() -> Vec<Source> {
    let root = expected::repository();
    let mut paths = Vec::new();
    for folder in [
        "compiler",
        "runtime-lib",
        "image",
        "cli",
        "tests",
        "benches",
        "fuzz",
    ] {
        find(&root.join(folder), &mut paths);
    }
    paths.sort();
    paths.iter().map(|path| read(&root, path)).collect()
}

fn read(root: &Path, path: &Path) -> Source {
    let relative = path.strip_prefix(root).unwrap_or(path);
    Source {
        path: relative.to_string_lossy().into_owned(),
        text: fs::read_to_string(path)
            .unwrap_or_else(|error| panic!("failed to read `{}`: {error}", path.display())),
    }
}

fn find(folder: &Path, paths: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else {
        // Not every folder of the design exists yet.
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() {
            let name = name.to_string_lossy();
            if name != "target" && !name.starts_with('.') {
                find(&path, paths);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
}
