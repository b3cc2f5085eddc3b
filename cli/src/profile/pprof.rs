//! A profile as `pprof` reads it: a message of Protocol Buffers, compressed by gzip
//! (<https://github.com/google/pprof/blob/main/proto/profile.proto>).
//!
//! The message has few kinds of fields, numbers and messages within messages, so that it is written
//! here rather than by a library.

use std::collections::HashMap;
use std::io::Write as _;
use std::time::SystemTime;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::model::Profile;

/// Writes a profile.
pub(super) fn write(profile: &Profile) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let written = encoder.write_all(&message(profile));
    written
        .and_then(|()| encoder.finish())
        .expect("a vector takes all")
}

/// The numbers of the fields of `Profile`.
mod field {
    pub const SAMPLE_TYPE: u64 = 1;
    pub const SAMPLE: u64 = 2;
    pub const MAPPING: u64 = 3;
    pub const LOCATION: u64 = 4;
    pub const FUNCTION: u64 = 5;
    pub const STRING_TABLE: u64 = 6;
    pub const TIME_NANOS: u64 = 9;
    pub const DURATION_NANOS: u64 = 10;
    pub const PERIOD_TYPE: u64 = 11;
    pub const PERIOD: u64 = 12;
}

fn message(profile: &Profile) -> Vec<u8> {
    let mut strings = Strings::default();
    let mut functions: HashMap<(u64, u64), u64> = HashMap::new();
    let mut out = Message::default();
    for (name, unit) in [("samples", "count"), ("cpu", "nanoseconds")] {
        let ty = value_type(&mut strings, name, unit);
        out.message(field::SAMPLE_TYPE, &ty);
    }
    let thread_key = strings.index("thread");
    let mut spent: HashMap<(usize, usize), (u64, u64)> = HashMap::new();
    let mut order = Vec::new();
    for sample in &profile.samples {
        let key = (sample.thread, sample.stack);
        let (count, weight) = spent.entry(key).or_insert_with(|| {
            order.push(key);
            (0, 0)
        });
        *count += 1;
        *weight += sample.weight;
    }
    for key in order {
        let (count, weight) = spent[&key];
        let (thread, stack) = key;
        let mut sample = Message::default();
        // Identifiers count from 1.
        sample.packed(
            1,
            profile.stacks[stack].iter().map(|&place| place as u64 + 1),
        );
        sample.packed(2, [count, weight].into_iter());
        let mut label = Message::default();
        label.number(1, thread_key);
        label.number(2, strings.index(&profile.thread_name(thread)));
        sample.message(3, &label);
        out.message(field::SAMPLE, &sample);
    }
    let mut mapping = Message::default();
    mapping.number(1, 1);
    mapping.number(3, u64::MAX >> 1);
    mapping.number(5, strings.index(&profile.name));
    // What is known: functions, files, lines, inlined calls.
    for known in 7..=10 {
        mapping.number(known, 1);
    }
    out.message(field::MAPPING, &mapping);
    let mut texts = Vec::new();
    for (index, place) in profile.places.iter().enumerate() {
        let mut location = Message::default();
        location.number(1, index as u64 + 1);
        location.number(2, 1);
        location.number(3, place.address);
        for frame in &place.frames {
            let name = strings.index(&frame.name);
            let file = frame.place.as_ref();
            let file_index = file.map_or(0, |(file, _)| strings.index(file));
            let next = functions.len() as u64 + 1;
            let function = *functions.entry((name, file_index)).or_insert_with(|| {
                texts.push((next, name, file_index));
                next
            });
            let mut line = Message::default();
            line.number(1, function);
            line.number(2, file.map_or(0, |(_, line)| u64::from(*line)));
            location.message(4, &line);
        }
        out.message(field::LOCATION, &location);
    }
    for (id, name, file) in texts {
        let mut function = Message::default();
        function.number(1, id);
        function.number(2, name);
        function.number(3, name);
        function.number(4, file);
        out.message(field::FUNCTION, &function);
    }
    let since = profile.started.duration_since(SystemTime::UNIX_EPOCH);
    out.number(
        field::TIME_NANOS,
        since.unwrap_or_default().as_nanos() as u64,
    );
    out.number(field::DURATION_NANOS, profile.wall.as_nanos() as u64);
    let period = value_type(&mut strings, "cpu", "nanoseconds");
    out.message(field::PERIOD_TYPE, &period);
    out.number(field::PERIOD, profile.interval);
    for text in &strings.texts {
        out.bytes(field::STRING_TABLE, text.as_bytes());
    }
    out.0
}

