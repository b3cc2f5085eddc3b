"""Building only what changed: an output is up to date when its stamp equals the hash of everything it
was made from (files by content, the rest by its text)."""

import hashlib
from pathlib import Path

import paths


def key_of(*parts):
    """A hash over texts and files (`Path`s are read; folders stand for all files in them)."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, Path):
            files = sorted(p for p in part.rglob("*") if p.is_file()) if part.is_dir() else [part]
            for file in files:
                digest.update(str(file.name).encode() + b"\0" + file.read_bytes() + b"\0")
        else:
            digest.update(str(part).encode() + b"\0")
    return digest.hexdigest()


def _stamp(output):
    return paths.STAMPS / (str(output.relative_to(paths.MATERIAL)).replace("/", "__") + ".stamp")


def is_current(output, key):
    stamp = _stamp(output)
    return output.exists() and stamp.exists() and stamp.read_text() == key


def mark(output, key):
    paths.STAMPS.mkdir(parents=True, exist_ok=True)
    _stamp(output).write_text(key)
