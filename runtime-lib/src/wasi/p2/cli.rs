//! `wasi:cli`: arguments, environment, standard streams, terminals, the end.

use super::objects::{self, Object};
use super::resources::{File, Input, Output, Position};
use crate::guest::call::{Call, Place};
use crate::guest::trap;
use crate::host::system::SYSTEM;
use crate::sys::fs;
use wasmc_abi::p2::Resource;
use wasmc_abi::p2_layout::{LIST, OPTION_HANDLE, OPTION_STRING};
use wasmc_abi::traps::Trap;

/// Bytes of a string in a list.
const STRING: u32 = 8;

/// Gives the variables of the environment: names and values.
pub fn get_environment(call: &Call<'_>, ret: u32) {
    let place = call.place(ret, LIST.size, LIST.align);
    let count = SYSTEM.variables().count() as u32;
    let (address, list) = call.allocate(count.saturating_mul(2 * STRING), 4);
    for (parts, at) in SYSTEM.variables().zip(0..count) {
        let (name, value) = match parts {
            [name, b"=", value] => (name, value),
            [word, ..] => {
                let mut halves = word.splitn(2, |&byte| byte == b'=');
                let name = halves.next().unwrap_or_default();
                (name, halves.next().unwrap_or_default())
            }
        };
        put_string(call, list, at * 2 * STRING, name);
        put_string(call, list, at * 2 * STRING + STRING, value);
    }
    place.put(0, address);
    place.put(4, count);
}

/// Gives the arguments, the program's name first.
pub fn get_arguments(call: &Call<'_>, ret: u32) {
    let place = call.place(ret, LIST.size, LIST.align);
    let count = SYSTEM.args.iter().count() as u32;
    let (address, list) = call.allocate(count.saturating_mul(STRING), 4);
    for ([argument, ..], at) in SYSTEM.args.iter().zip(0..count) {
        put_string(call, list, at * STRING, argument);
    }
    place.put(0, address);
    place.put(4, count);
}

fn put_string(call: &Call<'_>, list: Place<'_>, offset: u32, text: &[u8]) {
    let (address, len) = call.lower_string(text);
    list.put(offset, address);
    list.put(offset + 4, len);
}

/// Gives the folder that relative paths start from: there is none, the guest chooses.
pub fn initial_cwd(call: &Call<'_>, ret: u32) {
    let place = call.place(ret, OPTION_STRING.size, OPTION_STRING.align);
    place.put(0, 0u8);
}

/// Ends the program: with status 0, or 1 when it says that it failed.
pub fn exit(_: &Call<'_>, status: u32) {
    match status {
        0 => trap::exit(0),
        1 => trap::exit(1),
        _ => trap::raise(Trap::InvalidDiscriminant),
    }
}

/// Ends the program with a status.
pub fn exit_with_code(_: &Call<'_>, status_code: u32) {
    trap::exit((status_code & 0xff) as i32)
}

/// Gives standard input.
pub fn get_stdin(call: &Call<'_>) -> u32 {
    let input = Input::File {
        file: standard(0),
        position: Position::None,
    };
    call.own(
        Resource::InputStream,
        objects::add(Object::Input(input), None),
    )
}

/// Gives standard output.
pub fn get_stdout(call: &Call<'_>) -> u32 {
    output(call, 1)
}

/// Gives standard error.
pub fn get_stderr(call: &Call<'_>) -> u32 {
    output(call, 2)
}

fn output(call: &Call<'_>, number: u32) -> u32 {
    let output = Output::file(standard(number), Position::None);
    call.own(
        Resource::OutputStream,
        objects::add(Object::Output(output), None),
    )
}

/// A standard stream, which components cannot close: its number is always there.
fn standard(number: u32) -> File {
    match File::of(number) {
        Ok(file) => file,
        Err(_) => trap::raise(Trap::TooManyHandles),
    }
}

/// Gives the terminal that standard input is, if it is one.
pub fn get_terminal_stdin(call: &Call<'_>, ret: u32) {
    terminal(call, 0, Resource::TerminalInput, ret);
}

/// Gives the terminal that standard output is, if it is one.
pub fn get_terminal_stdout(call: &Call<'_>, ret: u32) {
    terminal(call, 1, Resource::TerminalOutput, ret);
}

/// Gives the terminal that standard error is, if it is one.
pub fn get_terminal_stderr(call: &Call<'_>, ret: u32) {
    terminal(call, 2, Resource::TerminalOutput, ret);
}

fn terminal(call: &Call<'_>, number: u32, resource: Resource, ret: u32) {
    let place = call.place(ret, OPTION_HANDLE.size, OPTION_HANDLE.align);
    let file = standard(number);
    let is_terminal = fs::is_terminal(file.fd());
    file.release();
    place.put(0, u8::from(is_terminal));
    if is_terminal {
        let object = objects::add(Object::Terminal, None);
        place.put(OPTION_HANDLE.payload, call.own(resource, object));
    }
}
