//! `wasmc explore`: what is in the page, and what a browser makes of it.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::support::Sandbox;

/// Two functions, whose names are text that a page must not take for its own.
const MODULE: &str = r#"(module
  (memory (export "memory") 1)
  (func $"</script><b>sum" (param i32 i32) (result i32)
    (i32.add (local.get 0) (local.get 1)))
  (func $divide (param i32 i32) (result i32)
    (i32.div_u (local.get 0) (local.get 1)))
  (func $"_ZN4demo5startEi" (export "_start")
    (i32.store (i32.const 8)
      (call $divide (call $"</script><b>sum" (i32.load (i32.const 0)) (i32.const 2)) (i32.const 3)))))"#;

/// The text of an element of the page.
fn element<'p>(page: &'p str, id: &str) -> &'p str {
    let (_, rest) = page.split_once(&format!("id=\"{id}\">")).unwrap();
    rest.split_once("</script>").unwrap().0
}

/// A part of the page.
fn unpack(page: &str, id: &str) -> Value {
    let packed = STANDARD.decode(element(page, id)).unwrap();
    let mut text = String::new();
    flate2::read::DeflateDecoder::new(&*packed)
        .read_to_string(&mut text)
        .unwrap();
    serde_json::from_str(&text).unwrap()
}

fn page(sandbox: &Sandbox, line: &str) -> String {
    sandbox
        .sh(&format!("wasmc explore -o page.html {line}"))
        .ok();
    fs::read_to_string(sandbox.path("page.html")).unwrap()
}

/// Offsets of lines of a stage that have a word in them.
fn offsets(part: &Value, stage: &str, word: &str) -> Vec<u64> {
    let lines = part[stage].as_array().unwrap().iter();
    let lines = lines.filter(|line| line[1].as_str().unwrap().contains(word));
    lines.filter_map(|line| line[0].as_u64()).collect()
}

#[test]
fn stages_are_linked_by_offsets() {
    let sandbox = Sandbox::with(&[("app.wat", MODULE)]);
    let page = page(&sandbox, "app.wat");
    let facts: Value = serde_json::from_str(element(&page, "facts")).unwrap();
    let functions = facts["functions"].as_array().unwrap();
    let names: Vec<_> = functions
        .iter()
        .map(|entry| entry[0].as_str().unwrap())
        .collect();
    assert_eq!(names, ["</script><b>sum", "divide", "demo::start(int)"]);
    let part = unpack(&page, "f1");
    let division = offsets(&part, "wasm", "i32.div_u");
    assert_eq!(division.len(), 1);
    assert!(
        offsets(&part, "clif", "udiv").contains(&division[0]),
        "{part}"
    );
    assert!(
        offsets(&part, "opt", "udiv").contains(&division[0]),
        "{part}"
    );
    if cfg!(target_arch = "x86_64") {
        assert!(
            offsets(&part, "asm", "div").contains(&division[0]),
            "{part}"
        );
        let start = unpack(&page, "f2");
        let mut calls = offsets(&start, "wasm", "call ");
        calls.sort_unstable();
        assert_eq!(offsets(&start, "asm", "call "), calls, "{start}");
    }
    // One file, which needs no other: but for a document type that some write as an address.
    assert!(!page.contains("http://") && !page.contains("https://"));
}

#[test]
fn functions_are_chosen_by_parts_of_their_names() {
    let sandbox = Sandbox::with(&[("app.wat", MODULE)]);
    for (pattern, number) in [("div", 1), ("demo::*int", 1), ("1", 1), ("d", 2)] {
        let page = page(&sandbox, &format!("--func '{pattern}' app.wat"));
        let facts: Value = serde_json::from_str(element(&page, "facts")).unwrap();
        assert_eq!(
            facts["functions"].as_array().unwrap().len(),
            number,
            "{pattern}"
        );
    }
    let outcome = sandbox.sh("wasmc explore --func nothing app.wat -o other.html");
    assert_eq!(outcome.status, 1);
    assert!(
        outcome.stderr.contains("no function that is compiled"),
        "{outcome:?}"
    );
    assert!(!sandbox.path("other.html").exists());
}

