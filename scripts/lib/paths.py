"""Where things lie: every path the scripts share."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MATERIAL = ROOT / ".material"

WASM = MATERIAL / "wasm"  # modules, input of wasmc and of the oracle
NATIVE = MATERIAL / "native"  # the same C programs compiled for this machine
WASM2C = MATERIAL / "wasm2c"  # the same modules through wasm2c and gcc
DATA = MATERIAL / "data"  # generated input files
YOSYS_SHARE = MATERIAL / "yosys-share"  # the folder yosys looks for its libraries in
STAMPS = MATERIAL / "stamps"  # what each output was made from
TOOLS = MATERIAL / "tools"  # tools installed from package registries, never system-wide
WASMTIME_ROOT = TOOLS / "wasmtime-cli"  # where cargo installs the wasmtime command
BUILD = MATERIAL / "build"  # intermediate files

KERNELS = ROOT / "benches" / "kernels"
PROGRAMS = ROOT / "benches" / "programs"
EXAMPLES = ROOT / "examples"
