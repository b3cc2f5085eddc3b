//! What is measured: the module itself and what it is compared with, each ready to be started.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, anyhow};
use clap::ValueEnum as _;
use wasmc_compiler::grants::Grant;
use wasmc_compiler::{Arch, Options};

use crate::args::CodeArgs;
use crate::args::bench::BenchArgs;
use crate::commands::bench::engines::{self, ENGINES, Engine};
use crate::commands::bench::measure::{self, Launch};
use crate::commands::compile::compile_input;
use crate::commands::{grant_failure, in_pool, options};
use crate::environment;
use crate::input::Input;
use crate::output;
use crate::report::{Failure, Report};

/// Something that can be measured.
#[derive(Debug)]
pub struct Contender {
    /// Its name in the results.
    pub name: String,
    /// `wasmc`, `native`, or an engine's name.
    pub kind: &'static str,
    /// What an engine calls its version.
    pub version: Option<String>,
    /// How it is started.
    pub launch: Launch,
    /// Seconds that compiling took.
    pub compile_seconds: Option<f64>,
    /// Bytes of the executable, or of what the engine made of the module.
    pub file_bytes: Option<u64>,
}

/// What a `--against` means.
enum Meaning {
    Engine(&'static Engine, PathBuf),
    Module(PathBuf),
    Native(PathBuf),
}

/// Prepares all contenders, the module itself first. What has to be compiled goes into `folder`.
pub fn prepare(
    args: &BenchArgs,
    report: &Report,
    folder: &Path,
) -> Result<Vec<Contender>, Failure> {
    let arch = Arch::host().ok_or_else(|| anyhow!("wasmc does not compile for this machine"))?;
    let options = options(&args.code, arch)?.fuel(args.grants.has_fuel());
    args.grants.parse().map_err(grant_failure)?;
    // Found before anything is compiled: a typing error shows at once.
    let meanings = args
        .against
        .iter()
        .map(|what| meaning(what))
        .collect::<Result<Vec<_>, _>>()?;

    let mut maker = Maker {
        args,
        options: &options,
        report,
        folder,
        made: 0,
    };
    let mut input = Input::read(&args.module)?;
    let subject = maker.module(&mut input)?;
    let module = folder.join(format!("{}.wasm", subject.name.trim_end_matches(".wasm")));
    fs::write(&module, input.module()?)
        .with_context(|| format!("failed to write `{}`", module.display()))?;
    let argv0 = OsString::from(&subject.name);
    let mut contenders = vec![subject];
    for (what, meaning) in args.against.iter().zip(meanings) {
        let mut contender = match meaning {
            Meaning::Module(path) => maker.module(&mut Input::read(path.as_os_str())?)?,
            Meaning::Engine(engine, program) => maker.engine(engine, program, &module, &argv0)?,
            Meaning::Native(path) => native(args, path),
        };
        contender.name = distinct(&what.to_string_lossy(), &contenders);
        contenders.push(contender);
    }
    Ok(contenders)
}

/// The name, with a number when another contender has it already.
fn distinct(name: &str, contenders: &[Contender]) -> String {
    let taken = |name: &str| contenders.iter().any(|contender| contender.name == name);
    let numbered = (2..).map(|number| format!("{name} ({number})"));
    std::iter::once(name.to_owned())
        .chain(numbered)
        .find(|name| !taken(name))
        .expect("there are more numbers than contenders")
}

fn meaning(what: &OsStr) -> Result<Meaning, Failure> {
    let shown = what.to_string_lossy();
    if let Some((name, path)) = shown.split_once('=')
        && let Some(engine) = engines::by_name(name)
    {
        return Ok(Meaning::Engine(engine, executable(path.as_ref())?));
    }
    if let Some(engine) = engines::by_name(&shown) {
        return Ok(Meaning::Engine(engine, executable(what)?));
    }
    let path = PathBuf::from(what);
    let start = fs::File::open(&path).and_then(|file| {
        let mut start = Vec::new();
        std::io::Read::read_to_end(&mut std::io::Read::take(file, 4), &mut start)?;
        Ok(start)
    });
    let start = match start {
        Ok(start) => start,
        Err(error) => {
            let failure = anyhow::Error::new(error).context(format!("failed to read `{shown}`"));
            let names: Vec<_> = ENGINES.iter().map(|engine| engine.name).collect();
            return Err(Failure::from(failure).hint(format!(
                "`--against` takes a module, an executable, or an engine: {}",
                names.join(", ")
            )));
        }
    };
    let extension = path.extension().and_then(OsStr::to_str);
    if start == b"\0asm" || matches!(extension, Some("wasm" | "wat")) {
        return Ok(Meaning::Module(path));
    }
    let path = executable(what)?;
    let file = path.file_name().and_then(OsStr::to_str);
    Ok(match file.and_then(engines::by_file_name) {
        Some(engine) => Meaning::Engine(engine, path),
        None => Meaning::Native(path),
    })
}

/// The path of an executable file: as it is, or on the PATH when it has no slash and is no file.
fn executable(what: &OsStr) -> Result<PathBuf, Failure> {
    let is_executable = |path: &Path| {
        fs::metadata(path)
            .is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
    };
    let has_slash = what.as_bytes().contains(&b'/');
    let found = match has_slash {
        true => Some(PathBuf::from(what)),
        // Also a file right here: `--against native` means `./native`.
        false => environment::search_path()
            .into_iter()
            .map(|folder| folder.join(what))
            .chain([Path::new(".").join(what)])
            .find(|path| is_executable(path)),
    };
    match found {
        Some(path) if is_executable(&path) => Ok(path),
        Some(path) => Err(anyhow!("`{}` is no executable file", path.display()).into()),
        None => Err(Failure::from(anyhow!(
            "there is no `{}` on the PATH",
            what.to_string_lossy()
        ))
        .hint("give the path of its executable, or ENGINE=PATH")),
    }
}

fn native(args: &BenchArgs, path: PathBuf) -> Contender {
    let grants = args.grants.parse().into_iter().flatten();
    let given = grants.filter_map(|grant| match grant {
        Grant::Env { name, value } => Some((name, value?)),
        _ => None,
    });
    let env = given.collect();
    Contender {
        name: String::new(),
        kind: "native",
        version: None,
        compile_seconds: None,
        file_bytes: size(&path),
        launch: Launch {
            program: path,
            argv0: None,
            args: args.arguments.clone(),
            env,
        },
    }
}

/// Compiles what has to be.
struct Maker<'a> {
    args: &'a BenchArgs,
    options: &'a Options,
    report: &'a Report,
    folder: &'a Path,
    made: usize,
}

