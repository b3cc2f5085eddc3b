//! Whose words does a program take that runs with more rights than its user has?

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::time::Duration;

use wasmc_compiler::{Options, compile};
use wasmc_tests::process::{Executable, Launch};
use wasmc_tests::target::say;

const LIMIT: Duration = Duration::from_secs(30);

/// Ends with the number of variables in its environment.
const COUNTS_VARIABLES: &str = r#"(module
    (import "wasi_snapshot_preview1" "environ_sizes_get" (func $sizes (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1)
    (func (export "_start")
        (drop (call $sizes (i32.const 0) (i32.const 4)))
        (call $exit (i32.load (i32.const 0)))))"#;

/// Started by someone who is not root, with a variable in `WASMC_OPTIONS`: its status.
fn start(executable: &Executable) -> Option<i32> {
    let user = [
        "setpriv",
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
    ];
    let launch = Launch {
        wrapper: user.iter().map(Into::into).collect(),
        env: vec![("WASMC_OPTIONS".into(), "--env A=1".into())],
        ..Launch::default()
    };
    executable.run(&launch, LIMIT).ok()?.code()
}

#[test]
fn programs_with_the_set_user_id_bit_ignore_the_variable() {
    let module = wat::parse_str(COUNTS_VARIABLES).unwrap();
    let bytes = compile(&module, &Options::default()).unwrap().bytes;
    let executable = Executable::new(&bytes).unwrap();
    let program = executable.folder().join("program");
    fs::set_permissions(executable.folder(), Permissions::from_mode(0o755)).unwrap();
    let is_root = fs::metadata(&program).unwrap().uid() == 0;
    if !is_root || start(&executable) != Some(1) {
        say("NOT TESTED: the set-user-id bit: it takes root and `setpriv`");
        return;
    }
    fs::set_permissions(&program, Permissions::from_mode(0o4755)).unwrap();
    assert_eq!(start(&executable), Some(0));
}
