//! Names that must lead somewhere: of files, in the docs, and of questions.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use wasmc_tests::expected;
use wasmc_tests::sources;

/// One of the two ways to name a module that has children: what belongs together lies in one folder.
#[test]
fn modules_with_children_are_mod_rs() {
    let sources = sources::rust();
    let wrong: Vec<_> = sources
        .iter()
        .filter_map(|source| {
            let folder = source.path.strip_suffix(".rs")?;
            let inside = format!("{folder}/");
            let has_children = sources.iter().any(|other| other.path.starts_with(&inside));
            has_children.then(|| format!("{} is to be {folder}/mod.rs", source.path))
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What programs write, and the repository does not hold.
const WRITTEN: &[&str] = &["fuzz/failures/"];

/// Pages for people.
fn pages() -> Vec<(String, String)> {
    let root = expected::repository();
    let docs = fs::read_dir(root.join("docs")).expect("there are docs");
    let mut names: Vec<_> = docs
        .map(|entry| entry.expect("the folder can be read").file_name())
        .map(|name| format!("docs/{}", name.to_string_lossy()))
        .filter(|name| name.ends_with(".md"))
        .collect();
    names.extend(["README.md".to_owned(), "CONTRIBUTING.md".to_owned()]);
    names.sort();
    names
        .into_iter()
        .map(|name| {
            let text = fs::read_to_string(root.join(&name)).expect("pages are text");
            (name, text)
        })
        .collect()
}

#[test]
fn paths_in_the_docs_lead_to_files() {
    let root = expected::repository();
    let top = [
        "compiler/",
        "runtime-lib/",
        "cli/",
        "image/",
        "tests/",
        "benches/",
        "docs/",
        "fuzz/",
        "scripts/",
        "examples/",
    ];
    let mut found = 0;
    let mut dead = String::new();
    for (page, text) in pages() {
        // What stands in backticks; every other part of a line does.
        for line in text.lines() {
            for word in line
                .split('`')
                .skip(1)
                .step_by(2)
                .flat_map(str::split_whitespace)
            {
                if !top.iter().any(|folder| word.starts_with(folder)) || WRITTEN.contains(&word) {
                    continue;
                }
                for path in alternatives(word) {
                    // Placeholders are in capitals.
                    let is_placeholder = |part: &str| {
                        let stem = part.split('.').next().unwrap_or(part);
                        !stem.is_empty() && stem.chars().all(|c| c.is_ascii_uppercase() || c == '_')
                    };
                    if path.split('/').any(is_placeholder) {
                        continue;
                    }
                    found += 1;
                    if !leads_somewhere(&root, path.trim_end_matches('/')) {
                        let _ = writeln!(dead, "  {page}: `{path}`");
                    }
                }
            }
        }
    }
    assert!(dead.is_empty(), "there is no such file:\n{dead}");
    assert!(found > 50, "only {found} paths were found");
}

/// `a/{b,c}/d` as `a/b/d` and `a/c/d`.
fn alternatives(path: &str) -> Vec<String> {
    let Some((before, rest)) = path.split_once('{') else {
        return vec![path.to_owned()];
    };
    let Some((list, after)) = rest.split_once('}') else {
        return vec![path.to_owned()];
    };
    list.split(',')
        .flat_map(|part| alternatives(&format!("{before}{part}{after}")))
        .collect()
}

/// Whether there is a file or folder of this path, in which `*` stands for anything within a name.
fn leads_somewhere(folder: &Path, path: &str) -> bool {
    let (first, rest) = match path.split_once('/') {
        Some((first, rest)) => (first, Some(rest)),
        None => (path, None),
    };
    let fits = |name: &str| match first.split_once('*') {
        None => name == first,
        Some((start, end)) => {
            name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end)
        }
    };
    let Ok(entries) = fs::read_dir(folder) else {
        return false;
    };
    entries.flatten().any(|entry| {
        fits(&entry.file_name().to_string_lossy())
            && rest.is_none_or(|rest| leads_somewhere(&entry.path(), rest))
    })
}

#[test]
fn the_index_of_the_rationale_has_every_question_once() {
    let path = expected::repository().join("docs/rationale.md");
    let text = fs::read_to_string(path).expect("the page is text");
    let (index, rest) = text
        .split_once("<!-- end -->")
        .expect("the page begins with an index");
    let listed: Vec<_> = index
        .lines()
        .filter(|line| line.starts_with("- "))
        .collect();
    let expected: Vec<_> = rest
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .map(|question| format!("- [{question}](#{})", anchor(question)))
        .collect();
    let mut problems = String::new();
    for line in &expected {
        let times = listed.iter().filter(|other| *other == line).count();
        if times != 1 {
            let _ = writeln!(problems, "  {times} times, and must be there once: {line}");
        }
    }
    for line in listed
        .iter()
        .filter(|line| !expected.iter().any(|other| other == **line))
    {
        let _ = writeln!(problems, "  no such question: {line}");
    }
    let anchors: BTreeSet<_> = expected
        .iter()
        .filter_map(|line| line.split_once("]("))
        .collect();
    assert_eq!(
        anchors.len(),
        expected.len(),
        "two questions have one anchor"
    );
    assert!(
        problems.is_empty(),
        "the index of `docs/rationale.md`:\n{problems}"
    );
}

/// The name by which a link finds a heading.
fn anchor(heading: &str) -> String {
    heading
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}