impl Maker<'_> {
    /// A new name in the folder.
    fn output(&mut self, extension: &str) -> PathBuf {
        self.made += 1;
        self.folder.join(format!("{}.{extension}", self.made))
    }

    /// A module, compiled by this wasmc.
    fn module(&mut self, input: &mut Input) -> Result<Contender, Failure> {
        let file_name = input.path().and_then(Path::file_name);
        let name = file_name.map_or(input.name().into(), |name| name.to_string_lossy());
        let name = name.into_owned();
        let code = &self.args.code;
        let start = Instant::now();
        let artifact = self
            .report
            .with_progress(&format!("compiling `{}`", input.name()), || {
                in_pool(code.threads, || compile_input(input, self.options))
            })??;
        let seconds = start.elapsed();
        if code.time {
            self.report.phases(&artifact.phases, seconds);
        }
        let path = self.output("exe");
        output::replace(&path, &artifact.bytes, 0o700)
            .with_context(|| format!("failed to write `{}`", path.display()))?;
        Ok(Contender {
            kind: "wasmc",
            version: None,
            launch: self.own_launch(path, OsString::from(&name)),
            compile_seconds: Some(seconds.as_secs_f64()),
            file_bytes: Some(artifact.bytes.len() as u64),
            name,
        })
    }

    /// How an executable that wasmc made is started.
    fn own_launch(&self, program: PathBuf, argv0: OsString) -> Launch {
        let variable = OsString::from(environment::options_variable());
        let value = environment::options_value(&self.args.grants.words);
        Launch {
            program,
            argv0: Some(argv0),
            args: self.args.arguments.clone(),
            env: value.map(|value| (variable, value)).into_iter().collect(),
        }
    }

    /// A module under another engine, compiled ahead of time by it.
    fn engine(
        &mut self,
        engine: &'static Engine,
        program: PathBuf,
        module: &Path,
        argv0: &OsStr,
    ) -> Result<Contender, Failure> {
        let output = self.output(engine.extension);
        let places = [
            ("module", module.as_os_str()),
            ("output", output.as_os_str()),
            ("argv0", argv0),
        ];
        let compiler = match engine.compiler {
            Some(name) => beside(&program, name)?,
            None => program.clone(),
        };
        let mut compile = fill_in(engine.compile, &places);
        if engine.run.is_none() {
            compile.extend(code_words(&self.args.code));
            // To count is a property of the code.
            let words = self.args.grants.words.iter();
            compile.extend(
                words
                    .filter(|word| word.as_bytes().starts_with(b"--fuel"))
                    .cloned(),
            );
        }
        let compile = Launch {
            program: compiler,
            argv0: None,
            args: compile,
            env: Vec::new(),
        };
        let context = || format!("`{}` failed to compile the module", program.display());
        let doing = format!("compiling for `{}`", program.display());
        let made = self
            .report
            .with_progress(&doing, || measure::run(&compile, None))?;
        made.success().with_context(context)?;
        let launch = match engine.run {
            None => self.own_launch(output.clone(), argv0.to_owned()),
            Some(first) => {
                let mut words = fill_in(first, &places);
                words.extend(self.grant_words(engine)?);
                words.extend(fill_in(engine.program, &places));
                words.extend(self.args.arguments.iter().cloned());
                Launch {
                    program: program.clone(),
                    argv0: None,
                    args: words,
                    env: Vec::new(),
                }
            }
        };
        Ok(Contender {
            name: String::new(),
            kind: engine.name,
            version: version(&program, engine),
            launch,
            compile_seconds: Some(made.wall),
            file_bytes: size(&output),
        })
    }

    /// The grants, and `--invoke`, as this engine spells them.
    fn grant_words(&self, engine: &Engine) -> Result<Vec<OsString>, Failure> {
        let cannot = |what: &dyn std::fmt::Display| {
            Failure::usage(format!("`{what}` cannot be passed on to {}", engine.name))
        };
        let mut words = Vec::new();
        if let Some(name) = &self.args.code.invoke {
            if engine.invoke.is_empty() {
                return Err(cannot(&"--invoke"));
            }
            words.extend(fill_in(engine.invoke, &[("name", name.as_ref())]));
        }
        let mut set = |name: &OsStr, value: &OsStr| {
            words.extend(fill_in(engine.env, &[("name", name), ("value", value)]));
        };
        let mut folders = Vec::new();
        for grant in self.args.grants.parse().map_err(grant_failure)? {
            match grant {
                // Not every engine can grant a folder for reading only.
                Grant::Dir { host, guest, .. } => folders.push((host, guest)),
                Grant::Env { name, value } => {
                    if let Some(value) = value.or_else(|| std::env::var_os(&name)) {
                        set(&name, &value);
                    }
                }
                Grant::InheritEnv => {
                    for (name, value) in std::env::vars_os() {
                        if name != environment::options_variable() {
                            set(&name, &value);
                        }
                    }
                }
                // How a program of ours confines itself, or ends, is no business of other engines.
                Grant::Confine(_) | Grant::Trap(_) | Grant::GcStress => {}
                other => return Err(cannot(&other)),
            }
        }
        for (host, guest) in folders {
            words.extend(fill_in(engine.dir, &[("host", &host), ("guest", &guest)]));
        }
        Ok(words)
    }
}

