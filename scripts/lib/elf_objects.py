"""What is in a relocatable ELF object of 64 bits, little-endian: sections, symbols, relocations."""

import struct
from dataclasses import dataclass, field

SYMTAB, RELA, NOBITS = 2, 4, 8
SECTION_SYMBOL = 3


@dataclass
class Section:
    name: str
    kind: int
    size: int
    data: bytes
    link: int
    info: int
    relocations: list = field(default_factory=list)


@dataclass
class Symbol:
    name: str
    kind: int
    section: str  # empty for an undefined one
    value: int
    size: int


@dataclass
class Relocation:
    offset: int
    kind: int
    symbol: Symbol
    addend: int


class Object:
    """The sections by name, and the symbols in their order."""

    def __init__(self, data):
        if data[:6] != b"\x7fELF\x02\x01":
            raise ValueError("not an ELF file of 64 bits, little-endian")
        (start,) = struct.unpack_from("<Q", data, 40)
        size, count, names = struct.unpack_from("<HHH", data, 58)
        headers = [struct.unpack_from("<IIQQQQIIQQ", data, start + size * n) for n in range(count)]
        strings = headers[names][4]
        sections = []
        for name, kind, _, _, offset, length, link, info, _, _ in headers:
            content = b"" if kind == NOBITS else data[offset : offset + length]
            name = _string(data, strings + name)
            sections.append(Section(name, kind, length, content, link, info))
        self.sections = {section.name: section for section in sections}
        self.symbols = []
        for table in sections:
            if table.kind == SYMTAB:
                names = sections[table.link].data
                for name, info, _, section, value, size in struct.iter_unpack("<IBBHQQ", table.data):
                    place = sections[section].name if 0 < section < 0xFF00 else ""
                    symbol = Symbol(_string(names, name), info & 15, place, value, size)
                    self.symbols.append(symbol)
        for table in sections:
            if table.kind == RELA:
                relocations = sections[table.info].relocations
                for offset, info, addend in struct.iter_unpack("<QQq", table.data):
                    symbol = self.symbols[info >> 32]
                    relocations.append(Relocation(offset, info & 0xFFFF_FFFF, symbol, addend))


def _string(data, at):
    return data[at : data.index(b"\0", at)].decode()
