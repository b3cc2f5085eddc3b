//! Running `wasmc` in a folder of its own, with a deadline.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// No command of these tests takes nearly as long.
const DEADLINE: Duration = Duration::from_secs(120);

/// What a command did.
#[derive(Debug)]
pub struct Outcome {
    pub status: i32,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

impl Outcome {
    pub fn text(&self) -> &str {
        str::from_utf8(&self.stdout).expect("standard output is text")
    }

    /// The same, which must have been a quiet success.
    #[track_caller]
    pub fn ok(self) -> Outcome {
        assert_eq!((self.status, self.stderr.as_str()), (0, ""), "{self:?}");
        self
    }
}

/// A folder to work in, and one for the cache.
pub struct Sandbox {
    folder: TempDir,
    cache: TempDir,
}

impl Sandbox {
    pub fn new() -> Sandbox {
        Sandbox {
            folder: tempfile::tempdir().unwrap(),
            cache: tempfile::tempdir().unwrap(),
        }
    }

    /// A sandbox with these files.
    pub fn with(files: &[(&str, &str)]) -> Sandbox {
        let sandbox = Sandbox::new();
        for (name, content) in files {
            sandbox.write(name, content.as_bytes());
        }
        sandbox
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, content: &[u8]) {
        fs::write(self.path(name), content).unwrap();
    }

    /// The cache's files.
    pub fn cached(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.cache.path().join("wasmc")) else {
            return Vec::new();
        };
        let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files
    }

    /// Every file with its content, to compare before and after.
    pub fn snapshot(&self) -> Vec<(PathBuf, Vec<u8>)> {
        fn visit(folder: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    visit(&path, files);
                    files.push((path, Vec::new()));
                } else {
                    let content = fs::read(&path).unwrap();
                    files.push((path, content));
                }
            }
        }
        let mut files = Vec::new();
        visit(self.folder.path(), &mut files);
        files.sort();
        files
    }

    /// Runs a line of shell, in which `wasmc` is the binary under test.
    pub fn sh(&self, line: &str) -> Outcome {
        self.sh_with(line, &[])
    }

    /// The same with further environment variables.
    pub fn sh_with(&self, line: &str, variables: &[(&str, &str)]) -> Outcome {
        let binary = Path::new(env!("CARGO_BIN_EXE_wasmc"));
        let path = format!(
            "{}:{}",
            binary.parent().unwrap().display(),
            std::env::var("PATH").unwrap()
        );
        let mut command = Command::new("sh");
        command
            .args(["-e", "-c", line])
            .current_dir(self.folder.path())
            .env("PATH", path)
            .env("XDG_CACHE_HOME", self.cache.path())
            .env_remove("WASMC_OPTIONS")
            .env_remove("NO_COLOR")
            .env_remove("COLUMNS")
            .envs(variables.iter().copied());
        run(&mut command)
    }
}

fn run(command: &mut Command) -> Outcome {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let stdout = read(child.stdout.take().unwrap());
    let stderr = read(child.stderr.take().unwrap());
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if start.elapsed() > DEADLINE {
            child.kill().unwrap();
            panic!("{command:?} did not end");
        }
        thread::sleep(Duration::from_millis(2));
    };
    Outcome {
        status: status.code().unwrap_or(-1),
        stdout: stdout.join().unwrap(),
        stderr: String::from_utf8_lossy(&stderr.join().unwrap()).into_owned(),
    }
}

fn read(mut pipe: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).unwrap();
        bytes
    })
}

/// Compares with the expected text beside the test; `BLESS=1` rewrites it.
#[track_caller]
pub fn golden(path: &Path, actual: &str) {
    if std::env::var_os("BLESS").is_some() {
        fs::write(path, actual).unwrap();
        return;
    }
    let expected = fs::read_to_string(path).unwrap_or_default();
    assert_eq!(
        actual,
        expected,
        "{} differs; BLESS=1 rewrites it",
        path.display()
    );
}

/// A program that prints `hello` and a line end.
pub const HELLO: &str = include_str!("hello.wat");
/// A program that prints its arguments, a line each, and exits with status 7.
pub const ARGUMENTS: &str = include_str!("arguments.wat");