/// The flags of [`CodeArgs`] that another wasmc needs to make the same of a module.
fn code_words(code: &CodeArgs) -> Vec<OsString> {
    let mut words = Vec::new();
    let mut flag = |name: &str, value: String| words.extend([name.into(), value.into()]);
    if let Some(level) = code.opt_level.to_possible_value() {
        flag("-O", level.get_name().to_owned());
    }
    if let Some(cpu) = code.cpu {
        flag("--cpu", cpu.name().to_owned());
    }
    for switch in &code.features {
        let no = if switch.enabled { "" } else { "no-" };
        flag("-W", format!("{no}{}", switch.name));
    }
    if let Some(name) = &code.invoke {
        flag("--invoke", name.clone());
    }
    if let Some(bytes) = code.max_memory {
        flag("--max-memory", bytes.to_string());
    }
    if let Some(bytes) = code.stack_size {
        flag("--stack-size", bytes.to_string());
    }
    if code.bounds_checks {
        words.push("--bounds-checks".into());
    }
    words
}

/// The executable `name` in the folder of `program`, or on the PATH.
fn beside(program: &Path, name: &str) -> Result<PathBuf, Failure> {
    let beside = program.with_file_name(name);
    match beside.is_file() {
        true => Ok(beside),
        false => executable(name.as_ref()),
    }
}

