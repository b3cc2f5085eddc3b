//! Where output goes, under which name and mode, and from which input.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

use crate::support::{HELLO, Sandbox};

#[test]
fn a_bare_module_is_compiled_to_an_executable() {
    let sandbox = Sandbox::with(&[("hello.wat", HELLO)]);
    let outcome = sandbox.sh("wasmc hello.wat; ./hello").ok();
    assert_eq!(outcome.text(), "hello\n");
    let outcome = sandbox
        .sh("rm hello; wasmc -O none hello.wat -o other; ./other")
        .ok();
    assert_eq!(outcome.text(), "hello\n");
    let mode = fs::metadata(sandbox.path("other")).unwrap().mode();
    assert_eq!(mode & 0o111, 0o111, "{mode:o}");
}

#[test]
fn the_umask_holds() {
    let sandbox = Sandbox::with(&[("hello.wat", HELLO)]);
    sandbox.sh("umask 077; wasmc hello.wat").ok();
    let mode = fs::metadata(sandbox.path("hello")).unwrap().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn the_name_follows_the_kind() {
    let sandbox = Sandbox::with(&[("hello.wat", HELLO)]);
    for (kind, name) in [
        ("obj", "hello.o"),
        ("clif", "hello.clif"),
        ("asm", "hello.s"),
    ] {
        sandbox.sh(&format!("wasmc --emit {kind} hello.wat")).ok();
        let metadata = fs::metadata(sandbox.path(name)).unwrap();
        assert!(metadata.len() > 0, "{name}");
        assert_eq!(metadata.mode() & 0o111, 0, "{name}");
    }
    assert!(!sandbox.path("hello").exists());
    sandbox
        .sh("mkdir sub; mv hello.wat sub; wasmc sub/hello.wat")
        .ok();
    assert!(sandbox.path("hello").exists());
}

#[test]
fn standard_input_and_output_work() {
    let sandbox = Sandbox::with(&[("hello.wat", HELLO)]);
    let outcome = sandbox
        .sh("wasmc - -o - < hello.wat > a; wasmc compile -o b - < hello.wat; chmod +x a; ./a; cmp a b")
        .ok();
    assert_eq!(outcome.text(), "hello\n");
    let outcome = sandbox.sh("wasmc compile --emit clif -o - hello.wat").ok();
    assert!(outcome.text().contains("function "), "{}", outcome.text());
}

#[test]
fn text_is_known_by_content_too() {
    let sandbox = Sandbox::with(&[("module", HELLO)]);
    assert_eq!(
        sandbox.sh("wasmc ./module -o a; ./a").ok().text(),
        "hello\n"
    );
}

#[test]
fn the_binary_format_works() {
    let sandbox = Sandbox::new();
    sandbox.write("hello.wasm", &wat::parse_str(HELLO).unwrap());
    assert_eq!(
        sandbox.sh("wasmc hello.wasm; ./hello").ok().text(),
        "hello\n"
    );
}

#[test]
fn special_files_and_links_stay_what_they_are() {
    let sandbox = Sandbox::with(&[("hello.wat", HELLO), ("target", "old")]);
    sandbox.sh("wasmc hello.wat -o /dev/null").ok();
    assert!(!fs::metadata("/dev/null").unwrap().is_file());
    symlink("target", sandbox.path("link")).unwrap();
    assert_eq!(
        sandbox.sh("wasmc hello.wat -o link; ./target").ok().text(),
        "hello\n"
    );
    assert!(sandbox.path("link").is_symlink());
}

#[test]
fn a_failure_leaves_the_old_output() {
    let sandbox = Sandbox::with(&[("bad.wat", "(module (func (result i32)))"), ("bad", "old")]);
    let outcome = sandbox.sh("wasmc bad.wat");
    assert_eq!(outcome.status, 1);
    assert_eq!(fs::read(sandbox.path("bad")).unwrap(), b"old");
}

#[test]
fn output_over_a_running_program_works() {
    let sandbox = Sandbox::with(&[("hello.wat", HELLO)]);
    sandbox
        .sh("cp $(command -v sleep) hello; ./hello 5 & wasmc hello.wat; kill $!; ./hello")
        .ok();
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let sandbox = Sandbox::with(&[("hello.wat", HELLO)]);
    sandbox
        .sh("wasmc -j 1 hello.wat -o a; wasmc -j 4 hello.wat -o b; cmp a b")
        .ok();
}

#[test]
fn phases_and_details_go_to_standard_error() {
    let sandbox = Sandbox::with(&[("hello.wat", HELLO)]);
    let outcome = sandbox.sh("wasmc compile --time hello.wat");
    assert_eq!(outcome.status, 0);
    assert!(outcome.stderr.contains("\ntotal "), "{}", outcome.stderr);
    let outcome = sandbox.sh("wasmc -v hello.wat");
    assert_eq!(outcome.status, 0);
    let line = outcome.stderr;
    let (counts, rest) = line.split_once(" to ").unwrap();
    assert_eq!(
        counts,
        "compiled 1 of 1 functions and 1 thunk or trampoline"
    );
    assert!(
        rest.contains(" bytes of code, with 14 bytes of data; wrote "),
        "{line}"
    );
}

#[test]
fn single_functions_are_shown() {
    let module = r#"(module
      (func $double (export "twice") (param i32) (result i32)
        (i32.mul (local.get 0) (i32.const 2)))
      (func (export "_start") (drop (call $double (i32.const 21)))))"#;
    let sandbox = Sandbox::with(&[("app.wat", module)]);
    for emit in ["clif", "clif-opt", "asm"] {
        let show = |func: &str| {
            let line = format!("wasmc --verify-ir --emit {emit} {func} -o - app.wat");
            sandbox.sh(&line).ok().text().to_owned()
        };
        let double = show("--func double");
        assert!(double.starts_with(";; function 0 `double`\n"), "{double}");
        assert_eq!(double.matches(";; ").count(), 1, "{double}");
        assert_eq!(show("--func twice"), double);
        assert_eq!(show("--func 0"), double);
        let both = show("--func _start --func double");
        assert_eq!(both.matches(";; function ").count(), 2, "{both}");
        assert!(both.starts_with(&double), "in the order of the text");
        assert!(show("").contains(";; trampoline "), "all of it");
        // Multiplications by 2 do not outlive optimisation.
        assert_eq!(double.contains("mul"), emit == "clif", "{double}");
    }
}

