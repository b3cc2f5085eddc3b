//! `wasi:io/streams`: reading and writing.
//!
//! What is written to a file goes to the system at once, so that flushing has nothing to do; other
//! parts of the runtime may keep it until then. Reads go through a buffer of the runtime's, because the guest's memory is allocated only
//! when it is known how much there is.

use super::buffer::{BUFFER, CHUNK, Source};
use super::errors::error_handle;
use super::objects::{self, Object};
use super::poll;
use super::resources::{File, Input, Output, OutputPlace, Position, StreamError, Wait};
use crate::guest::call::{Call, Place};
use crate::guest::trap;
use crate::sys::fs::{self, Modes};
use crate::sys::io::{self, IoVec};
use rustix::fd::AsRawFd;
use rustix::io::Errno;
use wasmc_abi::p2::Resource;
use wasmc_abi::p2_layout::{self as layout, Layout};
use wasmc_abi::traps::Trap;

/// Most bytes of a `blocking-write-and-flush`, by the interface's definition.
const BLOCKING_WRITE: u32 = 4096;

impl Input {
    /// What to wait for before reading.
    fn wait(&self) -> Wait {
        match self {
            Input::File {
                file,
                position: Position::None,
            } => Wait::Readable(file.fd().as_raw_fd()),
            // A file never makes one wait.
            Input::File { .. } => Wait::Nothing,
            Input::Body(body) => Wait::Ask(body.wait, body.number),
        }
    }

    /// Reads up to so many bytes into the buffer: how many.
    fn read(&mut self, len: usize) -> Result<usize, StreamError> {
        if len == 0 {
            return Ok(0);
        }
        BUFFER.with(|buffer| {
            let room = buffer.get_mut(..len).unwrap_or_default();
            match self {
                Input::File { file, position } => read_file(file, position, room),
                Input::Body(body) => (body.read)(body.number, room),
            }
        })
    }
}

fn read_file(file: &File, position: &mut Position, room: &mut [u8]) -> Result<usize, StreamError> {
    let read = match *position {
        Position::At(offset) => io::read_bytes_at(file.fd(), room, offset),
        Position::None | Position::End => io::read_bytes(file.fd(), room),
    };
    match read {
        Ok(0) => Err(None),
        Ok(len) => {
            if let Position::At(offset) = position {
                *offset = offset.saturating_add(len as u64);
            }
            Ok(len)
        }
        // It was ready, and somebody else has read it.
        Err(Errno::AGAIN | Errno::INTR) => Ok(0),
        Err(errno) => Err(Some(errno)),
    }
}

impl Output {
    /// What to wait for before writing.
    fn wait(&self) -> Wait {
        match self.place {
            OutputPlace::File {
                file,
                position: Position::None,
            } => Wait::Writable(file.fd().as_raw_fd()),
            OutputPlace::File { .. } => Wait::Nothing,
            OutputPlace::Body(body) => Wait::Ask(body.wait, body.number),
        }
    }

    /// How many bytes may be written without waiting.
    fn room(&self) -> Result<usize, StreamError> {
        match self.place {
            OutputPlace::File { .. } => {
                let wait = self.wait();
                let is_ready = wait.is_nothing() || poll::is_ready(wait);
                Ok(if is_ready { CHUNK } else { 0 })
            }
            OutputPlace::Body(body) => (body.room)(body.number).map(|room| room.min(CHUNK)),
        }
    }

    /// Writes all bytes. Waits until there is room.
    fn write(&mut self, source: Source<'_>) -> Result<(), StreamError> {
        match &mut self.place {
            OutputPlace::File { file, position } => write_file(file, position, source),
            OutputPlace::Body(body) => {
                while (body.room)(body.number)? < source.len() {
                    (body.flush)(body.number)?;
                    poll::block((body.wait)(body.number));
                }
                (body.write)(body.number, source)
            }
        }
    }

    /// Sends what was written; whether that was all.
    fn flush(&self) -> Result<bool, StreamError> {
        match self.place {
            OutputPlace::File { .. } => Ok(true),
            OutputPlace::Body(body) => (body.flush)(body.number),
        }
    }

