//! What does a program look like that compiles modules by itself? `compile MODULE OUTPUT [GRANT…]`,
//! with grants such as `--dir=data` and `--net`.
//!
//! ```sh
//! cargo run --workspace --example compile -- app.wat app --dir=data::/data:ro
//! ```

use std::error::Error;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use wasmc_compiler::grants::Grants;
use wasmc_compiler::inspect::Kind;
use wasmc_compiler::{Options, clear_linker_environment, compile, inspect};

fn main() -> Result<(), Box<dyn Error>> {
    // The linker would obey some variables; while there is one thread they can be removed.
    clear_linker_environment();
    let mut args = std::env::args().skip(1);
    let (Some(input), Some(output)) = (args.next(), args.next()) else {
        return Err("usage: compile MODULE OUTPUT [GRANT…]".into());
    };
    let module = wat::parse_file(&input)?;
    let found = inspect(&module)?;
    if found.kind != Kind::Command {
        return Err(format!("`{input}` is a {}, not a command", found.kind.name()).into());
    }
    // Sealed: what is granted here is all that the program ever has.
    let options = Options::default()
        .grants(Grants::parse(args)?)
        .sealed(true)
        .strip(true);
    let artifact = compile(&module, &options).map_err(|error| match error.location() {
        Some(location) => format!("{error} ({location})"),
        None => error.to_string(),
    })?;
    for warning in &artifact.warnings {
        eprintln!("warning: {warning}");
    }
    fs::write(&output, &artifact.bytes)?;
    fs::set_permissions(&output, Permissions::from_mode(0o755))?;
    println!(
        "{} functions, {} bytes",
        artifact.stats.live_functions,
        artifact.bytes.len()
    );
    Ok(())
}
