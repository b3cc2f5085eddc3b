//! Runs of small programs, measured and traced.

use super::*;

fn shell(script: &str) -> Launch {
    Launch {
        program: "sh".into(),
        argv0: None,
        args: vec!["-c".into(), script.into()],
        env: vec![("WASMC_BENCH_TEST".into(), "value".into())],
    }
}

#[test]
fn a_run_is_measured() {
    let run = run(&shell("echo out $WASMC_BENCH_TEST; sleep 0.05"), None).unwrap();
    run.success().unwrap();
    assert_eq!(run.stdout, b"out value\n");
    assert!(run.wall >= 0.05, "{run:?}");
    assert!(run.cpu < run.wall && run.resident > 0, "{run:?}");
}

#[test]
fn a_failure_shows_the_end_of_what_was_said() {
    let run = run(&shell("echo why >&2; exit 3"), None).unwrap();
    let error = run.success().unwrap_err();
    assert_eq!(format!("{error:#}"), "it ended with exit status: 3: why");
}

#[test]
fn peak_memory_is_the_programs_own() {
    // This process has more resident than `true` needs, also at its peak.
    let ballast = vec![1u8; 64 << 20];
    let launch = Launch {
        program: "true".into(),
        argv0: None,
        args: Vec::new(),
        env: Vec::new(),
    };
    let Some(run) = run_traced(&launch, None).unwrap() else {
        println!("SKIPPED: ptrace is forbidden here");
        return;
    };
    let peak = run.resident;
    assert!(peak > 0 && peak < (ballast.len() as u64) / 2, "{peak}");
}

#[test]
fn a_traced_program_gets_its_signals() {
    let script = "trap 'echo caught; exit 0' USR1; kill -USR1 $$; sleep 5; exit 1";
    let Some(run) = run_traced(&shell(script), None).unwrap() else {
        println!("SKIPPED: ptrace is forbidden here");
        return;
    };
    assert_eq!(run.stdout, b"caught\n");
    run.success().unwrap();
}