/// The module of this name, as `scripts/material debugging` builds it.
fn material(name: &str) -> Option<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../.material/debugging")
        .join(name);
    let module = fs::read(&path).ok();
    if module.is_none() {
        println!("SKIPPED: sources in pages: `scripts/material debugging` builds {name}");
    }
    module
}

#[test]
fn sources_are_in_the_page_but_no_other_files() {
    let Some(module) = material("a.O0.wasm") else {
        return;
    };
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/debugging/a.c");
    let sandbox = Sandbox::new();
    sandbox.write("a.wasm", &module);
    sandbox.write("a.c", &fs::read(source).unwrap());
    let with_source = page(&sandbox, "--func sum a.wasm");
    let facts: Value = serde_json::from_str(element(&with_source, "facts")).unwrap();
    let files = facts["files"].as_array().unwrap();
    let file = files
        .iter()
        .position(|file| file.as_str().unwrap().ends_with("/a.c"));
    let lines = unpack(&with_source, &format!("s{}", file.unwrap()));
    assert!(
        lines[19].as_str().unwrap().contains("s += n->value"),
        "{lines}"
    );
    let function = facts["functions"].as_array().unwrap().iter();
    let number = function
        .clone()
        .position(|entry| entry[0] == "sum")
        .unwrap();
    let part = unpack(&with_source, &format!("f{number}"));
    let places = part["places"].as_array().unwrap();
    assert!(
        places
            .iter()
            .any(|place| place[1] == file.unwrap() && place[2] == 20),
        "{part}"
    );
    let without = page(&sandbox, "--no-source --func sum a.wasm");
    assert!(!without.contains("text/plain\" id=\"s"));
}

/// What the page shows after its first function was opened and a line of it clicked on: appended to
/// the page, it writes what a test compares.
const PROBE: &str = r##"<pre id="probe"></pre><script>
setTimeout(async () => {
  const said = [];
  const say = text => said.push(text);
  say("functions " + document.querySelectorAll("#functions button").length);
  say("name " + document.getElementById("name").textContent.split(" — ")[0]);
  const lines = stage => Array.from(document.querySelectorAll(`[data-stage=${stage}] .line`));
  const division = lines("wasm").find(line => line.textContent.includes("i32.div_u"));
  division.click();
  for (const stage of ["wasm", "clif", "opt", "asm"])
    say(stage + " " + lines(stage).some(line => line.classList.contains("chosen")));
  dispatchEvent(new KeyboardEvent("keydown", { key: "5" }));
  say("asm hidden " + document.querySelector(".pane[data-stage=asm]").hidden);
  dispatchEvent(new KeyboardEvent("keydown", { key: "j" }));
  await new Promise(done => setTimeout(done, 500));
  say("next " + document.getElementById("name").textContent.split(" — ")[0]);
  const search = document.getElementById("search");
  search.value = "sum";
  search.dispatchEvent(new Event("input"));
  say("found " + document.getElementById("functions").textContent.replace(/[0-9]+$/, ""));
  say("bold " + document.querySelectorAll("nav b").length);
  document.getElementById("probe").textContent = said.join("\n");
}, 1500);
</script>"##;

#[test]
fn a_browser_shows_the_page() {
    let found = Command::new("chromium").arg("--version").output();
    if !found.is_ok_and(|output| output.status.success()) {
        println!("SKIPPED: pages in a browser: chromium is not installed");
        return;
    }
    let sandbox = Sandbox::with(&[("app.wat", MODULE)]);
    let page = page(&sandbox, "app.wat");
    sandbox.write("probed.html", (page + PROBE).as_bytes());
    let outcome = sandbox.sh(
        "chromium --headless --no-sandbox --disable-gpu --user-data-dir=data \
         --virtual-time-budget=10000 --dump-dom file://$PWD/probed.html#1 2>/dev/null",
    );
    let (_, said) = outcome.text().split_once("id=\"probe\">").unwrap();
    let (said, _) = said.split_once("</pre>").unwrap();
    let asm = cfg!(target_arch = "x86_64");
    let expected = format!(
        "functions 3\nname divide\nwasm true\nclif true\nopt true\nasm {asm}\nasm hidden true\n\
         next demo::start(int)\nfound &lt;/script&gt;&lt;b&gt;sum\nbold 0"
    );
    assert_eq!(said, expected);
}