#[test]
fn baked_grants_and_sealing_hold() {
    let environ = include_str!("environ.wat");
    let sandbox = Sandbox::with(&[("environ.wat", environ)]);
    let line = "wasmc --env A=1 environ.wat; ./environ; WASMC_OPTIONS='--env B=2' ./environ";
    assert_eq!(sandbox.sh(line).ok().text(), "A=1\nA=1\nB=2\n");
    let line = "wasmc --env A=1 --sealed environ.wat; WASMC_OPTIONS='--env B=2' ./environ";
    assert_eq!(sandbox.sh(line).ok().text(), "A=1\n");
}

#[test]
fn colors_are_asked_for() {
    let sandbox = Sandbox::new();
    let line = "wasmc --color always missing.wasm";
    assert!(sandbox.sh(line).stderr.contains("\x1b["));
    for line in [
        "wasmc missing.wasm",
        "wasmc --color=never missing.wasm",
        "wasmc --nonsense",
    ] {
        assert!(!sandbox.sh(line).stderr.contains("\x1b["), "{line}");
    }
    assert!(
        sandbox
            .sh("wasmc --color always compile --nonsense")
            .stderr
            .contains("\x1b[")
    );
}

#[test]
fn an_unwritable_folder_is_an_error() {
    let sandbox = Sandbox::with(&[("hello.wat", HELLO)]);
    fs::create_dir(sandbox.path("locked")).unwrap();
    fs::set_permissions(sandbox.path("locked"), fs::Permissions::from_mode(0o555)).unwrap();
    let outcome = sandbox.sh("wasmc hello.wat -o locked/app");
    // The superuser may write there all the same.
    if fs::write(sandbox.path("locked/probe"), "").is_err() {
        assert_eq!(outcome.status, 1, "{outcome:?}");
        assert!(
            outcome.stderr.contains("failed to write `locked/app`"),
            "{outcome:?}"
        );
    }
    fs::set_permissions(sandbox.path("locked"), fs::Permissions::from_mode(0o755)).unwrap();
}

/// A module without debugging information compiles with `-g`, and is told to have none.
#[test]
fn what_has_no_debugging_information_is_told() {
    let sandbox = Sandbox::with(&[("app.wat", HELLO)]);
    let outcome = sandbox.sh("wasmc -g app.wat && ./app");
    assert_eq!(
        (outcome.status, outcome.text()),
        (0, "hello\n"),
        "{outcome:?}"
    );
    assert_eq!(
        outcome.stderr,
        "warning: the module has no debugging information: it was built without `-g`, or stripped\n"
    );
}
