"""Finding and fetching tools: what is on the machine is used, what is missing comes from its package
registry into the material folder, and what cannot be had raises `Missing`."""

import importlib.metadata
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import paths

ZIGLANG = "0.17.1"
WASMTIME_PYTHON = "50.0.1"
WASMTIME_CLI = "48.0.8"


class Missing(Exception):
    """A tool or a source that a build needs is not to be had on this machine."""


def run(command, *, cwd=None, env=None, capture=False, timeout=1800):
    """Runs a command to its end; raises `CalledProcessError` with its last output when it fails."""
    command = [str(part) for part in command]
    full_env = dict(os.environ, **env) if env else None
    result = subprocess.run(
        command, cwd=cwd, env=full_env, timeout=timeout, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )
    if result.returncode != 0:
        tail = (result.stdout + result.stderr).strip().splitlines()[-25:]
        raise subprocess.CalledProcessError(
            result.returncode, " ".join(command[:6]), output="\n".join(tail)
        )
    return result.stdout if capture else None


def program(name):
    """The path of a program that must be on the machine."""
    found = shutil.which(name)
    if not found:
        raise Missing(f"no `{name}` on this machine")
    return found


def python_package(name, version, module):
    """The folder to put on PYTHONPATH so that `module` of PyPI package `name` can be imported.

    An installed package of the pinned version is used as it is; else pip installs that version into
    the material folder.
    """
    try:
        if importlib.metadata.version(name) == version and importlib.util.find_spec(module):
            return None
    except importlib.metadata.PackageNotFoundError:
        pass
    target = paths.TOOLS / f"{name}-{version}"
    if not (target / module).is_dir():
        scratch = target.with_suffix(".partial")
        shutil.rmtree(scratch, ignore_errors=True)
        pip_install(f"{name}=={version}", scratch)
        scratch.rename(target)
    return target


def pip_install(requirement, target):
    """Installs one PyPI package without its dependencies into a folder."""
    paths.TOOLS.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps",
               "--disable-pip-version-check", "--target", target, requirement]
    try:
        run(command)
    except (subprocess.CalledProcessError, OSError) as error:
        raise Missing(f"pip cannot install {requirement}: {last_line(error)}") from error


def npm_packages(folder_name, dependencies):
    """The `node_modules` folder with exactly the given npm packages; scripts are not run."""
    folder = paths.TOOLS / folder_name
    manifest = json.dumps({"private": True, "dependencies": dependencies}, sort_keys=True)
    done = folder / "installed.json"
    if not done.exists() or done.read_text() != manifest:
        npm = program("npm")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "package.json").write_text(manifest)
        try:
            run([npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"], cwd=folder)
        except subprocess.CalledProcessError as error:
            raise Missing(f"npm cannot install {', '.join(dependencies)}: {last_line(error)}") from error
        done.write_text(manifest)
    return folder / "node_modules"


def debian_packages(folder_name, names):
    """A folder into which Debian packages were unpacked, without installing them."""
    folder = paths.TOOLS / folder_name
    done = folder / "unpacked.txt"
    if not done.exists() or done.read_text() != "\n".join(names):
        apt, dpkg = program("apt-get"), program("dpkg-deb")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        try:
            run([apt, "download", *names], cwd=folder)
        except subprocess.CalledProcessError as first:
            # An old or absent package list is the usual cause.
            try:
                run([apt, "update"])
                run([apt, "download", *names], cwd=folder)
            except subprocess.CalledProcessError:
                raise Missing(f"apt-get cannot download {names[0]}: {last_line(first)}") from first
        for package in sorted(folder.glob("*.deb")):
            run([dpkg, "-x", package, folder])
            package.unlink()
        done.write_text("\n".join(names))
    return folder


_crate_folders = {}


def crate_folder(name):
    """The source folder of a crate that `scripts/sources/Cargo.toml` pins."""
    if not _crate_folders:
        manifest = paths.ROOT / "scripts" / "sources" / "Cargo.toml"
        cargo = program("cargo")
        try:
            run([cargo, "fetch", "--quiet", "--locked", "--manifest-path", manifest])
            text = run([cargo, "metadata", "--format-version=1", "--locked", "--offline",
                        "--manifest-path", manifest], capture=True)
        except subprocess.CalledProcessError as error:
            raise Missing(f"cargo cannot fetch the C sources: {last_line(error)}") from error
        for package in json.loads(text)["packages"]:
            _crate_folders[package["name"]] = Path(package["manifest_path"]).parent
    return _crate_folders[name]


def build_wasmtime():
    """The wasmtime command, built by cargo: long, and needed only for measuring."""
    command = paths.WASMTIME_ROOT / "bin" / "wasmtime"
    if command.exists() and WASMTIME_CLI in run([command, "--version"], capture=True):
        return False
    try:
        run([program("cargo"), "install", "wasmtime-cli", "--version", WASMTIME_CLI, "--locked",
             "--root", paths.WASMTIME_ROOT, "--target-dir", paths.BUILD / "wasmtime-cli"],
            timeout=7200)
    except subprocess.CalledProcessError as error:
        raise Missing(f"cargo cannot install wasmtime-cli: {last_line(error)}") from error
    return True


def zig_cc():
    """The command of zig's C compiler and the environment it needs."""
    folder = python_package("ziglang", ZIGLANG, "ziglang")
    env = {"ZIG_GLOBAL_CACHE_DIR": str(paths.BUILD / "zig-cache"),
           "ZIG_LOCAL_CACHE_DIR": str(paths.BUILD / "zig-cache")}
    if folder:
        env["PYTHONPATH"] = str(folder)
    return [sys.executable, "-m", "ziglang", "cc"], env


def wasm2c():
    """wasm2c's program, header folder and runtime source (Debian's `wabt`)."""
    installed = shutil.which("wasm2c")
    if installed and Path("/usr/include/wasm-rt.h").exists():
        root = Path("/")
        command = Path(installed)
    else:
        root = debian_packages("wabt", ["wabt"])
        command = root / "usr/bin/wasm2c"
    return command, root / "usr/include", root / "usr/share/wabt/wasm2c"


def last_line(error):
    """The last line of a failed command's output, for a message of one line."""
    text = (getattr(error, "output", None) or str(error)).strip()
    return text.splitlines()[-1] if text else type(error).__name__
