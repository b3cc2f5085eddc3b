"""What gdb does not know of programs that wasmc compiled: pointers of the guest have 32 bits, and are
offsets in its memory. In programs compiled with -g the memory lies at those addresses too, and gdb
needs none of this; it is for the lowest 64 KiB, for addresses beyond the second mapping, and for
programs that could not be given one.

    print *$g(p)        what a pointer of the guest points to
    print $guest(p)     the address in the process of a pointer of the guest
"""
import gdb


def base():
    """The address of the memory."""
    name = gdb.selected_inferior().architecture().name()
    return 0x100000000 if name.startswith("aarch64") else 0x3C080000


def address(pointer):
    number = int(pointer) & 0xFFFFFFFF
    return base() + number if number else 0


class Guest(gdb.Function):
    """$guest(p): the address in the process of the guest's pointer p."""

    def __init__(self):
        super().__init__("guest")

    def invoke(self, pointer):
        return address(pointer)


class Follow(gdb.Function):
    """$g(p): the guest's pointer p as one of this machine."""

    def __init__(self):
        super().__init__("g")

    def invoke(self, pointer):
        kind = pointer.type.strip_typedefs()
        return gdb.Value(address(pointer)).cast(kind.target().pointer())


class Text:
    """A char* of the guest, with the text that it points to."""

    def __init__(self, value):
        self.value = value

    def to_string(self):
        number = int(self.value) & 0xFFFFFFFF
        if not number:
            return "0x0"
        kind = self.value.type.strip_typedefs().target().unqualified().pointer()
        try:
            place = gdb.Value(address(self.value)).cast(kind)
            text = place.string(errors="replace", length=-1)
        except gdb.error:
            return hex(number)
        shown = text if len(text) <= 200 else text[:200] + "..."
        return hex(number) + ' "' + shown.replace('"', '\\"') + '"'


def printer(value):
    kind = value.type.strip_typedefs()
    if kind.code != gdb.TYPE_CODE_PTR or kind.sizeof != 4:
        return None
    target = kind.target().strip_typedefs()
    if target.code == gdb.TYPE_CODE_INT and target.sizeof == 1:
        return Text(value)
    return None


Guest()
Follow()
gdb.pretty_printers.append(printer)
