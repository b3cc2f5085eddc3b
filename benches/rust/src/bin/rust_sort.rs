//! Sorting: numbers, floats, strings, records by key; stable, unstable, partial, and a heap.

use rust_benches::{mix, repetitions, Random, CHECKSUM};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

fn main() {
    let mut random = Random(0x50f7);
    let mut checksum = CHECKSUM;
    for _ in 0..repetitions(36) {
        let mut numbers: Vec<u32> = (0..200_000).map(|_| random.next()).collect();
        let mut floats: Vec<f64> = numbers.iter().map(|&n| f64::from(n).sqrt()).rev().collect();
        let mut words: Vec<String> = (0..30_000).map(|_| format!("{:x}", random.next())).collect();
        let mut records: Vec<(u16, u64)> = (0..100_000).map(|i| (random.next() as u16, i)).collect();
        let (_, &mut middle, _) = numbers.clone().select_nth_unstable(100_000);
        numbers.sort_unstable();
        assert_eq!(numbers[100_000], middle);
        floats.sort_by(f64::total_cmp);
        words.sort();
        records.sort_by_key(|&(key, _)| Reverse(key));
        let mut heap: BinaryHeap<_> = records.iter().take(50_000).map(|&(key, id)| (id % 977, key)).collect();
        let tree: BTreeMap<_, _> = words.iter().step_by(3).map(|word| (word.as_str(), word.len())).collect();
        for i in (0..numbers.len()).step_by(997) {
            checksum = mix(checksum, &numbers[i].to_le_bytes());
            checksum = mix(checksum, &floats[i].to_le_bytes());
            checksum = mix(checksum, &records[i / 2].1.to_le_bytes());
            checksum = mix(checksum, &heap.pop().unwrap().0.to_le_bytes());
        }
        for (word, length) in tree.iter().skip(100).step_by(501) {
            checksum = mix(mix(checksum, word.as_bytes()), &[*length as u8]);
        }
    }
    println!("rust_sort {checksum:016x}");
}
