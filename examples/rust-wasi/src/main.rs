//! A tour of Rust's std under WASI: arguments, environment, standard streams, files and folders,
//! collections, formatting, numbers, errors. Every line of output is the same on every run.
//!
//! ```text
//! rust-wasi tour FOLDER   everything that needs a folder
//! rust-wasi words         counts the words of standard input
//! rust-wasi panic         panics (status 134 as a trap)
//! rust-wasi exit N        ends with status N
//! ```

use std::collections::{BTreeMap, BinaryHeap, HashMap, HashSet, VecDeque};
use std::error::Error;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match words[..] {
        ["tour", folder] => tour(Path::new(folder)),
        ["words"] => count_words(),
        ["panic"] => panic!("asked to panic, with {} arguments", arguments.len()),
        ["exit", code] => std::process::exit(code.parse().unwrap_or(99)),
        _ => Err(Box::new(Usage(arguments.len())) as Box<dyn Error>),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

#[derive(Debug)]
struct Usage(usize);

impl fmt::Display for Usage {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "usage: tour FOLDER | words | panic | exit N ({} given)", self.0)
    }
}

impl Error for Usage {}

fn tour(folder: &Path) -> Result<()> {
    environment();
    collections();
    formatting();
    numbers()?;
    time();
    files(folder)
}

fn environment() {
    println!("== environment");
    println!("GREETING={:?} ABSENT={:?}", std::env::var("GREETING").ok(), std::env::var("ABSENT").ok());
    let mut names: Vec<String> = std::env::vars().map(|(name, _)| name).collect();
    names.sort();
    println!("{names:?}");
}

/// Linear congruential: the tour must not depend on the random seeds of std's hash maps.
struct Source(u64);

impl Iterator for Source {
    type Item = u64;
    fn next(&mut self) -> Option<u64> {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Some(self.0 >> 33)
    }
}

fn collections() {
    println!("== collections");
    let mut counts: HashMap<u64, Vec<usize>> = HashMap::new();
    for (place, number) in Source(1).take(20_000).enumerate() {
        counts.entry(number % 997).or_default().push(place);
    }
    let mut longest: Vec<(usize, u64)> = counts.iter().map(|(key, places)| (places.len(), *key)).collect();
    longest.sort_unstable_by(|a, b| b.cmp(a));
    println!("{} keys, {:?}", counts.len(), &longest[..5]);

    let mut values: Vec<u64> = Source(7).take(50_000).collect();
    values.sort();
    values.dedup();
    let middle = values.binary_search(&values[values.len() / 2]);
    println!("{} values, {:?}, sum {}", values.len(), middle, values.iter().copied().map(u128::from).sum::<u128>());
    let mut strings: Vec<String> = values.iter().step_by(4999).map(|v| format!("{v:>10x}")).collect();
    strings.sort_by_key(|text| text.chars().rev().collect::<String>());
    println!("{strings:?}");

    let tree: BTreeMap<char, usize> = "hello, world".chars().fold(BTreeMap::new(), |mut tree, c| {
        *tree.entry(c).or_insert(0) += 1;
        tree
    });
    println!("{tree:?} {:?}", tree.range('l'..='o').collect::<Vec<_>>());
    let heap: BinaryHeap<_> = Source(3).take(100).map(|v| v % 50).collect();
    let queue: VecDeque<_> = heap.into_sorted_vec().into_iter().skip(90).collect();
    let set: HashSet<u64> = queue.iter().copied().collect();
    println!("{queue:?} {}", set.len());
}

fn formatting() {
    println!("== formatting");
    println!("[{:>8}] [{:<8}] [{:^8}] [{:*^9}] [{:+}]", "right", "left", "mid", "stars", 5);
    println!("{:#x} {:#010b} {:o} {:e} {:.3} {:08.2}", 255, 5, 64, 1234.5, std::f64::consts::PI, -1.5);
    println!("{:?} {:?} {:?}", f64::MIN_POSITIVE, 1e21_f64, 0.1_f32 + 0.2_f32);
    println!("{:#?}", (1, "two", [3.0, 4.5], Some('5')));
    println!("{}", "Grüße, 世界 🦀".chars().rev().collect::<String>().to_uppercase());
}

