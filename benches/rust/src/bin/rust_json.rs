//! JSON: typed and untyped values, written and read again.

use rust_benches::{mix, repetitions, Random, CHECKSUM};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Serialize, Deserialize, PartialEq, Debug)]
struct Order {
    id: u64,
    customer: String,
    paid: bool,
    discount: Option<f64>,
    items: Vec<Item>,
    notes: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize, PartialEq, Debug)]
struct Item {
    name: String,
    count: u32,
    price: f64,
}

fn order(id: u64, random: &mut Random) -> Order {
    let item = |random: &mut Random| Item {
        name: format!("Teil \"{}\"\n", random.below(1000)),
        count: random.below(20),
        price: f64::from(random.below(100_000)) / 64.0,
    };
    Order {
        id,
        customer: format!("Kundin Nr. {} – żółw", random.below(5000)),
        paid: random.below(2) == 0,
        discount: (random.below(3) == 0).then(|| f64::from(random.below(100)) / 8.0),
        items: (0..1 + random.below(6)).map(|_| item(random)).collect(),
        notes: (0..random.below(4)).map(|i| (format!("note{i}"), "x\t".repeat(i as usize))).collect(),
    }
}

fn main() {
    let mut random = Random(0x1234);
    let mut checksum = CHECKSUM;
    for _ in 0..repetitions(45) {
        let orders: Vec<_> = (0..2000).map(|id| order(id, &mut random)).collect();
        let text = serde_json::to_string(&orders).unwrap();
        let copy: Vec<Order> = serde_json::from_str(&text).unwrap();
        assert_eq!(orders, copy);
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let prices: f64 = value.as_array().unwrap().iter()
            .flat_map(|order| order["items"].as_array().unwrap())
            .filter_map(|item| item["price"].as_f64())
            .sum();
        checksum = mix(checksum, text.as_bytes());
        checksum = mix(checksum, &prices.to_le_bytes());
        checksum = mix(checksum, &serde_json::to_vec_pretty(&value).unwrap());
    }
    println!("rust_json {checksum:016x}");
}
