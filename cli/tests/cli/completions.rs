//! Completion scripts and manual pages.

use crate::support::Sandbox;

#[test]
fn every_shell_has_a_script() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let outcome = sandbox.sh(&format!("wasmc completions {shell}")).ok();
        assert!(outcome.text().contains("max-memory"), "{shell}");
    }
    sandbox
        .sh("wasmc completions bash > script; bash -n script")
        .ok();
}

#[test]
fn every_command_has_a_page() {
    let sandbox = Sandbox::new();
    assert!(sandbox.sh("wasmc man").ok().text().contains(".TH wasmc 1"));
    for command in [
        "compile",
        "run",
        "serve",
        "image",
        "inspect",
        "targets",
        "completions",
        "man",
    ] {
        let outcome = sandbox.sh(&format!("wasmc man {command}")).ok();
        let title = format!(".TH wasmc-{command} 1");
        assert!(outcome.text().contains(&title), "{}", outcome.text());
    }
    assert_eq!(sandbox.sh("wasmc man nonsense").status, 2);
}
