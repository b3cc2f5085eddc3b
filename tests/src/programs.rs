//! Small programs with expected output: `tests/programs/SUBJECT/NAME.wat` and what lies beside it.
//!
//! The comments at the top of a program say how it is compiled and run, a line each:
//!
//! ```text
//! ;; args: a b        arguments, separated by spaces
//! ;; env: A=b         a variable that is baked in
//! ;; options: --net   WASMC_OPTIONS
//! ;; stdin: text      standard input, with \n
//! ;; invoke: NAME     call this export
//! ;; max-memory: N    bytes
//! ;; stack-size: N    bytes
//! ;; fuel: N          count instructions, up to N
//! ;; timeout: 50ms    end it after this time
//! ;; folder: /data    grant a folder under this name; `:ro` may follow
//! ;; file: a=text     a file in the folder, with \n
//! ;; link: a=b        a symbolic link in the folder, to b
//! ;; feature: NAME    turn a proposal on
//! ;; offsets: vary    the offsets in the backtrace are not compared
//! ;; frames: vary     the numbers of its frames are not compared
//! ```
//!
//! Beside it lie `NAME.stdout`, `NAME.stderr`, `NAME.status` (absent for nothing, and for 0) and
//! `NAME.files`: the folder afterwards. What differs on aarch64, such as how many frames a stack holds,
//! lies in `NAME.aarch64.stderr` and its like.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;
use wasmc_compiler::grants::Grants;
use wasmc_compiler::{Backend, Options, compile};

use crate::expected;
use crate::process::{Executable, Launch, Outcome};
use crate::target::backend;

/// How long a program may run.
const LIMIT: Duration = Duration::from_secs(30);

/// The programs' paths, by name.
pub fn all() -> Vec<PathBuf> {
    expected::inputs("programs", "wat")
}

/// The name of a program: its subject and its own, such as `wasi/hello`.
pub fn name(path: &Path) -> String {
    let relative = path.strip_prefix(folder()).unwrap_or(path);
    relative.with_extension("").to_string_lossy().into_owned()
}

/// The program of a name.
pub fn named(name: &str) -> Program {
    let path = folder().join(name).with_added_extension("wat");
    Program::read(&path).unwrap_or_else(|error| panic!("{error:#}"))
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("programs")
}

/// A program and how to run it.
#[derive(Debug)]
pub struct Program {
    path: PathBuf,
    /// The module.
    pub module: Vec<u8>,
    launch: Launch,
    /// Changes to the options.
    invoke: Option<String>,
    max_memory: Option<u64>,
    stack_size: Option<u64>,
    fuel: bool,
    grants: Grants,
    features: Vec<String>,
    offsets_vary: bool,
    frames_vary: bool,
    /// The granted folder.
    folder: Option<TempDir>,
}

/// What a program did.
#[derive(Debug)]
pub struct Run {
    /// How it ended.
    pub outcome: Outcome,
    /// The granted folder afterwards, in text.
    pub files: String,
    /// Whether it was an executable for aarch64.
    is_aarch64: bool,
}

impl Program {
    /// Reads a program and prepares its folder.
    pub fn read(path: &Path) -> Result<Program> {
        let context = || format!("failed to read `{}`", path.display());
        let text = fs::read_to_string(path).with_context(context)?;
        let mut program = Program {
            path: path.to_owned(),
            module: wat::parse_str(&text).with_context(context)?,
            launch: Launch::default(),
            invoke: None,
            max_memory: None,
            stack_size: None,
            fuel: false,
            grants: Grants::new(),
            features: Vec::new(),
            offsets_vary: false,
            frames_vary: false,
            folder: None,
        };
        let header = text.lines().map_while(|line| line.strip_prefix(";;"));
        for (key, value) in header.filter_map(|line| line.trim().split_once(": ")) {
            program.directive(key, value).with_context(context)?;
        }
        Ok(program)
    }

    fn directive(&mut self, key: &str, value: &str) -> Result<()> {
        match key {
            "args" => self.launch.args = value.split(' ').map(OsString::from).collect(),
            "env" => self.grant(&["--env", value])?,
            "options" => {
                let variable = ("WASMC_OPTIONS".into(), value.into());
                self.launch.env.push(variable);
            }
            "stdin" => self.launch.stdin = unescape(value).into(),
            "invoke" => self.invoke = Some(value.into()),
            "max-memory" => self.max_memory = Some(value.parse()?),
            "stack-size" => self.stack_size = Some(value.parse()?),
            "fuel" => {
                self.fuel = true;
                self.grant(&["--fuel", value])?;
            }
            "timeout" => self.grant(&["--timeout", value])?,
            "offsets" => self.offsets_vary = value == "vary",
            "frames" => self.frames_vary = value == "vary",
            "feature" => self.features.push(value.into()),
            "folder" => {
                let folder = tempfile::tempdir()?;
                let grant = format!("{}::{value}", folder.path().display());
                self.grant(&["--dir", &grant])?;
                self.folder = Some(folder);
            }
            "file" | "link" => {
                let (name, value) = value.split_once('=').context("no `=`")?;
                let folder = self.folder.as_ref().context("no folder yet")?;
                let path = folder.path().join(name);
                match key {
                    "file" => fs::write(path, unescape(value))?,
                    _ => symlink(value, path)?,
                }
            }
            // Any other comment.
            _ => {}
        }
        Ok(())
    }