    /// Sends what was written, and waits until all is sent.
    fn flush_all(&self) -> Result<(), StreamError> {
        if let OutputPlace::Body(body) = self.place {
            while !(body.flush)(body.number)? {
                poll::block((body.unsent)(body.number));
            }
        }
        Ok(())
    }
}

/// Writes all bytes to a file.
fn write_file(file: &File, position: &mut Position, source: Source<'_>) -> Result<(), StreamError> {
    let mut done = 0;
    while done < source.len() {
        let Source::Guest(bytes) = source else {
            let len = source.len() - done;
            let written = BUFFER.with(|buffer| {
                let bytes = match source {
                    Source::Zeros(_) => {
                        let zeros = buffer.get_mut(..len).unwrap_or_default();
                        zeros.fill(0);
                        &*zeros
                    }
                    _ => buffer.get(done..done + len).unwrap_or_default(),
                };
                io::with_bytes(bytes, |vec| write_some(file, position, vec))
            });
            done += retry(file, written)?;
            continue;
        };
        let written = write_some(file, position, bytes.skip(done).io_vec());
        done += retry(file, written)?;
    }
    Ok(())
}

/// Writes what the system takes: how many bytes.
fn write_some(file: &File, position: &mut Position, bytes: IoVec<'_>) -> Result<usize, Errno> {
    let written = match *position {
        Position::None => io::write(file.fd(), &[bytes]),
        Position::At(offset) => io::write_at(file.fd(), &[bytes], offset),
        Position::End => append(file, bytes),
    };
    if let (Ok(len), Position::At(offset)) = (written, position) {
        *offset = offset.saturating_add(len as u64);
    }
    written
}

/// Nothing was written if it may be tried again, which is when this returns.
fn retry(file: &File, written: Result<usize, Errno>) -> Result<usize, StreamError> {
    match written {
        Ok(len) => Ok(len),
        // A stream that somebody has made not to wait; more was permitted than fits.
        Err(Errno::AGAIN) => {
            poll::block(Wait::Writable(file.fd().as_raw_fd()));
            Ok(0)
        }
        Err(Errno::INTR) => {
            trap::end_if_expired();
            Ok(0)
        }
        Err(errno) => Err(Some(errno)),
    }
}

/// Writes at the end of a file, in one step for whoever else writes there.
fn append(file: &File, bytes: IoVec<'_>) -> Result<usize, Errno> {
    let fd = file.fd();
    let modes = fs::modes(fd)?;
    fs::set_modes(
        fd,
        Modes {
            append: true,
            ..modes
        },
    )?;
    let written = io::write(fd, &[bytes]);
    // Writes at offsets must not append.
    fs::set_modes(fd, modes)?;
    written
}

/// Writes a `result<T, stream-error>`: `write` writes the value at the offset that it gets.
fn put_result<T>(
    call: &Call<'_>,
    place: Place<'_>,
    layout: Layout,
    result: Result<T, StreamError>,
    write: impl FnOnce(T, u32),
) {
    let payload = layout.payload;
    match result {
        Ok(value) => {
            place.put(0, 0u8);
            write(value, payload);
        }
        Err(error) => {
            place.put(0, 1u8);
            match error {
                Some(errno) => {
                    place.put(payload, 0u8);
                    place.put(payload + 4, error_handle(call, errno));
                }
                None => place.put(payload, 1u8),
            }
        }
    }
}

fn get_input(call: &Call<'_>, this: u32) -> (u32, Input) {
    let number = call.borrow(this, Resource::InputStream);
    (number, objects::input(number))
}

fn get_output(call: &Call<'_>, this: u32) -> (u32, Output) {
    let number = call.borrow(this, Resource::OutputStream);
    (number, objects::output(number))
}

/// A length that a guest asks for, as far as a call goes.
fn chunk(len: u64) -> usize {
    len.min(CHUNK as u64) as usize
}

