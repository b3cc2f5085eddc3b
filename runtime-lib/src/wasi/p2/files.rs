//! `wasi:filesystem`, what is about an open file or directory.

use super::errors::put_result;
use super::objects::{self, Object};
use super::resources::{Descriptor, Entries, File, Input, Output, Position};
use crate::guest::call::{Call, Place};
use crate::guest::trap;
use crate::host::descriptors::Kind;
use crate::host::system::SYSTEM;
use crate::sys::fs::{self, Advice, SetTime, Stat};
use crate::sys::io;
use core::ops::ControlFlow;
use rustix::fd::BorrowedFd;
use rustix::io::Errno;
use wasmc_abi::p2::Resource;
use wasmc_abi::p2_layout::descriptor_type::Code as Type;
use wasmc_abi::p2_layout::{self as layout, Layout, descriptor_stat, directory_entry};
use wasmc_abi::traps::Trap;

/// Bits of `descriptor-flags`.
pub mod flags {
    pub const READ: u32 = 1;
    pub const WRITE: u32 = 1 << 1;
    pub const FILE_INTEGRITY_SYNC: u32 = 1 << 2;
    pub const DATA_INTEGRITY_SYNC: u32 = 1 << 3;
    pub const REQUESTED_WRITE_SYNC: u32 = 1 << 4;
    pub const MUTATE_DIRECTORY: u32 = 1 << 5;
}

/// Most bytes of a read: longer ones give less than was asked for.
const CHUNK: usize = 64 * 1024;

pub fn get(call: &Call<'_>, this: u32) -> Descriptor {
    objects::descriptor(call.borrow(this, Resource::Descriptor))
}

/// Writes a `result<_, error-code>`.
pub fn put_unit(call: &Call<'_>, ret: u32, result: impl FnOnce() -> Result<(), Errno>) {
    let place = call.place(ret, layout::UNIT.size, layout::UNIT.align);
    put_result(place, layout::UNIT, result(), |(), _| {});
}

fn place<'a>(call: &Call<'a>, ret: u32, layout: Layout) -> Place<'a> {
    call.place(ret, layout.size, layout.align)
}

/// Makes a stream that reads from an offset on.
pub fn descriptor_read_via_stream(call: &Call<'_>, this: u32, offset: u64, ret: u32) {
    let place = place(call, ret, layout::WORD);
    let descriptor = get(call, this);
    let made = readable(&descriptor)
        .and_then(|_| File::of(descriptor.number))
        .map(|file| {
            let position = match descriptor.kind {
                Kind::File => Position::At(offset),
                // A device or a pipe has no offsets.
                _ => Position::None,
            };
            let object = objects::add(Object::Input(Input::File { file, position }), None);
            call.own(Resource::InputStream, object)
        });
    put_result(place, layout::WORD, made, |handle, at| {
        place.put(at, handle)
    });
}

/// Makes a stream that writes from an offset on.
pub fn descriptor_write_via_stream(call: &Call<'_>, this: u32, offset: u64, ret: u32) {
    let descriptor = get(call, this);
    let position = match descriptor.kind {
        Kind::File => Position::At(offset),
        _ => Position::None,
    };
    output(call, &descriptor, position, ret);
}

/// Makes a stream that writes at the end.
pub fn descriptor_append_via_stream(call: &Call<'_>, this: u32, ret: u32) {
    let descriptor = get(call, this);
    let position = match descriptor.kind {
        Kind::File => Position::End,
        _ => Position::None,
    };
    output(call, &descriptor, position, ret);
}

fn output(call: &Call<'_>, descriptor: &Descriptor, position: Position, ret: u32) {
    let place = place(call, ret, layout::WORD);
    let made = writable(descriptor)
        .and_then(|_| File::of(descriptor.number))
        .map(|file| {
            let output = Output::file(file, position);
            let object = objects::add(Object::Output(output), None);
            call.own(Resource::OutputStream, object)
        });
    put_result(place, layout::WORD, made, |handle, at| {
        place.put(at, handle)
    });
}

fn readable(descriptor: &Descriptor) -> Result<BorrowedFd<'static>, Errno> {
    match descriptor.read {
        true => descriptor.file(),
        false => Err(Errno::BADF),
    }
}

fn writable(descriptor: &Descriptor) -> Result<BorrowedFd<'static>, Errno> {
    match descriptor.write {
        true => descriptor.file(),
        false => Err(Errno::BADF),
    }
}

