//! Runs executables of ours: in a folder of their own, under a time limit.

use std::ffi::OsString;
use std::fs::{self, File, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use tempfile::TempDir;
use wasmc_compiler::Arch;

use crate::target::say;

/// How to run an executable; the default has no arguments, no variables and no input.
#[derive(Clone, Debug, Default)]
pub struct Launch {
    /// Words to put before the program, such as `setarch -R`.
    pub wrapper: Vec<OsString>,
    /// Arguments after the program's name.
    pub args: Vec<OsString>,
    /// The whole environment, but for `PATH`, which only the wrapper needs.
    pub env: Vec<(OsString, OsString)>,
    /// Standard input.
    pub stdin: Vec<u8>,
    /// Whether standard input is an endless one instead, which never has a byte.
    pub silent: bool,
}

impl Launch {
    /// A launch by another program, such as `setarch -R`.
    pub fn by(wrapper: &[&str]) -> Launch {
        Launch {
            wrapper: wrapper.iter().map(OsString::from).collect(),
            ..Launch::default()
        }
    }

    /// How to run an executable for an architecture: as it is, or by an emulator.
    pub fn on(arch: Arch) -> Launch {
        Launch {
            wrapper: emulator(arch).map(OsString::from).into_iter().collect(),
            ..Launch::default()
        }
    }
}

/// The program that runs executables for an architecture; `None` on a machine of that architecture.
pub fn emulator(arch: Arch) -> Option<&'static str> {
    if Arch::host() == Some(arch) {
        return None;
    }
    Some(match arch {
        Arch::X86_64 => "qemu-x86_64-static",
        Arch::Aarch64 => "qemu-aarch64-static",
        other => unreachable!("no emulator is known for {other:?}"),
    })
}

/// How an executable ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Its status; `None` when it was stopped at the time limit.
    pub status: Option<ExitStatus>,
    /// What it wrote to standard output.
    pub stdout: Vec<u8>,
    /// What it wrote to standard error.
    pub stderr: Vec<u8>,
}

impl Outcome {
    /// The exit code, if it ended by itself.
    pub fn code(&self) -> Option<i32> {
        self.status.and_then(|status| status.code())
    }

    /// How it ended, in words.
    pub fn describe(&self) -> String {
        let Some(status) = self.status else {
            return "stopped at the time limit".into();
        };
        match (status.code(), status.signal()) {
            (Some(code), _) => format!("exit status {code}"),
            (None, Some(signal)) => format!("killed by signal {signal}"),
            (None, None) => status.to_string(),
        }
    }
}

/// An executable in a temporary folder, which goes with it.
#[derive(Debug)]
pub struct Executable {
    folder: TempDir,
}

impl Executable {
    /// Writes an executable.
    pub fn new(bytes: &[u8]) -> Result<Executable> {
        let folder = tempfile::Builder::new()
            .prefix("wasmc-tests-")
            .tempdir()
            .context("failed to make a temporary folder")?;
        let path = folder.path().join("program");
        fs::write(&path, bytes)
            .and_then(|()| fs::set_permissions(&path, Permissions::from_mode(0o755)))
            .with_context(|| format!("failed to write `{}`", path.display()))?;
        Ok(Executable { folder })
    }

    /// The temporary folder: the program's current folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs it until it ends, or kills it at the time limit.
    pub fn run(&self, launch: &Launch, limit: Duration) -> Result<Outcome> {
        let folder = self.folder.path();
        let program = folder.join("program");
        // Files rather than pipes: nobody has to empty them while the program runs.
        let outputs = tempfile::tempdir().context("failed to make a temporary folder")?;
        let file = |name: &str| outputs.path().join(name);
        fs::write(file("stdin"), &launch.stdin)?;
        let mut words = launch.wrapper.iter();
        let mut command = match words.next() {
            Some(wrapper) => {
                let mut command = Command::new(wrapper);
                command.args(words).arg(&program);
                command
            }
            None => Command::new(&program),
        };
        command
            .args(&launch.args)
            .env_clear()
            .envs(launch.env.iter().cloned())
            .current_dir(folder)
            .stdin(File::open(file("stdin"))?)
            .stdout(File::create(file("stdout"))?)
            .stderr(File::create(file("stderr"))?);
        let silence = launch.silent.then(io::pipe).transpose()?;
        if let Some((reader, _)) = &silence {
            command.stdin(reader.try_clone()?);
        }
        if !launch.wrapper.is_empty() {
            command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        }
        let status = wait(&mut command, limit)
            .with_context(|| format!("failed to run `{}`", program.display()))?;
        Ok(Outcome {
            status,
            stdout: fs::read(file("stdout"))?,
            stderr: fs::read(file("stderr"))?,
        })
    }
}

/// Starts a program and waits for it; `None` when it had to be killed.
fn wait(command: &mut Command, limit: Duration) -> io::Result<Option<ExitStatus>> {
    let start = Instant::now();
    let mut child = loop {
        match command.spawn() {
            // Another thread's child still holds our executable open for writing: it inherited the
            // descriptor between fork and exec. It goes away by itself.
            Err(error)
                if error.kind() == ErrorKind::ExecutableFileBusy && start.elapsed() < limit =>
            {
                thread::sleep(Duration::from_millis(2));
            }
            result => break result?,
        }
    };
    let mut pause = Duration::from_micros(200);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if start.elapsed() >= limit {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(10));
    }
}

/// Whether programs can be launched in a way on this machine; what cannot be tested is said.
pub fn works(wrapper: &[&str]) -> bool {
    let mut command = Command::new(wrapper[0]);
    let status = command.args(&wrapper[1..]).arg("/bin/true").status();
    let works = status.is_ok_and(|status| status.success());
    if !works {
        say(&format!(
            "SKIPPED: `{}` does not work here",
            wrapper.join(" ")
        ));
    }
    works
}

/// Whether a program of this name can be started.
pub fn is_installed(name: &str) -> bool {
    Command::new(name)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok()
}
