"""Removing debug sections from a module: the name section stays, so that backtraces have names."""


def _leb(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def strip_debug(data):
    """The module without its custom sections named `.debug_*`."""
    if data[:8] != b"\0asm\1\0\0\0":
        raise ValueError("not a WebAssembly module")
    kept = bytearray(data[:8])
    at = 8
    while at < len(data):
        start = at
        kind = data[at]
        size, body = _leb(data, at + 1)
        at = body + size
        if kind == 0:
            length, name = _leb(data, body)
            if data[name:name + length].startswith(b".debug_"):
                continue
        kept += data[start:at]
    return bytes(kept)
