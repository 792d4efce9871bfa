# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads the parts of ELF files that determine the size of a core's image: the sections, the stack
frame of each function, and the calls between functions.

The files are little-endian, with 32 bits (Peano's files) or 64 bits. With -fstack-size-section, Peano
writes the size of each function's stack frame into the section .stack_sizes. An entry has the
function's address and the frame's size in bytes, as ULEB128."""

import dataclasses
import struct

from image_tool.reporting import BuildError

RELOCATABLE = 1  # e_type of an object file
SHT_SYMTAB, SHT_RELA, SHT_NOBITS, SHT_REL = 2, 4, 8, 9
SHF_ALLOC, SHF_EXECINSTR = 2, 4
STT_FUNC, STT_SECTION = 2, 3
DATA_SECTIONS = ('.data', '.rodata', '.bss', '.aie.bank')


@dataclasses.dataclass
class Section:
    """A section.

    info: in a section of relocations, the number of the section that they change."""
    name: str
    kind: int
    flags: int
    offset: int
    size: int
    link: int
    info: int


@dataclasses.dataclass
class Symbol:
    """A symbol.

    value: in a linked file, an address; in an object file, an offset in section number `section`."""
    name: str
    value: int
    size: int
    kind: int
    section: int


@dataclasses.dataclass
class Relocation:
    """A reference to `symbol` plus `addend` bytes.

    section: the number of the section that contains the reference; place: the position of the
    reference, in a linked file an address, in an object file an offset in the section."""
    section: int
    place: int
    symbol: Symbol
    addend: int


class Elf:
    """The content of an ELF file. Raises BuildError if `path` is not such a file."""

    def __init__(self, path):
        self.data = path.read_bytes()
        try:
            self._read_header()
            self.sections = self._read_sections()
            self.symbols = self._read_symbols()
            self.relocations = self._read_relocations()
        except (struct.error, IndexError, UnicodeDecodeError) as error:
            raise BuildError(f'{path} is not a complete ELF file: {error}') from error

    def _read_header(self):
        if self.data[:4] != b'\x7fELF' or self.data[5:6] != b'\x01':
            raise IndexError('no header of a little-endian ELF file')
        self.is_64 = self.data[4] == 2
        layout = '<HHIQQQIHHHHHH' if self.is_64 else '<HHIIIIIHHHHHH'
        header = struct.unpack_from(layout, self.data, 16)
        self.is_object = header[0] == RELOCATABLE
        self._section_offset, self._n_sections, self._names = header[5], header[11], header[12]

    def _text(self, table, offset):
        begin = table + offset
        return self.data[begin:self.data.index(b'\0', begin)].decode()

    def _read_sections(self):
        layout = '<IIQQQQIIQQ' if self.is_64 else '<IIIIIIIIII'
        rows = [struct.unpack_from(layout, self.data, self._section_offset + i * struct.calcsize(layout))
                for i in range(self._n_sections)]
        names = rows[self._names][4]
        return [Section(self._text(names, name), kind, flags, offset, size, link, info)
                for name, kind, flags, _, offset, size, link, info, _, _ in rows]

    def _read_symbols(self):
        table = next((s for s in self.sections if s.kind == SHT_SYMTAB), None)
        if table is None:
            return []
        names = self.sections[table.link].offset
        layout = '<IBBHQQ' if self.is_64 else '<IIIBBH'
        symbols = []
        for row in struct.iter_unpack(layout, self.content(table)):
            if self.is_64:
                name, info, _, section, value, size = row
            else:
                name, value, size, info, _, section = row
            symbols.append(Symbol(self._text(names, name), value, size, info & 15, section))
        return symbols

    def _read_relocations(self):
        found = []
        for section in self.sections:
            if section.kind not in (SHT_REL, SHT_RELA):
                continue
            word = 'Q' if self.is_64 else 'I'
            layout = f'<{word}{word}' + (word.lower() if section.kind == SHT_RELA else '')
            for place, info, *addend in struct.iter_unpack(layout, self.content(section)):
                symbol = self.symbols[info >> (32 if self.is_64 else 8)]
                found.append(Relocation(section.info, place, symbol, addend[0] if addend else 0))
        return found

    def content(self, section):
        """Returns the content of a section; b'' if the file stores no content for it."""
        if section.kind == SHT_NOBITS:
            return b''
        return self.data[section.offset:section.offset + section.size]

    def code_bytes(self):
        """Returns the size of all code in bytes."""
        return sum(s.size for s in self.sections if s.flags & SHF_ALLOC and s.flags & SHF_EXECINSTR)

    def data_bytes(self):
        """Returns the size of all static data in bytes, including constants."""
        return sum(s.size for s in self.sections
                   if s.flags & SHF_ALLOC and not s.flags & SHF_EXECINSTR and
                   s.name.startswith(DATA_SECTIONS))

    def functions(self):
        """Returns the symbols of functions that the file defines."""
        return [s for s in self.symbols if s.kind == STT_FUNC and s.section != 0]

    def _function_at(self, section, place):
        """Returns the name of the function that contains the position `place` (see Relocation), or None."""
        for function in self.functions():
            here = function.section == section or not self.is_object
            if here and function.value <= place < function.value + max(function.size, 1):
                return function.name
        return None

    def _referred(self, relocation):
        """Returns the name of the function that a relocation refers to, or None."""
        symbol = relocation.symbol
        if symbol.kind == STT_SECTION:
            return self._function_at(symbol.section, symbol.value + relocation.addend)
        is_function = symbol.kind == STT_FUNC or (symbol.section == 0 and symbol.name)
        return symbol.name if is_function else None

    def calls(self):
        """Returns a dictionary from each function's name to the names of the other functions that it
        refers to. Functions that refer to no other function are not in the dictionary."""
        found = {}
        for relocation in self.relocations:
            if not self.sections[relocation.section].flags & SHF_EXECINSTR:
                continue
            caller = self._function_at(relocation.section, relocation.place)
            callee = self._referred(relocation)
            if caller and callee and caller != callee:
                found.setdefault(caller, set()).add(callee)
        return found

    def frame_bytes(self):
        """Returns a dictionary from functions' names to the sizes of their stack frames in bytes. It
        contains only functions with an entry in .stack_sizes."""
        frames = {}
        for number, section in enumerate(self.sections):
            if section.name == '.stack_sizes':
                frames.update(self._frames_of(number, self.content(section)))
        return frames

    def _frames_of(self, number, content):
        places = {r.place: r for r in self.relocations if r.section == number}
        position = 0
        while position < len(content):
            begin = position
            address, = struct.unpack_from('<Q' if self.is_64 else '<I', content, position)
            position += 8 if self.is_64 else 4
            size, position = read_uleb128(content, position)
            relocation = places.get(begin)
            name = self._referred(relocation) if relocation else self._function_at(None, address)
            if name:
                yield name, size


def read_uleb128(content, position):
    """Returns the number at a position of `content`, and the position after it."""
    value = shift = 0
    while True:
        byte = content[position]
        position += 1
        value |= (byte & 0x7f) << shift
        shift += 7
        if byte < 0x80:
            return value, position
