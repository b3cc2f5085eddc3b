//! Other engines: how each compiles a module ahead of time and runs the result.

/// How an engine's command line is spelt. In the words, `{module}` stands for the module,
/// `{output}` for what was made of it, `{argv0}` for the module's name, `{host}`, `{guest}`,
/// `{name}` and `{value}` for the parts of a grant.
#[derive(Debug)]
pub struct Engine {
    /// Its name, which is that of its executable too.
    pub name: &'static str,
    /// The executable that compiles, when that is another one.
    pub compiler: Option<&'static str>,
    /// Words that compile a module.
    pub compile: &'static [&'static str],
    /// The file name extension of what comes out; engines look at it.
    pub extension: &'static str,
    /// The first words that run it; `None` when it runs by itself.
    pub run: Option<&'static [&'static str]>,
    /// The words that grant a folder.
    pub dir: &'static [&'static str],
    /// The words that set an environment variable.
    pub env: &'static [&'static str],
    /// The words that call the export `{name}`; empty when there is no such way.
    pub invoke: &'static [&'static str],
    /// The last words before the program's arguments.
    pub program: &'static [&'static str],
    /// The word that prints a version.
    pub version: &'static str,
}

/// The engines that `--against` knows.
pub const ENGINES: &[Engine] = &[
    Engine {
        name: "wasmtime",
        compiler: None,
        compile: &["compile", "{module}", "-o", "{output}"],
        extension: "cwasm",
        run: Some(&["run", "--allow-precompiled", "--argv0", "{argv0}"]),
        dir: &["--dir", "{host}::{guest}"],
        env: &["--env", "{name}={value}"],
        invoke: &["--invoke", "{name}"],
        program: &["{output}"],
        version: "--version",
    },
    Engine {
        name: "wasmer",
        compiler: None,
        compile: &["compile", "{module}", "-o", "{output}"],
        extension: "wasmu",
        run: Some(&["run"]),
        dir: &["--volume", "{host}:{guest}"],
        env: &["--env", "{name}={value}"],
        invoke: &["--invoke", "{name}"],
        program: &["{output}", "--"],
        version: "--version",
    },
    Engine {
        name: "wasmedge",
        compiler: None,
        compile: &["compile", "{module}", "{output}"],
        extension: "so",
        run: Some(&[]),
        dir: &["--dir", "{guest}:{host}"],
        env: &["--env", "{name}={value}"],
        invoke: &[],
        program: &["{output}"],
        version: "--version",
    },
    Engine {
        name: "iwasm",
        compiler: Some("wamrc"),
        compile: &["-o", "{output}", "{module}"],
        extension: "aot",
        run: Some(&["--stack-size=1048576"]),
        dir: &["--map-dir={guest}::{host}"],
        env: &["--env={name}={value}"],
        invoke: &["-f", "{name}"],
        program: &["{output}"],
        version: "--version",
    },
    Engine {
        name: "wazero",
        compiler: None,
        compile: &["compile", "-cachedir={output}", "{module}"],
        extension: "cache",
        run: Some(&["run", "-cachedir={output}"]),
        dir: &["-mount={host}:{guest}"],
        env: &["-env={name}={value}"],
        invoke: &[],
        program: &["{module}"],
        version: "version",
    },
    Engine {
        name: "wasmc",
        compiler: None,
        compile: &["compile", "{module}", "-o", "{output}"],
        extension: "exe",
        run: None,
        dir: &[],
        env: &[],
        invoke: &["--invoke", "{name}"],
        program: &[],
        version: "--version",
    },
];

/// The engine of this name.
pub fn by_name(name: &str) -> Option<&'static Engine> {
    ENGINES.iter().find(|engine| engine.name == name)
}

/// The engine that an executable's file name begins with: `wasmtime-48` is wasmtime.
pub fn by_file_name(file: &str) -> Option<&'static Engine> {
    by_name(file.split(|c: char| !c.is_ascii_alphanumeric()).next()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_in_file_names_do_not_matter() {
        let name = |file| by_file_name(file).map(|engine| engine.name);
        assert_eq!(name("wasmtime"), Some("wasmtime"));
        assert_eq!(name("wasmtime-48.0"), Some("wasmtime"));
        assert_eq!(name("iwasm.old"), Some("iwasm"));
        assert_eq!(name("wasmtimes"), None);
        assert_eq!(name("my-wasmtime"), None);
    }
}
