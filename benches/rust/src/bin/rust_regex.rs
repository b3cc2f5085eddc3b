//! Regular expressions over a log: searching, captures, replacing, sets of patterns.

use regex::{Regex, RegexSet};
use rust_benches::{mix, repetitions, Random, CHECKSUM};
use std::fmt::Write as _;

fn log(random: &mut Random) -> String {
    let mut text = String::new();
    for _ in 0..4000 {
        let (a, b) = (random.below(256), random.below(60));
        let path = ["/index.html", "/api/v2/items?id=17", "/img/logo.png", "/löschen"][random.below(4) as usize];
        let status = [200, 200, 200, 304, 404, 500][random.below(6) as usize];
        let _ = writeln!(
            text,
            "10.{a}.0.{b} - user{} [2026-11-{:02}T12:{b:02}:00Z] \"GET {path}\" {status} {}",
            random.below(50), 1 + random.below(28), random.below(100_000),
        );
    }
    text
}

fn main() {
    let line = Regex::new(
        r#"(?m)^(?P<ip>\d+\.\d+\.\d+\.\d+) - (\w+) \[([^\]]+)\] "(GET|POST) (?P<path>\S+)" (\d{3}) (\d+)$"#,
    )
    .unwrap();
    let letters = Regex::new(r"(?i)[\p{L}]{5,}").unwrap();
    let repeated = Regex::new(r"(\d)[^\d]+(\d{2,4}):(\d\d)Z").unwrap();
    let set = RegexSet::new([r"logo\.(png|jpg)", r"id=(1|17)\b", r"5\d\d \d+$", "user4[0-9]", "lö.chen"]).unwrap();
    let mut random = Random(0x5eed);
    let mut checksum = CHECKSUM;
    for _ in 0..repetitions(56) {
        let text = log(&mut random);
        let bytes: u64 = line
            .captures_iter(&text)
            .filter(|captures| &captures[6] == "200")
            .map(|captures| captures[7].parse::<u64>().unwrap() + captures["path"].len() as u64)
            .sum();
        let words = letters.find_iter(&text).count();
        let masked = repeated.replace_all(&text, "$2/$3 $1");
        let kinds: usize = text.lines().map(|line| set.matches(line).iter().sum::<usize>()).sum();
        checksum = mix(checksum, format!("{bytes} {words} {kinds}").as_bytes());
        checksum = mix(checksum, masked.as_bytes());
    }
    println!("rust_regex {checksum:016x}");
}