fn numbers() -> Result<()> {
    println!("== numbers");
    println!("{:?} {:?} {}", 200_u8.checked_add(100), i32::MIN.checked_div(-1), (-7_i32).rem_euclid(3));
    println!("{} {} {}", u64::MAX.leading_zeros(), 40_u32.trailing_zeros(), 0xf0f0_u16.count_ones());
    println!("{} {} {}", f64::NAN as i32, 1e20 as u32, -1.0_f32 as u8);
    println!("{} {}", u128::MAX / 3, (i128::MIN + 1) % 1_000_000_007);
    println!("{:.12} {:.12} {:.12}", 2_f64.sqrt(), 1_f64.exp(), (0.5_f64).sin());
    println!("{} {}", "12.5e3".parse::<f64>()?, "-128".parse::<i8>()?);
    println!("{:?} {:?}", "x1".parse::<u32>().map_err(|e| e.to_string()), "".parse::<f32>().map_err(|e| e.to_string()));
    Ok(())
}

fn time() {
    println!("== time");
    let before = Instant::now();
    std::thread::sleep(Duration::from_millis(5));
    println!("slept long enough: {}", before.elapsed() >= Duration::from_millis(5));
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    println!("after 2020: {}", since.is_ok_and(|d| d.as_secs() > 1_577_836_800));
}

fn files(folder: &Path) -> Result<()> {
    println!("== files");
    let inner = folder.join("rust/inner");
    fs::create_dir_all(&inner)?;
    let path = inner.join("lines.txt");
    {
        let mut out = BufWriter::new(File::create(&path)?);
        for number in 0..5000 {
            writeln!(out, "line {number}: {}", number * number)?;
        }
    }
    let sum: u64 = BufReader::new(File::open(&path)?)
        .lines()
        .map(|line| line.unwrap().rsplit(' ').next().unwrap().parse::<u64>().unwrap())
        .sum();
    println!("{sum} {}", fs::metadata(&path)?.len());

    let mut both = OpenOptions::new().read(true).write(true).open(&path)?;
    both.seek(SeekFrom::Start(5))?;
    both.write_all(b"ZERO")?;
    both.seek(SeekFrom::End(-10))?;
    let mut rest = String::new();
    both.read_to_string(&mut rest)?;
    println!("{rest:?} {}", both.stream_position()?);
    both.set_len(64)?;
    drop(both);
    OpenOptions::new().append(true).open(&path)?.write_all(b"<end>")?;
    println!("{:?}", fs::read_to_string(&path)?);

    fs::copy(&path, inner.join("copy.txt"))?;
    fs::rename(inner.join("copy.txt"), folder.join("rust/moved.txt"))?;
    fs::write(inner.join("empty"), [])?;
    fs::write(inner.join("bytes"), (0..=255_u8).collect::<Vec<u8>>())?;
    for number in 0..40 {
        fs::write(folder.join(format!("rust/many-{number:02}")), format!("{number}"))?;
    }
    let mut names: Vec<String> = fs::read_dir(folder.join("rust"))?
        .map(|entry| entry.map(|e| format!("{}{}", e.file_name().to_string_lossy(), if e.path().is_dir() { "/" } else { "" })))
        .collect::<io::Result<_>>()?;
    names.sort();
    println!("{} {:?} {:?}", names.len(), &names[..3], &names[names.len() - 2..]);
    fs::remove_file(inner.join("empty"))?;
    for wrong in ["absent", "absent/deeper", "../outside"] {
        println!("{wrong}: {:?}", File::open(folder.join(wrong)).map(drop).map_err(|e| e.kind()));
    }
    println!("{:?}", fs::remove_dir(folder.join("rust")).map_err(|e| e.kind()));
    println!("{:?}", fs::create_dir(&inner).map_err(|e| e.kind()));
    // Which error reading a folder gives differs from host to host (BADF or ISDIR).
    println!("{}", File::open(&inner).and_then(|mut f| f.read(&mut [0; 4])).is_err());
    Ok(())
}

fn count_words() -> Result<()> {
    let mut counts: HashMap<String, u32> = HashMap::new();
    let mut lines = 0;
    for line in io::stdin().lock().lines() {
        lines += 1;
        for word in line?.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
            *counts.entry(word.to_lowercase()).or_insert(0) += 1;
        }
    }
    let mut sorted: Vec<_> = counts.into_iter().collect();
    sorted.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let mut out = io::stdout().lock();
    for (word, count) in sorted.iter().take(10) {
        writeln!(out, "{count:>5} {word}")?;
    }
    writeln!(out, "{lines} lines, {} words", sorted.len())?;
    Ok(())
}
