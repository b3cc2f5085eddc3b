//! Expected output that lies in files beside its input: compared, or rewritten with `BLESS=1`.

use std::env;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Whether expectations are to be rewritten.
pub fn blessing() -> bool {
    env::var_os("BLESS").is_some_and(|value| value == "1")
}

/// Compares what came out with a file; an absent file stands for no output. With `BLESS=1` the
/// file is written, or removed when there is no output.
pub fn check(path: &Path, actual: &[u8]) -> Result<(), String> {
    let expected = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(format!("failed to read `{}`: {error}", path.display())),
    };
    if expected == actual {
        return Ok(());
    }
    if blessing() {
        let result = match actual {
            [] => fs::remove_file(path),
            _ => fs::write(path, actual),
        };
        return result.map_err(|error| format!("failed to write `{}`: {error}", path.display()));
    }
    Err(format!(
        "{} differs (BLESS=1 rewrites it)\n{}",
        path.display(),
        difference(&expected, actual)
    ))
}

/// The first lines in which two texts differ.
pub fn difference(expected: &[u8], actual: &[u8]) -> String {
    let expected = String::from_utf8_lossy(expected);
    let actual = String::from_utf8_lossy(actual);
    let mut old = expected.lines();
    let mut new = actual.lines();
    for number in 1.. {
        match (old.next(), new.next()) {
            (None, None) => break,
            (left, right) if left == right => {}
            (left, right) => {
                let show =
                    |line: Option<&str>| line.map_or("(no line)".into(), |l| format!("`{l}`"));
                return format!(
                    "  line {number}: expected {}\n  line {number}: got      {}",
                    show(left),
                    show(right)
                );
            }
        }
    }
    "  only the line ends differ".into()
}

/// The repository's folder.
pub fn repository() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap_or(tests).to_owned()
}

/// The files with this extension in a folder of this package and in its folders, sorted by path.
pub fn inputs(folder: &str, extension: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files = Vec::new();
    find(&folder, extension, &mut files);
    files.sort();
    files
}

fn find(folder: &Path, extension: &str, files: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("failed to read `{}`: {error}", folder.display()));
    for entry in entries {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            find(&path, extension, files);
        } else if path.extension().is_some_and(|e| e == extension) {
            files.push(path);
        }
    }
}