/// Tells the system how a range of a file will be used.
pub fn descriptor_advise(
    call: &Call<'_>,
    this: u32,
    offset: u64,
    length: u64,
    advice: u32,
    ret: u32,
) {
    let advice = match advice {
        0 => Advice::Normal,
        1 => Advice::Sequential,
        2 => Advice::Random,
        3 => Advice::WillNeed,
        4 => Advice::DontNeed,
        5 => Advice::NoReuse,
        _ => trap::raise(Trap::InvalidDiscriminant),
    };
    let descriptor = get(call, this);
    put_unit(call, ret, || {
        let fd = descriptor.file()?;
        // The kernel's offsets are signed.
        if i64::try_from(offset).is_err() || i64::try_from(length).is_err() {
            return Err(Errno::INVAL);
        }
        fs::advise(fd, offset, length, advice)
    });
}

/// Writes a file's data to the disk.
pub fn descriptor_sync_data(call: &Call<'_>, this: u32, ret: u32) {
    let descriptor = get(call, this);
    put_unit(call, ret, || fs::sync_data(descriptor.file.fd()));
}

/// Writes a file's data and metadata to the disk.
pub fn descriptor_sync(call: &Call<'_>, this: u32, ret: u32) {
    let descriptor = get(call, this);
    put_unit(call, ret, || fs::sync(descriptor.file.fd()));
}

/// Gives the flags with which a descriptor was opened.
pub fn descriptor_get_flags(call: &Call<'_>, this: u32, ret: u32) {
    let place = place(call, ret, layout::BYTE);
    let descriptor = get(call, this);
    let found = fs::modes(descriptor.file.fd()).map(|modes| {
        let flag = |is_set: bool, flag: u32| if is_set { flag } else { 0 };
        let mutable = descriptor.is_directory() && !descriptor.read_only;
        flag(descriptor.read, flags::READ)
            | flag(descriptor.write, flags::WRITE)
            | flag(modes.sync, flags::FILE_INTEGRITY_SYNC)
            | flag(modes.dsync, flags::DATA_INTEGRITY_SYNC)
            | flag(mutable, flags::MUTATE_DIRECTORY)
    });
    put_result(place, layout::BYTE, found, |flags, at| {
        place.put(at, flags as u8)
    });
}

/// Gives the type of a file.
pub fn descriptor_get_type(call: &Call<'_>, this: u32, ret: u32) {
    let place = place(call, ret, layout::BYTE);
    let descriptor = get(call, this);
    let found = match descriptor.kind {
        Kind::Directory => Ok(Type::directory),
        Kind::File => Ok(Type::regular_file),
        _ => fs::stat(descriptor.file.fd()).map(|stat| file_type(stat.kind)),
    };
    put_result(place, layout::BYTE, found, |ty, at| place.put(at, ty as u8));
}

/// Sets the size of a file.
pub fn descriptor_set_size(call: &Call<'_>, this: u32, size: u64, ret: u32) {
    let descriptor = get(call, this);
    put_unit(call, ret, || {
        let fd = writable(&descriptor)?;
        if i64::try_from(size).is_err() {
            return Err(Errno::FBIG);
        }
        fs::set_size(fd, size)
    });
}

/// Sets the times of a file.
#[expect(clippy::too_many_arguments, reason = "the specification has as many")]
pub fn descriptor_set_times(
    call: &Call<'_>,
    this: u32,
    accessed: u32,
    accessed_seconds: u64,
    accessed_nanoseconds: u32,
    modified: u32,
    modified_seconds: u64,
    modified_nanoseconds: u32,
    ret: u32,
) {
    let accessed = timestamp(accessed, accessed_seconds, accessed_nanoseconds);
    let modified = timestamp(modified, modified_seconds, modified_nanoseconds);
    let descriptor = get(call, this);
    put_unit(call, ret, || {
        descriptor.require_mutable()?;
        if !descriptor.is_directory() && !descriptor.write {
            return Err(Errno::PERM);
        }
        fs::set_times(descriptor.file.fd(), accessed?, modified?)
    });
}

