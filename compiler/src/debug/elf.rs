//! How do debugging sections get into an executable, or into a file beside it?
//!
//! They are appended to what was linked: nothing of them is loaded, and nothing that is loaded
//! changes.
//!
//! ```text
//! executable   | what was linked | sections | names of sections | section headers |
//! debug file   | header | segments | symbols, sections … | names of sections | section headers |
//! ```

use std::mem::offset_of;

use object::elf::{self, FileHeader64, ProgramHeader64, SectionHeader64};
use object::read::elf::{FileHeader as _, ProgramHeader as _, SectionHeader as _};
use object::read::{ReadRef as _, elf::ElfFile64};
use object::{LittleEndian as Le, Object as _, ObjectSymbol as _, U16, U32, U64, bytes_of};
use wasmc_abi::layout::Program as Root;
use wasmc_abi::symbols;

/// Sections: names and contents.
pub(crate) type Sections = [(&'static str, Vec<u8>)];

/// Bytes of a section header.
const HEADER: usize = size_of::<SectionHeader64<Le>>();

/// The address of the guest's code in an executable that has its symbols.
pub(crate) fn text_address(executable: &[u8]) -> Result<u64, String> {
    let text = |error: object::read::Error| error.to_string();
    let file = ElfFile64::<Le>::parse(executable).map_err(text)?;
    let root = file
        .symbols()
        .find(|symbol| symbol.name() == Ok(symbols::PROGRAM))
        .ok_or("the executable has no root record")?;
    // The root says where the text is, relative to where it says so.
    let field = root.address() + offset_of!(Root, text) as u64;
    let segments = file.elf_program_headers().iter();
    let mut holding = segments.filter(|segment| segment.p_type(Le) == elf::PT_LOAD);
    let segment = holding
        .find(|segment| {
            let start = segment.p_vaddr(Le);
            (start..start + segment.p_filesz(Le)).contains(&field)
        })
        .ok_or("the root record is not in the file")?;
    let at = field - segment.p_vaddr(Le) + segment.p_offset(Le);
    let bytes = executable.read_bytes_at(at, 4);
    let bytes = bytes.map_err(|()| "the root record is cut off")?;
    let distance = i32::from_le_bytes(bytes.try_into().expect("4 bytes"));
    Ok(field.wrapping_add_signed(distance.into()))
}

/// The executable with more sections.
pub(crate) fn append(mut executable: Vec<u8>, sections: &Sections) -> Result<Vec<u8>, String> {
    let (mut headers, mut names, names_index) = section_headers(&executable)?;
    let table_at = {
        let header = FileHeader64::<Le>::parse(&*executable).map_err(|error| error.to_string())?;
        header.e_shoff(Le) as usize
    };
    // The old table is of no more use; usually it is the last of the file.
    if table_at + headers.len() * HEADER == executable.len() {
        executable.truncate(table_at);
    }
    for (name, content) in sections {
        let at = executable.len() as u64;
        executable.extend_from_slice(content);
        let kind = elf::SHT_PROGBITS;
        headers.push(new_header(&mut names, name, kind, at, content.len()));
    }
    finish(executable, headers, &names, names_index)
}

/// A file with the debugging sections and the symbols of an executable, and none of its code.
pub(crate) fn debug_file(executable: &[u8], sections: &Sections) -> Result<Vec<u8>, String> {
    let text = |error: object::read::Error| error.to_string();
    let header = FileHeader64::<Le>::parse(executable).map_err(text)?;
    let segments = header.program_headers(Le, executable).map_err(text)?;
    let (mut headers, mut names, names_index) = section_headers(executable)?;
    let mut file = bytes_of(header).to_vec();
    // The program headers follow the file's header, as in the executable.
    for segment in segments {
        let mut segment: ProgramHeader64<Le> = *segment;
        segment.p_filesz.set(Le, 0);
        file.extend_from_slice(bytes_of(&segment));
    }
    let at = size_of::<FileHeader64<Le>>() as u64;
    let start = offset_of!(FileHeader64<Le>, e_phoff);
    file[start..start + 8].copy_from_slice(&at.to_le_bytes());
    for header in &mut headers {
        let kind = header.sh_type.get(Le);
        let is_loaded = header.sh_flags.get(Le) & u64::from(elf::SHF_ALLOC) != 0;
        if is_loaded && kind != elf::SHT_NOTE && kind != elf::SHT_NULL {
            header.sh_type.set(Le, elf::SHT_NOBITS);
        }
        let content = header.data(Le, executable).map_err(text)?;
        let align = header.sh_addralign.get(Le).clamp(1, 16) as usize;
        file.resize(file.len().next_multiple_of(align), 0);
        header.sh_offset.set(Le, file.len() as u64);
        file.extend_from_slice(content);
    }
    for (name, content) in sections {
        let at = file.len() as u64;
        file.extend_from_slice(content);
        headers.push(new_header(
            &mut names,
            name,
            elf::SHT_PROGBITS,
            at,
            content.len(),
        ));
    }
    finish(file, headers, &names, names_index)
}

/// The section by which debuggers find the file with the debugging information of an executable:
/// its name and a checksum.
pub(crate) fn debug_link(name: &str, file: &[u8]) -> (&'static str, Vec<u8>) {
    let mut content = name.as_bytes().to_vec();
    content.push(0);
    content.resize(content.len().next_multiple_of(4), 0);
    content.extend(crc32(file).to_le_bytes());
    (".gnu_debuglink", content)
}

/// The section headers of a file, the names of the sections, and the index of the section of names.
type Headers = (Vec<SectionHeader64<Le>>, Vec<u8>, usize);

fn section_headers(file: &[u8]) -> Result<Headers, String> {
    let text = |error: object::read::Error| error.to_string();
    let header = FileHeader64::<Le>::parse(file).map_err(text)?;
    let headers = header.section_headers(Le, file).map_err(text)?;
    let index = header.shstrndx(Le, file).map_err(text)? as usize;
    let names = headers.get(index).ok_or("the sections have no names")?;
    let names = names.data(Le, file).map_err(text)?.to_vec();
    Ok((headers.to_vec(), names, index))
}

fn new_header(
    names: &mut Vec<u8>,
    name: &str,
    kind: u32,
    at: u64,
    len: usize,
) -> SectionHeader64<Le> {
    let name_at = names.len() as u32;
    names.extend_from_slice(name.as_bytes());
    names.push(0);
    SectionHeader64 {
        sh_name: U32::new(Le, name_at),
        sh_type: U32::new(Le, kind),
        sh_flags: U64::new(Le, 0),
        sh_addr: U64::new(Le, 0),
        sh_offset: U64::new(Le, at),
        sh_size: U64::new(Le, len as u64),
        sh_link: U32::new(Le, 0),
        sh_info: U32::new(Le, 0),
        sh_addralign: U64::new(Le, 1),
        sh_entsize: U64::new(Le, 0),
    }
}

/// Writes the names of the sections and their headers at the end of a file.
fn finish(
    mut file: Vec<u8>,
    mut headers: Vec<SectionHeader64<Le>>,
    names: &[u8],
    names_index: usize,
) -> Result<Vec<u8>, String> {
    let count = u16::try_from(headers.len()).map_err(|_| "there are too many sections")?;
    headers[names_index].sh_offset.set(Le, file.len() as u64);
    headers[names_index].sh_size.set(Le, names.len() as u64);
    file.extend_from_slice(names);
    file.resize(file.len().next_multiple_of(8), 0);
    let table_at = U64::new(Le, file.len() as u64);
    for header in &headers {
        file.extend_from_slice(bytes_of(header));
    }
    let mut set = |at: usize, bytes: &[u8]| file[at..at + bytes.len()].copy_from_slice(bytes);
    set(offset_of!(FileHeader64<Le>, e_shoff), bytes_of(&table_at));
    set(
        offset_of!(FileHeader64<Le>, e_shnum),
        bytes_of(&U16::new(Le, count)),
    );
    Ok(file)
}

/// The checksum of debug links: CRC-32 as in zlib.
fn crc32(bytes: &[u8]) -> u32 {
    let table: [u32; 256] = std::array::from_fn(|index| {
        (0..8).fold(index as u32, |value, _| match value & 1 {
            0 => value >> 1,
            _ => value >> 1 ^ 0xedb8_8320,
        })
    });
    !bytes.iter().fold(!0, |value, &byte| {
        table[(value as u8 ^ byte) as usize] ^ value >> 8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_zlib() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        let (_, link) = debug_link("app.debug", b"123456789");
        assert_eq!(&link, b"app.debug\0\0\0\x26\x39\xf4\xcb");
    }
}
