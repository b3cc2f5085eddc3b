//! What came of a script: counts by kind of assertion, failures with their lines, reasons of skips.

use std::collections::BTreeMap;

/// The kinds of directives that are judged.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Kind {
    /// `module`, `register` and bare actions: not assertions, so they count only when they fail.
    Step,
    /// `assert_return`
    Return,
    /// `assert_trap`
    Trap,
    /// `assert_exhaustion`
    Exhaustion,
    /// `assert_exception`
    Exception,
    /// `assert_invalid`, `assert_invalid_custom`
    Invalid,
    /// `assert_malformed`, `assert_malformed_custom`
    Malformed,
    /// `assert_unlinkable`
    Unlinkable,
    /// Assertions about suspensions, components and threads.
    Other,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 9] = [
        Kind::Return,
        Kind::Trap,
        Kind::Exhaustion,
        Kind::Exception,
        Kind::Invalid,
        Kind::Malformed,
        Kind::Unlinkable,
        Kind::Other,
        Kind::Step,
    ];

    /// The name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Step => "step",
            Kind::Return => "return",
            Kind::Trap => "trap",
            Kind::Exhaustion => "exhaustion",
            Kind::Exception => "exception",
            Kind::Invalid => "invalid",
            Kind::Malformed => "malformed",
            Kind::Unlinkable => "unlinkable",
            Kind::Other => "other",
        }
    }
}

/// Numbers of assertions.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    /// That hold.
    pub passed: usize,
    /// That do not.
    pub failed: usize,
    /// That could not be judged.
    pub skipped: usize,
}

impl Tally {
    /// Adds another tally.
    pub fn add(&mut self, other: Tally) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

/// An assertion that does not hold.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Failure {
    /// Its line in the script, from 1.
    pub line: usize,
    /// What it counts as.
    pub kind: Kind,
    /// Why.
    pub text: String,
}

/// What came of a script.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Counts by kind.
    pub kinds: BTreeMap<Kind, Tally>,
    /// Everything that failed.
    pub failures: Vec<Failure>,
    /// Why something was skipped, and how many directives for this reason; modules count too.
    pub skips: BTreeMap<String, usize>,
}

impl Report {
    /// The counts of all kinds together.
    pub fn total(&self) -> Tally {
        let mut total = Tally::default();
        for &tally in self.kinds.values() {
            total.add(tally);
        }
        total
    }

    pub(super) fn pass(&mut self, kind: Kind) {
        if kind != Kind::Step {
            self.kinds.entry(kind).or_default().passed += 1;
        }
    }

    pub(super) fn fail(&mut self, kind: Kind, line: usize, text: impl Into<String>) {
        self.kinds.entry(kind).or_default().failed += 1;
        self.failures.push(Failure {
            line,
            kind,
            text: text.into(),
        });
    }

    /// Counts the failures at a line as skipped, for the reason given; whether there were any.
    pub fn supersede(&mut self, line: usize, reason: &str) -> bool {
        let (superseded, failures): (Vec<_>, Vec<_>) = self
            .failures
            .drain(..)
            .partition(|failure| failure.line == line);
        self.failures = failures;
        for failure in &superseded {
            self.kinds.entry(failure.kind).or_default().failed -= 1;
            self.skip(failure.kind, reason);
        }
        !superseded.is_empty()
    }

    pub(super) fn skip(&mut self, kind: Kind, reason: &str) {
        *self.skips.entry(reason.to_owned()).or_default() += 1;
        if kind != Kind::Step {
            self.kinds.entry(kind).or_default().skipped += 1;
        }
    }
}
