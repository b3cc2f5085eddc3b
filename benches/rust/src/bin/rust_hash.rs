//! Hashing: SHA-256 and SHA-512 of a buffer, and hash maps and sets of the standard library.

use rust_benches::{mix, repetitions, Random, CHECKSUM};
use sha2::{Digest, Sha256, Sha512};
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, DefaultHasher};

type State = BuildHasherDefault<DefaultHasher>;

fn main() {
    let mut random = Random(0xabcdef);
    let mut checksum = CHECKSUM;
    let mut buffer: Vec<u8> = (0..1 << 20).map(|_| random.next() as u8).collect();
    for _ in 0..repetitions(120) {
        let small = Sha256::digest(&buffer);
        let large = Sha512::digest(&buffer);
        buffer[..32].copy_from_slice(&small);
        checksum = mix(mix(checksum, &small), &large);

        let mut counts: HashMap<u32, u32, State> = HashMap::default();
        let mut words: HashSet<String, State> = HashSet::default();
        for i in 0..60_000 {
            *counts.entry(random.below(20_000)).or_default() += i;
            if i % 8 == 0 {
                words.insert(format!("word{}", random.below(5000)));
            }
        }
        let best = counts.iter().map(|(key, value)| (value, key)).max().unwrap();
        let found = (0..20_000).filter(|i| words.contains(format!("word{i}").as_str())).count();
        checksum = mix(checksum, format!("{best:?} {} {found}", counts.len()).as_bytes());
    }
    println!("rust_hash {checksum:016x}");
}