/// Reads up to so many bytes into the buffer, waiting for the first if `waits`.
fn read_into_buffer(
    call: &Call<'_>,
    this: u32,
    len: u64,
    waits: bool,
) -> Result<usize, StreamError> {
    let (number, mut input) = get_input(call, this);
    let wait = input.wait();
    let len = chunk(len);
    if len > 0 && !wait.is_nothing() {
        match waits {
            true => poll::block(wait),
            false if !poll::is_ready(wait) => return Ok(0),
            false => {}
        }
    }
    let result = input.read(len);
    objects::set(number, Object::Input(input));
    result
}

fn read(call: &Call<'_>, this: u32, len: u64, ret: u32, waits: bool) {
    let layout = layout::STREAM_BYTES;
    let place = call.place(ret, layout.size, layout.align);
    let read = read_into_buffer(call, this, len, waits);
    put_result(call, place, layout, read, |len, payload| {
        let (address, bytes) = call.allocate(len as u32, 1);
        BUFFER.with(|buffer| bytes.bytes.copy_from(buffer.get(..len).unwrap_or_default()));
        place.put(payload, address);
        place.put(payload + 4, len as u32);
    });
}

/// Reads what is there, without waiting: up to so many bytes, perhaps none.
pub fn input_stream_read(call: &Call<'_>, this: u32, len: u64, ret: u32) {
    read(call, this, len, ret, false);
}

/// Reads up to so many bytes; waits until there is one.
pub fn input_stream_blocking_read(call: &Call<'_>, this: u32, len: u64, ret: u32) {
    read(call, this, len, ret, true);
}

fn skip(call: &Call<'_>, this: u32, len: u64, ret: u32, waits: bool) {
    let layout = layout::STREAM_COUNT;
    let place = call.place(ret, layout.size, layout.align);
    let read = read_into_buffer(call, this, len, waits);
    put_result(call, place, layout, read, |len, payload| {
        place.put(payload, len as u64);
    });
}

/// Leaves out what is there, without waiting: up to so many bytes.
pub fn input_stream_skip(call: &Call<'_>, this: u32, len: u64, ret: u32) {
    skip(call, this, len, ret, false);
}

/// Leaves out up to so many bytes; waits until there is one.
pub fn input_stream_blocking_skip(call: &Call<'_>, this: u32, len: u64, ret: u32) {
    skip(call, this, len, ret, true);
}

/// Makes a pollable that is ready when there is something to read.
pub fn input_stream_subscribe(call: &Call<'_>, this: u32) -> u32 {
    let (number, input) = get_input(call, this);
    let object = objects::add(Object::Pollable(input.wait()), Some(number));
    call.own(Resource::Pollable, object)
}

/// Says how many bytes may be written without waiting.
pub fn output_stream_check_write(call: &Call<'_>, this: u32, ret: u32) {
    let layout = layout::STREAM_COUNT;
    let place = call.place(ret, layout.size, layout.align);
    let (number, mut output) = get_output(call, this);
    let room = output.room();
    output.permitted = room.map_or(0, |room| room as u32);
    objects::set(number, Object::Output(output));
    put_result(call, place, layout, room, |room, payload| {
        place.put(payload, room as u64);
    });
}

/// Writes as many bytes as were permitted, or fewer.
pub fn output_stream_write(call: &Call<'_>, this: u32, contents: u32, contents_len: u32, ret: u32) {
    let source = Source::Guest(call.bytes(contents, contents_len));
    write_permitted(call, this, source, ret);
}

/// Writes so many zeros, which must have been permitted.
pub fn output_stream_write_zeroes(call: &Call<'_>, this: u32, len: u64, ret: u32) {
    // More than is ever permitted traps.
    let len = chunk(len.min(CHUNK as u64 + 1)).max(usize::from(len > CHUNK as u64) * (CHUNK + 1));
    write_permitted(call, this, Source::Zeros(len), ret);
}

fn write_permitted(call: &Call<'_>, this: u32, source: Source<'_>, ret: u32) {
    let layout = layout::STREAM_UNIT;
    let place = call.place(ret, layout.size, layout.align);
    let (number, mut output) = get_output(call, this);
    let len = source.len() as u32;
    if len > output.permitted {
        trap::raise(Trap::WriteNotPermitted);
    }
    output.permitted -= len;
    let written = output.write(source);
    objects::set(number, Object::Output(output));
    put_result(call, place, layout, written, |(), _| {});
}