/// A `new-timestamp`.
pub fn timestamp(case: u32, seconds: u64, nanoseconds: u32) -> Result<SetTime, Errno> {
    match case {
        0 => Ok(SetTime::Keep),
        1 => Ok(SetTime::Now),
        2 if nanoseconds >= 1_000_000_000 => Err(Errno::INVAL),
        2 => {
            let time = seconds
                .checked_mul(1_000_000_000)
                .and_then(|time| time.checked_add(nanoseconds.into()));
            time.map(SetTime::At).ok_or(Errno::OVERFLOW)
        }
        _ => trap::raise(Trap::InvalidDiscriminant),
    }
}

/// Reads from an offset, and says whether the end was reached.
pub fn descriptor_read(call: &Call<'_>, this: u32, length: u64, offset: u64, ret: u32) {
    let place = place(call, ret, layout::READ);
    let descriptor = get(call, this);
    let mut buffer = [0; CHUNK / 4];
    let room = length.min(buffer.len() as u64) as usize;
    let room = buffer.get_mut(..room).unwrap_or_default();
    let read = readable(&descriptor).and_then(|fd| match room.is_empty() {
        true => Ok((0, false)),
        false => io::read_bytes_at(fd, room, offset).map(|len| (len, len == 0)),
    });
    put_result(place, layout::READ, read, |(len, end), at| {
        let (address, len) = call.lower_bytes(room.get(..len).unwrap_or_default());
        place.put(at, address);
        place.put(at + 4, len);
        place.put(at + 8, u8::from(end));
    });
}

/// Writes at an offset: how many bytes.
pub fn descriptor_write(
    call: &Call<'_>,
    this: u32,
    buffer: u32,
    buffer_len: u32,
    offset: u64,
    ret: u32,
) {
    let place = place(call, ret, layout::COUNT);
    let descriptor = get(call, this);
    let bytes = call.bytes(buffer, buffer_len);
    let written = writable(&descriptor).and_then(|fd| io::write_at(fd, &[bytes.io_vec()], offset));
    put_result(place, layout::COUNT, written, |len, at| {
        place.put(at, len as u64)
    });
}

/// Makes a stream of the entries of a directory.
pub fn descriptor_read_directory(call: &Call<'_>, this: u32, ret: u32) {
    let place = place(call, ret, layout::WORD);
    let descriptor = get(call, this);
    let made = descriptor
        .directory()
        .and_then(|_| File::of(descriptor.number))
        .map(|file| {
            let entries = Entries { file, position: 0 };
            let object = objects::add(Object::Entries(entries), None);
            call.own(Resource::DirectoryEntryStream, object)
        });
    put_result(place, layout::WORD, made, |handle, at| {
        place.put(at, handle)
    });
}

/// Gives the next entry of a directory, without `.` and `..`; none at the end.
pub fn directory_entry_stream_read_directory_entry(call: &Call<'_>, this: u32, ret: u32) {
    let place = place(call, ret, layout::ENTRY);
    let number = call.borrow(this, Resource::DirectoryEntryStream);
    let mut entries = objects::entries(number);
    let mut name = [0; 256];
    let mut found = None;
    let listed = fs::list(entries.file.fd(), entries.position, |entry| {
        entries.position = entry.next;
        if matches!(entry.name, b"." | b"..") {
            return ControlFlow::Continue(());
        }
        let room = name.get_mut(..entry.name.len());
        found = room.map(|room| {
            room.copy_from_slice(entry.name);
            (file_type(entry.kind), entry.name.len())
        });
        ControlFlow::Break(())
    });
    objects::set(number, Object::Entries(entries));
    put_result(place, layout::ENTRY, listed, |(), at| {
        place.put(at, u8::from(found.is_some()));
        if let Some((ty, len)) = found {
            let at = at + 4;
            let (address, len) = call.lower_string(name.get(..len).unwrap_or_default());
            place.put(at + directory_entry::TYPE, ty as u8);
            place.put(at + directory_entry::NAME, address);
            place.put(at + directory_entry::NAME + 4, len);
        }
    });
}

/// Gives what is known about an open file.
pub fn descriptor_stat(call: &Call<'_>, this: u32, ret: u32) {
    let place = place(call, ret, layout::STAT);
    let stat = fs::stat(get(call, this).file.fd());
    put_result(place, layout::STAT, stat, |stat, at| {
        put_stat(place, at, &stat)
    });
}

