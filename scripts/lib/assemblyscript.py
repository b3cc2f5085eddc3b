"""AssemblyScript with its WASI shim, both from npm."""

import shutil
from pathlib import Path

import paths
import stamps
import tools

VERSIONS = {"assemblyscript": "0.28.20", "@assemblyscript/wasi-shim": "0.1.0"}


def build():
    output = paths.WASM / "assemblyscript.wasm"
    source = paths.EXAMPLES / "assemblyscript" / "tour.ts"
    key = stamps.key_of(source, VERSIONS, Path(__file__))
    if stamps.is_current(output, key):
        return False
    node = tools.program("node")
    modules = tools.npm_packages("assemblyscript", VERSIONS)
    # The shim's configuration has paths relative to itself; the compiler wants its sources below
    # the folder it runs in.
    folder = modules.parent
    shutil.copyfile(source, folder / "tour.ts")
    output.parent.mkdir(parents=True, exist_ok=True)
    tools.run([node, modules / "assemblyscript" / "bin" / "asc.js", "tour.ts",
               "--config", "node_modules/@assemblyscript/wasi-shim/asconfig.json",
               "-O3", "--debug", "--outFile", output], cwd=folder)
    stamps.mark(output, key)
    return True
