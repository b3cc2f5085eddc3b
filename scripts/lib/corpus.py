"""The generated input file of the compressors: 10 MB, the same bytes on every machine."""

import random
import struct

import paths
import stamps

SIZE = 10_000_000
VERSION = "3"


def corpus_bytes():
    """Text of made-up words in a natural distribution, tables of numbers, and some noise."""
    source = random.Random(19700101)
    letters = "etaoinshrdlucmfwypvbgkqjxz"
    words = []
    for _ in range(6000):
        length = 1 + min(source.getrandbits(4) % 9, source.getrandbits(4) % 12)
        words.append("".join(letters[min(source.getrandbits(5), source.getrandbits(5)) % 26]
                             for _ in range(length)))
    parts = []
    size = 0
    while size < SIZE:
        kind = source.getrandbits(3)
        if kind < 5:
            chosen = [words[int(6000 * source.random() ** 3)] for _ in range(4000)]
            part = " ".join(chosen).encode() + b".\n"
        elif kind < 7:
            start = source.getrandbits(20)
            part = b"".join(struct.pack("<IHh", start + i, i * i & 0xFFFF, source.getrandbits(6))
                            for i in range(2000))
        else:
            part = source.randbytes(4096)
        parts.append(part)
        size += len(part)
    return b"".join(parts)[:SIZE]


def build():
    output = paths.DATA / "corpus.bin"
    if stamps.is_current(output, VERSION):
        return False
    paths.DATA.mkdir(parents=True, exist_ok=True)
    output.write_bytes(corpus_bytes())
    stamps.mark(output, VERSION)
    return True