fn value_type(strings: &mut Strings, name: &str, unit: &str) -> Message {
    let mut ty = Message::default();
    ty.number(1, strings.index(name));
    ty.number(2, strings.index(unit));
    ty
}

/// Texts, each once; the first is empty.
struct Strings {
    texts: Vec<String>,
    indices: HashMap<String, u64>,
}

impl Default for Strings {
    fn default() -> Strings {
        Strings {
            texts: vec![String::new()],
            indices: HashMap::from([(String::new(), 0)]),
        }
    }
}

impl Strings {
    fn index(&mut self, text: &str) -> u64 {
        if let Some(&index) = self.indices.get(text) {
            return index;
        }
        let index = self.texts.len() as u64;
        self.texts.push(text.to_owned());
        self.indices.insert(text.to_owned(), index);
        index
    }
}

/// A message of Protocol Buffers: fields one after another.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    /// A field that is a number; 0 is what readers take for one that is not there.
    fn number(&mut self, field: u64, value: u64) {
        if value != 0 {
            self.varint(field << 3);
            self.varint(value);
        }
    }

    fn bytes(&mut self, field: u64, bytes: &[u8]) {
        self.varint(field << 3 | 2);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    fn message(&mut self, field: u64, message: &Message) {
        self.bytes(field, &message.0);
    }

    fn packed(&mut self, field: u64, values: impl Iterator<Item = u64>) {
        let mut packed = Message::default();
        for value in values {
            packed.varint(value);
        }
        self.message(field, &packed);
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;
    use crate::profile::model::example;

    /// Fields of a message: numbers, and numbers or bytes.
    fn fields(mut bytes: &[u8]) -> Vec<(u64, u64, &[u8])> {
        fn varint(bytes: &mut &[u8]) -> u64 {
            let mut value = 0;
            for shift in (0..).step_by(7) {
                let byte = bytes[0];
                *bytes = &bytes[1..];
                value |= u64::from(byte & 0x7f) << shift;
                if byte < 0x80 {
                    break;
                }
            }
            value
        }
        let mut fields = Vec::new();
        while !bytes.is_empty() {
            let tag = varint(&mut bytes);
            let value = varint(&mut bytes);
            match tag & 7 {
                0 => fields.push((tag >> 3, value, &[][..])),
                2 => {
                    let (content, rest) = bytes.split_at(value as usize);
                    fields.push((tag >> 3, 0, content));
                    bytes = rest;
                }
                kind => panic!("a field of kind {kind}"),
            }
        }
        fields
    }

    #[test]
    fn it_can_be_read_back() {
        let mut message = Vec::new();
        let written = write(&example());
        flate2::read::GzDecoder::new(&*written)
            .read_to_end(&mut message)
            .unwrap();
        let all = fields(&message);
        let of = |number| -> Vec<_> {
            let found = all.iter().filter(move |field| field.0 == number);
            found.map(|field| field.2).collect()
        };
        let strings: Vec<_> = of(field::STRING_TABLE)
            .into_iter()
            .map(|text| str::from_utf8(text).unwrap())
            .collect();
        assert_eq!(strings[0], "");
        // Two stacks of the main thread, one of the other.
        let samples = of(field::SAMPLE);
        assert_eq!(samples.len(), 3);
        let first = fields(samples[0]);
        assert_eq!(first[0], (1, 0, &[1, 2][..]));
        // 2 samples, 2,000,000 ns.
        assert_eq!(first[1], (2, 0, &[2, 0x80, 0x89, 0x7a][..]));
        let locations = of(field::LOCATION);
        assert_eq!(locations.len(), 2);
        let lines: Vec<_> = fields(locations[0]);
        let lines = lines.iter().filter(|field| field.0 == 4);
        let functions = of(field::FUNCTION);
        let names: Vec<_> = lines
            .map(|line| {
                let line = fields(line.2);
                let function = fields(functions[line[0].1 as usize - 1]);
                assert_eq!(function[0].1, line[0].1);
                let file = function.iter().find(|field| field.0 == 4).unwrap();
                (
                    strings[function[1].1 as usize],
                    strings[file.1 as usize],
                    line[1].1,
                )
            })
            .collect();
        assert_eq!(names, [("tiny<&>", "/src/a.c", 3), ("work", "/src/a.c", 7)]);
    }
}
