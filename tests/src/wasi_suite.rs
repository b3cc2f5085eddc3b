//! Runs folders of WASI tests in the layout of WebAssembly/wasi-testsuite.
//!
//! A test is `NAME.wasm` with an optional `NAME.json`: `args`, `env` (the guest's whole
//! environment), `root` (a folder, relative to the JSON, that becomes the guest's `/`),
//! `exit_code` and `stdout`.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use wasmc_compiler::grants::{Access, Grant};
use wasmc_compiler::{Error, Options, compile};

use crate::expected;
use crate::jobs::{self, caught};
use crate::process::{Executable, Launch};

/// How long a test may run.
const LIMIT: Duration = Duration::from_secs(30);

/// How a test ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// As its specification says.
    Passed,
    /// Otherwise.
    Failed(String),
    /// It needs what wasmc does not offer.
    Skipped(String),
}

/// A test and how it ended.
#[derive(Clone, Debug)]
pub struct TestResult {
    /// Its module's path, relative to the folder.
    pub name: String,
    /// How it ended.
    pub verdict: Verdict,
}

/// The tests lie in the folder that `WASI_TESTSUITE` names, or beside the repository.
pub fn folder() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("WASI_TESTSUITE") {
        return Some(folder.into());
    }
    let beside = expected::repository().join("../shared/wasi-testsuite");
    beside.is_dir().then_some(beside)
}

/// Runs every test in a folder and its subfolders; the results are sorted by name.
pub fn run(folder: &Path, options: &Options) -> Result<Vec<TestResult>> {
    let mut modules = Vec::new();
    find_modules(folder, &mut modules)?;
    modules.sort();
    if modules.is_empty() {
        bail!("`{}` holds no tests", folder.display());
    }
    Ok(jobs::run(&modules, |module| {
        let verdict = match caught(|| run_test(module, options)) {
            Ok(Ok(verdict)) => verdict,
            Ok(Err(error)) => Verdict::Failed(format!("{error:#}")),
            Err(panic) => Verdict::Failed(format!("panic: {panic}")),
        };
        let name = module.strip_prefix(folder).unwrap_or(module);
        TestResult {
            name: name.display().to_string(),
            verdict,
        }
    }))
}

/// What a test's JSON says.
#[derive(Debug, Default)]
struct Specification {
    args: Vec<String>,
    env: BTreeMap<String, String>,
    root: Option<PathBuf>,
    exit_code: i32,
    stdout: Option<String>,
}

impl Specification {
    fn read(module: &Path) -> Result<Specification> {
        let path = module.with_extension("json");
        if !path.exists() {
            return Ok(Specification::default());
        }
        let context = || format!("failed to read `{}`", path.display());
        let text = fs::read_to_string(&path).with_context(context)?;
        Specification::parse(&text, &path).with_context(context)
    }

    fn parse(text: &str, path: &Path) -> Result<Specification> {
        let Value::Object(object) = serde_json::from_str(text)? else {
            bail!("it is no object");
        };
        let string = |value: &Value| value.as_str().map(str::to_owned).context("not a string");
        let mut specification = Specification::default();
        for (key, value) in &object {
            match key.as_str() {
                "args" => {
                    let args = value.as_array().context("`args` is no list")?;
                    specification.args = args.iter().map(string).collect::<Result<_>>()?;
                }
                "env" => {
                    for (name, value) in value.as_object().context("`env` is no object")? {
                        specification.env.insert(name.clone(), string(value)?);
                    }
                }
                "root" => {
                    let folder = path.parent().unwrap_or(Path::new("."));
                    specification.root = Some(folder.join(string(value)?));
                }
                "exit_code" => {
                    let code = value.as_i64().context("`exit_code` is no number")?;
                    specification.exit_code = i32::try_from(code)?;
                }
                "stdout" => specification.stdout = Some(string(value)?),
                _ => bail!("`{key}` is no key of a specification"),
            }
        }
        Ok(specification)
    }
}