    fn grant(&mut self, words: &[&str]) -> Result<()> {
        self.grants.extend(Grants::parse(words)?);
        Ok(())
    }

    /// The options with which it is compiled, from those of a configuration.
    pub fn options(&self, base: &Options) -> Result<Options> {
        let mut options = base.clone();
        options.invoke.clone_from(&self.invoke);
        if options.backend == Backend::Cranelift {
            options.backend = backend();
        }
        options.max_memory = self.max_memory.or(options.max_memory);
        options.stack_size = self.stack_size.unwrap_or(options.stack_size);
        options.fuel |= self.fuel;
        options.grants.extend(self.grants.clone());
        for feature in &self.features {
            if let Err(error) = options.features.set(feature, true) {
                bail!(error);
            }
        }
        Ok(options)
    }

    /// Its executable.
    pub fn compile(&self, base: &Options) -> Result<Vec<u8>> {
        let artifact = compile(&self.module, &self.options(base)?)
            .map_err(|error| anyhow::anyhow!("failed to compile: {error}"))?;
        Ok(artifact.bytes)
    }

    /// Runs an executable of it, with words before the command.
    pub fn run(&self, executable: &[u8], wrapper: &[&str]) -> Result<Run> {
        let launch = Launch {
            wrapper: wrapper.iter().map(OsString::from).collect(),
            ..self.launch.clone()
        };
        let outcome = Executable::new(executable)?.run(&launch, LIMIT)?;
        let files = match &self.folder {
            Some(folder) => list(folder.path())?,
            None => String::new(),
        };
        // The machine that the ELF header names.
        let is_aarch64 = executable.get(18..20) == Some(&[183, 0]);
        Ok(Run {
            outcome,
            files,
            is_aarch64,
        })
    }

    /// Compares a run with what lies beside the program.
    pub fn judge(&self, run: &Run) -> Result<(), String> {
        let outcome = &run.outcome;
        let status = match outcome.code() {
            Some(0) => String::new(),
            Some(code) => format!("{code}\n"),
            None => format!("{}\n", outcome.describe()),
        };
        // The folder's name is another each time.
        let stderr = String::from_utf8_lossy(&outcome.stderr).into_owned();
        let stderr = match &self.folder {
            Some(folder) => stderr.replace(&*folder.path().to_string_lossy(), "FOLDER"),
            None => stderr,
        };
        let stderr = match self.offsets_vary {
            true => without_offsets(&stderr),
            false => stderr,
        };
        let stderr = match self.frames_vary {
            true => without_numbers(&stderr),
            false => stderr,
        };
        let actual: [(&str, &[u8]); 4] = [
            ("status", status.as_bytes()),
            ("stdout", &outcome.stdout),
            ("stderr", stderr.as_bytes()),
            ("files", run.files.as_bytes()),
        ];
        for (extension, actual) in actual {
            let special = self.path.with_extension(format!("aarch64.{extension}"));
            let path = match run.is_aarch64 && special.exists() {
                true => special,
                false => self.path.with_extension(extension),
            };
            expected::check(&path, actual)?;
        }
        Ok(())
    }
}

/// A backtrace with `0x…` for its offsets.
fn without_offsets(text: &str) -> String {
    let mut parts = text.split("0x");
    let mut result = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        result.push_str("0x…");
        result.push_str(part.trim_start_matches(|c: char| c.is_ascii_hexdigit()));
    }
    result
}

/// A backtrace with `…` for the numbers of its frames, and for how many it leaves out.
fn without_numbers(text: &str) -> String {
    let mut result = String::new();
    for line in text.lines() {
        let frame = line.split_once(':').filter(|(number, _)| {
            let number = number.trim_start();
            !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
        });
        let omitted = line.trim_start().starts_with("... ") && line.ends_with(" frames ...");
        let _ = match frame {
            Some((_, rest)) => writeln!(result, "…:{rest}"),
            None if omitted => writeln!(result, "... … frames ..."),
            None => writeln!(result, "{line}"),
        };
    }
    result
}

fn unescape(text: &str) -> String {
    text.replace("\\n", "\n")
}

/// A folder's files, a line or more each, sorted by name.
fn list(folder: &Path) -> Result<String> {
    let mut names: Vec<_> = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.file_name()))
        .collect::<Result<_, _>>()?;
    names.sort();
    let mut text = String::new();
    for name in names {
        let path = folder.join(&name);
        let shown = name.to_string_lossy();
        let kind = fs::symlink_metadata(&path)?;
        if kind.is_dir() {
            let _ = writeln!(text, "{shown}/");
        } else if kind.is_symlink() {
            let _ = writeln!(text, "{shown} -> {}", fs::read_link(&path)?.display());
        } else {
            let content = fs::read(&path)?;
            let _ = writeln!(text, "{shown}: {:?}", String::from_utf8_lossy(&content));
        }
    }
    Ok(text)
}
