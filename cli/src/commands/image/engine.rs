//! Loading an image into a running engine by its own command.

use std::io::Write as _;
use std::process::{Command, Stdio};

use anyhow::{Context as _, anyhow};

use crate::args::image::EngineArg;
use crate::report::{Failure, Report};

/// An engine that runs.
#[derive(Debug)]
pub struct Engine(&'static str);

/// In the order in which they are tried.
const COMMANDS: &[(EngineArg, &str)] = &[
    (EngineArg::Docker, "docker"),
    (EngineArg::Podman, "podman"),
    (EngineArg::Nerdctl, "nerdctl"),
];

impl Engine {
    /// The engine that was asked for, if it runs.
    pub fn find(which: EngineArg) -> Result<Engine, Failure> {
        let mut tried = Vec::new();
        for &(engine, command) in COMMANDS {
            if which != EngineArg::Auto && which != engine {
                continue;
            }
            match is_running(command) {
                Ok(()) => return Ok(Engine(command)),
                Err(why) => tried.push(format!("{command}: {why}")),
            }
        }
        Err(Failure::from(
            anyhow!("{}", tried.join("\n")).context("found no engine to load the image into"),
        )
        .hint("start the engine, or pass `-o image.tar` and load that file"))
    }

    /// Loads an archive.
    pub fn load(&self, archive: &[u8], report: &Report) -> Result<(), Failure> {
        let failed = || format!("failed to load the image with `{} load`", self.0);
        let output = run(self.0, &["load"], archive).with_context(failed)?;
        if !output.status.success() {
            let cause = anyhow!("{}", said(&output.stderr));
            return Err(cause.context(failed()).into());
        }
        report.detail(|| format!("{}: {}", self.0, said(&output.stdout)));
        Ok(())
    }
}

/// Whether the engine answers: the command alone may be installed without one.
fn is_running(command: &str) -> Result<(), String> {
    match run(command, &["version"], b"") {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(said(&output.stderr)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err("not installed".to_owned())
        }
        Err(error) => Err(error.to_string()),
    }
}

fn run(command: &str, arguments: &[&str], input: &[u8]) -> std::io::Result<std::process::Output> {
    let mut child = Command::new(command)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut stdin = child.stdin.take().expect("standard input is a pipe");
    // An engine prints little before it has read all. One that stops reading says why itself.
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let _ = stdin.write_all(input);
        });
        child.wait_with_output()
    })
}

/// The last lines of what a command printed.
fn said(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<_> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let lines = &lines[lines.len().saturating_sub(4)..];
    let text: String = lines.join("; ");
    text.chars().filter(|c| !c.is_control()).collect()
}