fn run_test(module: &Path, options: &Options) -> Result<Verdict> {
    let specification = Specification::read(module)?;
    let bytes =
        fs::read(module).with_context(|| format!("failed to read `{}`", module.display()))?;
    let root = tempfile::tempdir()?;
    let mut options = options.clone();
    // One test has a shared memory without starting threads, which alone would turn it on.
    options
        .features
        .set("threads", true)
        .map_err(anyhow::Error::msg)?;
    if let Some(from) = &specification.root {
        let to = root.path().join("root");
        copy_folder(from, &to)?;
        options.grants.push(Grant::Dir {
            host: to.into(),
            guest: "/".into(),
            access: Access::ReadWrite,
        });
    }
    for (name, value) in &specification.env {
        options.grants.push(Grant::Env {
            name: name.into(),
            value: Some(value.into()),
        });
    }
    let artifact = match compile(&bytes, &options) {
        Ok(artifact) => artifact,
        Err(Error::Unsupported { message, .. }) => return Ok(Verdict::Skipped(message)),
        Err(error) => return Ok(Verdict::Failed(format!("failed to compile: {error}"))),
    };
    let launch = Launch {
        args: specification.args.iter().map(Into::into).collect(),
        // Tests of threads read from it in one thread until another ends the program.
        silent: true,
        ..Launch::on(options.target.arch)
    };
    let outcome = Executable::new(&artifact.bytes)?.run(&launch, LIMIT)?;
    let stderr = String::from_utf8_lossy(&outcome.stderr).trim().to_owned();
    if outcome.code() != Some(specification.exit_code) {
        return Ok(Verdict::Failed(format!(
            "expected exit status {}, got {}; {stderr}",
            specification.exit_code,
            outcome.describe(),
        )));
    }
    match &specification.stdout {
        Some(expected) if expected.as_bytes() != outcome.stdout => Ok(Verdict::Failed(format!(
            "expected output {expected:?}, got {:?}",
            String::from_utf8_lossy(&outcome.stdout)
        ))),
        _ => Ok(Verdict::Passed),
    }
}

fn find_modules(folder: &Path, modules: &mut Vec<PathBuf>) -> Result<()> {
    let context = || format!("failed to read `{}`", folder.display());
    for entry in fs::read_dir(folder).with_context(context)? {
        let entry = entry.with_context(context)?;
        let path = entry.path();
        if entry.file_type().with_context(context)?.is_dir() {
            find_modules(&path, modules)?;
        } else if path
            .extension()
            .is_some_and(|extension| extension == "wasm")
        {
            modules.push(path);
        }
    }
    Ok(())
}

/// Copies a folder, symbolic links as such; the copy is writable.
fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    let context = || format!("failed to copy `{}`", from.display());
    fs::create_dir(to).with_context(context)?;
    for entry in fs::read_dir(from).with_context(context)? {
        let entry = entry.with_context(context)?;
        let target = to.join(entry.file_name());
        let kind = entry.file_type().with_context(context)?;
        if kind.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else if kind.is_symlink() {
            symlink(fs::read_link(entry.path())?, &target).with_context(context)?;
        } else {
            fs::copy(entry.path(), &target).with_context(context)?;
            fs::set_permissions(&target, Permissions::from_mode(0o644)).with_context(context)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_specifications() {
        let text = r#"{"args": ["a", "b c"], "env": {"A": "b"}, "root": "r", "exit_code": 3}"#;
        let specification = Specification::parse(text, Path::new("x/y.json")).unwrap();
        assert_eq!(specification.args, ["a", "b c"]);
        assert_eq!(specification.env["A"], "b");
        assert_eq!(specification.root.as_deref(), Some(Path::new("x/r")));
        assert_eq!(specification.exit_code, 3);
        assert_eq!(specification.stdout, None);
    }

    #[test]
    fn refuses_keys_that_it_does_not_know() {
        assert!(Specification::parse(r#"{"stdin": ""}"#, Path::new("x.json")).is_err());
    }
}
