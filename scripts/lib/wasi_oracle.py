"""Runs a module under PyPI's `wasmtime`, for machines without the wasmtime command:

    python3 wasi_oracle.py ARGV0 [--dir HOST::GUEST[:ro]]... [--env NAME=VALUE]... MODULE [ARGUMENT...]

Standard streams are the process's own. Exit status as the wasmtime command has it: the program's,
or 134 after a trap.
"""

import os
import sys


def main(words):
    import wasmtime

    argv0, words = words[0], words[1:]
    config = wasmtime.WasiConfig()
    environment = []
    while words[0] in ("--dir", "--env"):
        option, value, words = words[0], words[1], words[2:]
        if option == "--env":
            name, _, text = value.partition("=")
            environment.append((name, text))
            continue
        host, _, guest = value.partition("::")
        read_only = guest.endswith(":ro")
        guest = guest.removesuffix(":ro")
        config.preopen_dir(host, guest, not read_only)
    config.env = environment
    config.argv = [argv0, *words[1:]]
    config.inherit_stdin()
    config.inherit_stdout()
    config.inherit_stderr()

    engine = wasmtime.Engine()
    linker = wasmtime.Linker(engine)
    linker.define_wasi()
    store = wasmtime.Store(engine)
    store.set_wasi(config)
    instance = linker.instantiate(store, wasmtime.Module.from_file(engine, words[0]))
    try:
        instance.exports(store)["_start"](store)
    except wasmtime.ExitTrap as exit_trap:
        return exit_trap.code
    except wasmtime.Trap as trap:
        print(trap, file=sys.stderr)
        return 134
    return 0


if __name__ == "__main__":
    status = main(sys.argv[1:])
    sys.stdout.flush()
    os._exit(status)
