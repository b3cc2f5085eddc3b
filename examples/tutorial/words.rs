//! Counts the lines and words of a file.

use std::process::ExitCode;
use std::{env, fs};

fn main() -> ExitCode {
    let Some(path) = env::args().nth(1) else {
        eprintln!("usage: words FILE");
        return ExitCode::from(2);
    };
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) => {
            eprintln!("{path}: {error}");
            return ExitCode::FAILURE;
        }
    };
    let lines = text.matches('\n').count();
    let words = text.split_whitespace().count();
    println!("{path}: {lines} lines, {words} words");
    ExitCode::SUCCESS
}
