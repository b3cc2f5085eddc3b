"""The engines of `benches/run`: how each runs a program, and why it cannot."""

import shutil

import bench_programs
import engines
import paths
import stamps
import tools


class Contestant:
    """One way to run the programs. `line(benchmark, folder, round)` is a command and an environment;
    `missing(benchmark)` says why there is none. Rounds may differ in the alignment of the code."""

    def __init__(self, name, folder, alignments):
        self.name = name
        self.folder = folder  # where the granted `/w` lies
        self.alignments = alignments

    def alignment(self, number):
        return self.alignments[number % len(self.alignments)] if self.alignments else None

    def grants(self, benchmark):
        return [engines.Grant(self.folder, "/w")] if benchmark.uses_folder() else []

    def module(self, benchmark):
        return paths.WASM / f"{benchmark.program}.wasm"

    def missing(self, benchmark):
        module = self.module(benchmark)
        return None if module.exists() else f"no {module.relative_to(paths.ROOT)}"


class Wasmc(Contestant):
    def __init__(self, name, folder, alignments, command, flags):
        super().__init__(name, folder, alignments)
        self.builds = {
            alignment: engines.Wasmc(
                command, [*flags, *(["--function-alignment", str(alignment)] if alignment else [])],
                f"bench-{name}-{alignment}")
            for alignment in alignments or [None]
        }

    def line(self, benchmark, number):
        build = self.builds[self.alignment(number)]
        return [str(build.executable(self.module(benchmark), self.grants(benchmark))),
                *benchmark.args], {}


class Native(Contestant):
    """Executables of this machine: the folder has its own name, not `/w`."""

    def __init__(self, name, folder, alignments, place):
        super().__init__(name, folder, alignments)
        self.place = place

    def missing(self, benchmark):
        file = self.place / benchmark.program
        return None if file.exists() else f"no {file.relative_to(paths.ROOT)}"

    def line(self, benchmark, number):
        file = bench_programs.executable(self.place, benchmark.program, self.alignment(number))
        args = [str(self.folder) + arg[2:] if arg.startswith("/w/") else arg for arg in benchmark.args]
        return [str(file), *args], {}


class Wasm2c(Native):
    def line(self, benchmark, number):
        file = bench_programs.executable(self.place, benchmark.program, self.alignment(number))
        return [str(file), *benchmark.args], {"W2C_DIRS": f"{self.folder}::/w"}


# Engines on the PATH: words that compile a module, its extension, words that run it.
FOREIGN = {
    "wasmtime": (["compile", "{module}", "-o", "{output}"], "cwasm",
                 ["run", "--allow-precompiled", "{dir}", "{output}"], ["--dir", "{host}::/w"]),
    "wasmer": (["compile", "{module}", "-o", "{output}"], "wasmu",
               ["run", "{dir}", "{output}", "--"], ["--volume", "{host}:/w"]),
    "wasmedge": (["compile", "{module}", "{output}"], "so", ["{dir}", "{output}"],
                 ["--dir", "/w:{host}"]),
    "iwasm": (["-o", "{output}", "{module}"], "aot", ["--stack-size=1048576", "{dir}", "{output}"],
              ["--map-dir=/w::{host}"]),
}


class Foreign(Contestant):
    """Another engine, with modules compiled ahead; it has no say in alignments."""

    def __init__(self, name, folder, command):
        super().__init__(name, folder, [])
        self.command = command
        compiler = shutil.which("wamrc") if name == "iwasm" else command
        if not compiler:
            raise tools.Missing("no wamrc on the PATH")
        self.compiler = compiler
        version = tools.run([command, "--version"], capture=True).strip()
        self.version = version.splitlines()[0] if version else name
        self.failed = {}

    def missing(self, benchmark):
        reason = super().missing(benchmark)
        if reason or benchmark.program in self.failed:
            return reason or self.failed[benchmark.program]
        try:
            self.precompile(benchmark)
        except tools.subprocess.CalledProcessError as error:
            self.failed[benchmark.program] = f"does not compile: {tools.last_line(error)}"
        return self.failed.get(benchmark.program)

    def precompile(self, benchmark):
        compile_words, extension, _, _ = FOREIGN[self.name]
        module = self.module(benchmark)
        output = paths.BUILD / self.name / f"{benchmark.program}.{extension}"
        key = stamps.key_of(self.version, module)
        if not stamps.is_current(output, key):
            output.parent.mkdir(parents=True, exist_ok=True)
            places = {"{module}": str(module), "{output}": str(output)}
            tools.run([self.compiler, *(places.get(word, word) for word in compile_words)])
            stamps.mark(output, key)
        return output

    def line(self, benchmark, number):
        _, _, run_words, dir_words = FOREIGN[self.name]
        output = str(self.precompile(benchmark))
        grant = [word.replace("{host}", str(self.folder)) for word in dir_words]
        line = [self.command]
        for word in run_words:
            line += {"{dir}": grant if benchmark.uses_folder() else [], "{output}": [output]}.get(
                word, [word])
        return [*line, *benchmark.args], {}


class Oracle(Contestant):
    """PyPI's wasmtime, which compiles in the process: for outputs, not for times."""

    def __init__(self, folder):
        super().__init__("oracle", folder, [])
        self.oracle = engines.WasmtimePython()

    def line(self, benchmark, number):
        module = self.module(benchmark)
        grants = self.grants(benchmark)
        return [str(word) for word in
                self.oracle.line(module, module.name, benchmark.args, grants, {})], {}


# wasmc with different flags, as engines of their own.
WASMC_FLAGS = {
    "wasmc": [],
    "wasmc-native": ["--cpu", "native"],
    "wasmc-fuel": ["--fuel", str(2**63 - 1)],
    "wasmc-checks": ["--bounds-checks"],
}

# Those that are measured unless others are named.
NAMES = ("wasmc", "wasmc-native", "wasmtime", "wasm2c", "native", "gcc", "wasmer", "wasmedge", "iwasm")


def contestants(names, wasmc, folder, alignments):
    """Those of the names that are to be had; the reasons of the others."""
    found, reasons = [], []
    for name in names:
        if name.startswith("wasmc"):
            found.append(Wasmc(name, folder, alignments, wasmc, WASMC_FLAGS[name]))
        elif name == "native":
            found.append(Native(name, folder, alignments, paths.NATIVE))
        elif name == "gcc":
            found.append(Native(name, folder, alignments, bench_programs.GCC))
        elif name == "wasm2c":
            found.append(Wasm2c(name, folder, alignments, paths.WASM2C))
        else:
            command = engines.find_wasmtime() if name == "wasmtime" else shutil.which(name)
            try:
                if not command:
                    raise tools.Missing(f"no {name} on the PATH")
                found.append(Foreign(name, folder, command))
            except tools.Missing as missing:
                reasons.append(f"{name}: {missing}")
    return found, reasons
