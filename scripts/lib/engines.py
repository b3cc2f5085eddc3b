"""How a module is run by each engine: the oracle (wasmtime) and an executable made by wasmc.

A grant is (host folder, guest path, read-only)."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import paths
import stamps
import tools


@dataclass(frozen=True)
class Grant:
    host: Path
    guest: str
    read_only: bool = False

    def text(self):
        return f"{self.host}::{self.guest}" + (":ro" if self.read_only else "")


def find_wasmtime():
    """The wasmtime command, or None: $WASMTIME, PATH, then what `scripts/material wasmtime` made."""
    named = os.environ.get("WASMTIME")
    if named:
        return named
    own = paths.WASMTIME_ROOT / "bin"
    return shutil.which("wasmtime") or shutil.which("wasmtime", path=str(own))


class WasmtimeCommand:
    """The wasmtime command, with modules compiled ahead into the material folder."""

    def __init__(self, command):
        self.command = command
        self.name = tools.run([command, "--version"], capture=True).strip()

    def precompile(self, module):
        output = paths.BUILD / "wasmtime" / (module.stem + ".cwasm")
        key = stamps.key_of(self.name, module)
        if not stamps.is_current(output, key):
            output.parent.mkdir(parents=True, exist_ok=True)
            tools.run([self.command, "compile", module, "-o", output])
            stamps.mark(output, key)
        return output

    def line(self, module, argv0, args, grants, env):
        # wasmtime has no read-only grants; the folders granted so are not written by any case.
        line = [self.command, "run", "--allow-precompiled", "--argv0", argv0]
        for grant in grants:
            line += ["--dir", f"{grant.host}::{grant.guest}"]
        for name, value in env.items():
            line += ["--env", f"{name}={value}"]
        return [*line, str(self.precompile(module)), *args]


class WasmtimePython:
    """The same through PyPI's package."""

    def __init__(self):
        self.folder = tools.python_package("wasmtime", tools.WASMTIME_PYTHON, "wasmtime")
        self.name = f"wasmtime {tools.WASMTIME_PYTHON} (Python package)"

    def line(self, module, argv0, args, grants, env):
        line = [sys.executable, str(paths.ROOT / "scripts/lib/wasi_oracle.py"), argv0]
        for grant in grants:
            line += ["--dir", grant.text()]
        for name, value in env.items():
            line += ["--env", f"{name}={value}"]
        if self.folder:
            line = ["/usr/bin/env", f"PYTHONPATH={self.folder}", *line]
        return [*line, str(module), *args]


def oracle():
    """wasmtime in whichever form can be had."""
    command = find_wasmtime()
    return WasmtimeCommand(command) if command else WasmtimePython()


class Wasmc:
    """Executables compiled by wasmc, kept for the length of one run of the script."""

    def __init__(self, command, flags=(), name="wasmc"):
        self.command = str(Path(command).resolve())
        self.flags = list(flags)
        self.name = name
        self.folder = paths.BUILD / "wasmc" / name
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.executables = {}

    def executable(self, module, grants=(), env=None, flags=()):
        """The compiled module with its grants baked in; raises `CalledProcessError`."""
        options = [*self.flags, *flags]
        for grant in grants:
            options += ["--dir", grant.text()]
        for name, value in (env or {}).items():
            options += ["--env", f"{name}={value}"]
        key = (module, *options)
        if key not in self.executables:
            output = self.folder / f"{module.stem}-{len(self.executables)}"
            tools.run([self.command, "compile", module, "-o", output, *options])
            self.executables[key] = output
        return self.executables[key]


def execute(line, *, argv0=None, stdin=b"", timeout=300):
    """Runs a command line; returns (stdout, stderr, status as a shell shows it)."""
    line = [str(word) for word in line]
    done = subprocess.run(
        [argv0 or line[0], *line[1:]], executable=line[0], input=stdin,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout,
        env={"PATH": os.environ.get("PATH", ""), "HOME": os.environ.get("HOME", "")},
    )
    status = done.returncode if done.returncode >= 0 else 128 - done.returncode
    return done.stdout, done.stderr, status