/// Writes up to 4096 bytes, waiting until all are written.
pub fn output_stream_blocking_write_and_flush(
    call: &Call<'_>,
    this: u32,
    contents: u32,
    contents_len: u32,
    ret: u32,
) {
    let source = Source::Guest(call.bytes(contents, contents_len));
    write_blocking(call, this, source, contents_len.into(), ret);
}

/// Writes up to 4096 zeros, waiting until all are written.
pub fn output_stream_blocking_write_zeroes_and_flush(
    call: &Call<'_>,
    this: u32,
    len: u64,
    ret: u32,
) {
    write_blocking(call, this, Source::Zeros(chunk(len)), len, ret);
}

fn write_blocking(call: &Call<'_>, this: u32, source: Source<'_>, len: u64, ret: u32) {
    let layout = layout::STREAM_UNIT;
    let place = call.place(ret, layout.size, layout.align);
    let (number, mut output) = get_output(call, this);
    if len > u64::from(BLOCKING_WRITE) {
        trap::raise(Trap::WriteNotPermitted);
    }
    output.permitted = 0;
    let written = output.write(source).and_then(|()| output.flush_all());
    objects::set(number, Object::Output(output));
    put_result(call, place, layout, written, |(), _| {});
}

/// Asks for what was written to go out.
pub fn output_stream_flush(call: &Call<'_>, this: u32, ret: u32) {
    let layout = layout::STREAM_UNIT;
    let place = call.place(ret, layout.size, layout.align);
    let flushed = get_output(call, this).1.flush().map(|_| ());
    put_result(call, place, layout, flushed, |(), _| {});
}

/// Waits until what was written has gone out.
pub fn output_stream_blocking_flush(call: &Call<'_>, this: u32, ret: u32) {
    let layout = layout::STREAM_UNIT;
    let place = call.place(ret, layout.size, layout.align);
    let flushed = get_output(call, this).1.flush_all();
    put_result(call, place, layout, flushed, |(), _| {});
}

/// Makes a pollable that is ready when something may be written.
pub fn output_stream_subscribe(call: &Call<'_>, this: u32) -> u32 {
    let (number, output) = get_output(call, this);
    let object = objects::add(Object::Pollable(output.wait()), Some(number));
    call.own(Resource::Pollable, object)
}

fn splice(call: &Call<'_>, this: u32, src: u32, len: u64, ret: u32, waits: bool) {
    let layout = layout::STREAM_COUNT;
    let place = call.place(ret, layout.size, layout.align);
    let (number, mut output) = get_output(call, this);
    let wait = output.wait();
    if waits && !wait.is_nothing() {
        poll::block(wait);
    }
    let moved = output.room().and_then(|room| {
        let len = len.min(room as u64);
        read_into_buffer(call, src, len, waits && room > 0)
    });
    let moved = moved.and_then(|len| {
        let written = output.write(Source::Buffer(len));
        objects::set(number, Object::Output(output));
        written.map(|()| len as u64)
    });
    put_result(call, place, layout, moved, |len, payload| {
        place.put(payload, len);
    });
}

/// Moves what is there from one stream to another, without waiting: up to so many bytes.
pub fn output_stream_splice(call: &Call<'_>, this: u32, src: u32, len: u64, ret: u32) {
    splice(call, this, src, len, ret, false);
}

/// Moves up to so many bytes from one stream to another; waits until there is one.
pub fn output_stream_blocking_splice(call: &Call<'_>, this: u32, src: u32, len: u64, ret: u32) {
    splice(call, this, src, len, ret, true);
}

/// Drops an `input-stream`.
pub fn drop_input(object: u32) {
    if let Object::Input(Input::File { file, .. }) = objects::remove(object) {
        file.release();
    }
}

/// Drops an `output-stream`.
pub fn drop_output(object: u32) {
    if let Object::Output(output) = objects::remove(object)
        && let OutputPlace::File { file, .. } = output.place
    {
        file.release();
    }
}
