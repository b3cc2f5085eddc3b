"""AssemblyScript with its WASI shim, both from npm."""

import shutil
from pathlib import Path

import paths
import stamps
import tools

VERSIONS = {"assemblyscript": "0.28.20", "@assemblyscript/wasi-shim": "0.1.0"}


TOUR = paths.EXAMPLES / "assemblyscript" / "tour.ts"
BENCH = paths.ROOT / "benches" / "assemblyscript" / "collections.ts"


def build():
    return _build(TOUR, "assemblyscript")


def build_bench():
    return _build(BENCH, "collections")


def _build(source, name):
    output = paths.WASM / f"{name}.wasm"
    key = stamps.key_of(source, VERSIONS, Path(__file__))
    if stamps.is_current(output, key):
        return False
    node = tools.program("node")
    modules = tools.npm_packages("assemblyscript", VERSIONS)
    # The shim's configuration has paths relative to itself; the compiler wants its sources below
    # the folder it runs in.
    folder = modules.parent
    shutil.copyfile(source, folder / source.name)
    output.parent.mkdir(parents=True, exist_ok=True)
    tools.run([node, modules / "assemblyscript" / "bin" / "asc.js", source.name,
               "--config", "node_modules/@assemblyscript/wasi-shim/asconfig.json",
               "-O3", "--debug", "--outFile", output], cwd=folder)
    stamps.mark(output, key)
    return True