/// The first line that an engine says about its version.
fn version(program: &Path, engine: &Engine) -> Option<String> {
    let launch = Launch {
        program: program.to_owned(),
        argv0: None,
        args: vec![engine.version.into()],
        env: Vec::new(),
    };
    let said = measure::run(&launch, None).ok()?.stdout;
    let line = String::from_utf8_lossy(&said)
        .lines()
        .next()?
        .trim()
        .to_owned();
    (!line.is_empty()).then_some(line)
}

fn size(path: &Path) -> Option<u64> {
    let metadata = fs::metadata(path).ok()?;
    metadata.is_file().then_some(metadata.len())
}

/// The words with `{key}` replaced by its value.
fn fill_in(words: &[&str], values: &[(&str, &OsStr)]) -> Vec<OsString> {
    let fill = |word: &&str| {
        let mut filled = Vec::new();
        let mut rest = *word;
        while let Some((before, after)) = rest.split_once('{') {
            let (key, after) = after.split_once('}').expect("a template closes its braces");
            let value = values.iter().find(|(name, _)| *name == key);
            filled.extend_from_slice(before.as_bytes());
            filled.extend_from_slice(value.expect("a template's keys exist").1.as_bytes());
            rest = after;
        }
        filled.extend_from_slice(rest.as_bytes());
        OsString::from_vec(filled)
    };
    words.iter().map(fill).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_filled_in() {
        let words = fill_in(
            &["--dir", "{host}::{guest}", "{guest}"],
            &[("host", "/a b".as_ref()), ("guest", "/g".as_ref())],
        );
        assert_eq!(words, ["--dir", "/a b::/g", "/g"]);
    }

    #[test]
    fn every_engine_has_only_known_keys() {
        let value = OsStr::new("x");
        let places = [("module", value), ("output", value), ("argv0", value)];
        for engine in ENGINES {
            fill_in(engine.compile, &places);
            fill_in(engine.run.unwrap_or(&[]), &places);
            fill_in(engine.program, &places);
            fill_in(engine.dir, &[("host", value), ("guest", value)]);
            fill_in(engine.env, &[("name", value), ("value", value)]);
            fill_in(engine.invoke, &[("name", value)]);
        }
    }
}