/// Writes a `descriptor-stat` at an offset.
pub fn put_stat(place: Place<'_>, at: u32, stat: &Stat) {
    place.put(at + descriptor_stat::TYPE, file_type(stat.kind) as u8);
    place.put(at + descriptor_stat::LINK_COUNT, stat.links);
    place.put(at + descriptor_stat::LENGTH, stat.size);
    for (field, time) in [
        (descriptor_stat::ACCESSED, stat.accessed),
        (descriptor_stat::MODIFIED, stat.modified),
        (descriptor_stat::CHANGED, stat.changed),
    ] {
        place.put(at + field, 1u8);
        let at = at + field + layout::datetime::ALIGN;
        place.put(at + layout::datetime::SECONDS, time / 1_000_000_000);
        let nanoseconds = (time % 1_000_000_000) as u32;
        place.put(at + layout::datetime::NANOSECONDS, nanoseconds);
    }
}

/// The type of a file.
pub fn file_type(kind: fs::Kind) -> Type {
    match kind {
        fs::Kind::Other => Type::unknown,
        fs::Kind::BlockDevice => Type::block_device,
        fs::Kind::CharacterDevice => Type::character_device,
        fs::Kind::Directory => Type::directory,
        fs::Kind::Regular => Type::regular_file,
        fs::Kind::Socket => Type::socket,
        fs::Kind::Link => Type::symbolic_link,
    }
}

/// Says whether two descriptors are of the same file.
pub fn descriptor_is_same_object(call: &Call<'_>, this: u32, other: u32) -> u32 {
    let (one, two) = (get(call, this), get(call, other));
    match (fs::stat(one.file.fd()), fs::stat(two.file.fd())) {
        (Ok(one), Ok(two)) => u32::from(one.device == two.device && one.inode == two.inode),
        _ => 0,
    }
}

/// Gives a number of 128 bits that tells the file from others.
pub fn descriptor_metadata_hash(call: &Call<'_>, this: u32, ret: u32) {
    let stat = fs::stat(get(call, this).file.fd());
    put_hash(place(call, ret, layout::HASH), stat);
}

/// Writes a `result<metadata-hash-value, error-code>`.
pub fn put_hash(place: Place<'_>, stat: Result<Stat, Errno>) {
    put_result(place, layout::HASH, stat, |stat, at| {
        let mixed = mix(stat.device ^ mix(stat.inode));
        place.put(at + layout::metadata_hash::LOWER, mixed);
        place.put(at + layout::metadata_hash::UPPER, mix(mixed ^ stat.inode));
    });
}

/// Spreads a number over all bits (the finalizer of MurmurHash3).
fn mix(value: u64) -> u64 {
    let value = (value ^ value >> 33).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let value = (value ^ value >> 33).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    value ^ value >> 33
}

/// Gives the granted folders and their names.
pub fn preopens_get_directories(call: &Call<'_>, ret: u32) {
    const ELEMENT: u32 = 12;
    let place = place(call, ret, layout::LIST);
    let table = &SYSTEM.fds;
    let names = || (3..).map_while(|number| Some((number, table.preopen_name(number).ok()?)));
    let count = names().count() as u32;
    let (address, list) = call.allocate(count * ELEMENT, 4);
    for ((number, name), at) in names().zip(0..count) {
        let Ok(file) = File::of(number) else {
            trap::raise(Trap::TooManyHandles)
        };
        let read_only = table
            .get(number)
            .is_ok_and(|descriptor| descriptor.access().read_only);
        let descriptor = Descriptor {
            file,
            number,
            granted: true,
            kind: Kind::Directory,
            read_only,
            read: true,
            write: false,
        };
        let object = objects::add(Object::Descriptor(descriptor), None);
        let (text, len) = call.lower_string(name);
        list.put(at * ELEMENT, call.own(Resource::Descriptor, object));
        list.put(at * ELEMENT + 4, text);
        list.put(at * ELEMENT + 8, len);
    }
    place.put(0, address);
    place.put(4, count);
}

/// Drops a `descriptor`.
pub fn drop_descriptor(object: u32) {
    if let Object::Descriptor(descriptor) = objects::remove(object) {
        descriptor.file.release();
        if !descriptor.granted {
            // The number is open as long as its only descriptor.
            let _ = SYSTEM.fds.close(descriptor.number);
        }
    }
}

/// Drops a `directory-entry-stream`.
pub fn drop_entries(object: u32) {
    if let Object::Entries(entries) = objects::remove(object) {
        entries.file.release();
    }
}
