//! Asking name servers: the messages of RFC 1035, as far as addresses need them.
//!
//! Security: what arrives was written by others. An answer counts only when it carries the random
//! number of the question and repeats the question; pointers in names lead only backwards; every
//! access is checked; only records of the name asked for, or of what its aliases lead to, are
//! taken.
//!
//! ```text
//! id | flags | questions | answers | authorities | additional     16 bits each
//! question: name | type | class       record: name | type | class | ttl 32 | length | data
//! ```

use super::hosts::{Addresses, Configuration};
use crate::host::error::{Error, LookupError};
use crate::sys::io;
use crate::sys::lookup::{Deadline, ask_by_datagram, ask_by_stream};

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Most bytes of a name in a message.
const MAX_NAME: usize = 255;
/// Most bytes of a label.
const MAX_LABEL: usize = 63;
const HEADER: usize = 12;
/// Bytes of a question's type and class.
const QUESTION_TAIL: usize = 4;
/// Most bytes of an answer that we take.
const MAX_ANSWER: usize = 4096;
/// How long a server has, in nanoseconds, and how often all are asked.
const PATIENCE: u64 = 2_000_000_000;
const ROUNDS: usize = 2;
/// Most aliases on the way to an address.
const MAX_ALIASES: usize = 16;

const TYPE_A: u16 = 1;
const TYPE_CNAME: u16 = 5;
const TYPE_AAAA: u16 = 28;
const CLASS_IN: u16 = 1;

const RECURSION_DESIRED: u16 = 0x0100;
const IS_ANSWER: u16 = 0x8000;
const OPCODE: u16 = 0x7800;
const TRUNCATED: u16 = 0x0200;
const CODE: u16 = 0x000f;
const CODE_NO_SUCH_NAME: u16 = 3;

/// Which addresses are asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Record {
    /// IPv4.
    A,
    /// IPv6.
    Aaaa,
}

impl Record {
    fn number(self) -> u16 {
        match self {
            Record::A => TYPE_A,
            Record::Aaaa => TYPE_AAAA,
        }
    }
}

/// Adds the addresses of a name: fails with a [`LookupError`], but for want of random numbers.
pub fn look_up(
    name: &[u8],
    record: Record,
    configuration: &Configuration<'_>,
    found: &mut Addresses,
) -> Result<(), Error> {
    let absolute = name.strip_suffix(b".");
    let plain = absolute.unwrap_or(name);
    let dots = plain.iter().filter(|&&byte| byte == b'.').count();
    let as_it_is_first = absolute.is_some() || dots >= configuration.dots;
    let mut failure = LookupError::NoName;
    let mut attempt = |domain: &[u8]| {
        let question = Question::new(plain, domain, record)?;
        match ask(&question, configuration, found) {
            Ok(()) => Ok(true),
            // Another domain may have it. That a name exists says more than that another does not.
            Err(Error::Lookup(error @ (LookupError::NoName | LookupError::NoAddress))) => {
                if failure == LookupError::NoName {
                    failure = error;
                }
                Ok(false)
            }
            Err(error) => Err(error),
        }
    };
    if as_it_is_first && attempt(b"")? {
        return Ok(());
    }
    if absolute.is_none() {
        for domain in configuration.domains() {
            if attempt(domain)? {
                return Ok(());
            }
        }
    }
    if !as_it_is_first && attempt(b"")? {
        return Ok(());
    }
    Err(failure.into())
}

/// Asks the servers in turn until one answers.
fn ask(
    question: &Question,
    configuration: &Configuration<'_>,
    found: &mut Addresses,
) -> Result<(), Error> {
    let mut failure = Error::Lookup(LookupError::NoAnswer);
    for _ in 0..ROUNDS {
        for server in configuration.servers() {
            match ask_server(question, &server, found) {
                Ok(outcome) => return outcome,
                Err(error) => failure = error,
            }
        }
    }
    Err(failure)
}

/// Asks one server; the outer error says that another one may know more.
fn ask_server(
    question: &Question,
    server: &SocketAddr,
    found: &mut Addresses,
) -> Result<Result<(), Error>, Error> {
    let mut answer = [0; MAX_ANSWER];
    let deadline = Deadline::after(PATIENCE);
    let accept = |answer: &[u8]| question.is_answered_by(answer);
    let len = ask_by_datagram(server, question.bytes(), &mut answer, deadline, accept)
        .map_err(|_| LookupError::NoAnswer)?;
    let mut len = len;
    if flags(answer.get(..len).unwrap_or_default()) & TRUNCATED != 0 {
        len = ask_by_stream(server, question.bytes(), &mut answer, deadline)
            .map_err(|_| LookupError::NoAnswer)?;
        if !accept(answer.get(..len).unwrap_or_default()) {
            return Err(LookupError::Failed.into());
        }
    }
    let answer = answer.get(..len).unwrap_or_default();
    match flags(answer) & CODE {
        0 => Ok(question.read_answer(answer, found)),
        CODE_NO_SUCH_NAME => Ok(Err(LookupError::NoName.into())),
        _ => Err(LookupError::Failed.into()),
    }
}

/// A message with a question.
pub struct Question {
    bytes: [u8; HEADER + MAX_NAME + QUESTION_TAIL],
    len: usize,
    record: Record,
}

impl Question {
    /// The question for the addresses of `name`, in a domain unless that is empty.
    pub fn new(name: &[u8], domain: &[u8], record: Record) -> Result<Question, Error> {
        let mut id = [0; 2];
        io::random_bytes(&mut id)?;
        let mut question = Question {
            bytes: [0; HEADER + MAX_NAME + QUESTION_TAIL],
            len: 0,
            record,
        };
        question.push(&id)?;
        question.push(&RECURSION_DESIRED.to_be_bytes())?;
        question.push(&[0, 1, 0, 0, 0, 0, 0, 0])?;
        for text in [name, domain] {
            if text.is_empty() {
                continue;
            }
            for label in text.split(|&byte| byte == b'.') {
                if label.is_empty() || label.len() > MAX_LABEL {
                    return Err(LookupError::NoName.into());
                }
                question.push(&[label.len() as u8])?;
                question.push(label)?;
            }
        }
        question.push(&[0])?;
        if question.len > HEADER + MAX_NAME {
            return Err(LookupError::NoName.into());
        }
        question.push(&record.number().to_be_bytes())?;
        question.push(&CLASS_IN.to_be_bytes())?;
        Ok(question)
    }

    fn push(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let room = self.bytes.get_mut(self.len..self.len + bytes.len());
        room.ok_or(LookupError::NoName)?.copy_from_slice(bytes);
        self.len += bytes.len();
        Ok(())
    }

    /// The message.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    /// Whether a message answers this question.
    pub fn is_answered_by(&self, answer: &[u8]) -> bool {
        let question = self.bytes();
        let same =
            |range: core::ops::Range<usize>| match (question.get(range.clone()), answer.get(range))
            {
                (Some(ours), Some(theirs)) => ours.eq_ignore_ascii_case(theirs),
                _ => false,
            };
        answer.get(..2) == question.get(..2)
            && flags(answer) & (IS_ANSWER | OPCODE) == IS_ANSWER
            // One question, as ours, whose name is written out.
            && same(4..6)
            && same(HEADER..self.len)
    }

    /// Adds the addresses that an answer to this question gives.
    pub fn read_answer(&self, answer: &[u8], found: &mut Addresses) -> Result<(), Error> {
        let count = word(answer, 6).unwrap_or(0);
        let (mut wanted, _) = read_name(answer, HEADER).ok_or(LookupError::Failed)?;
        for _ in 0..MAX_ALIASES {
            let mut alias = None;
            let mut at = self.len;
            let mut any = false;
            for _ in 0..count {
                // A cut message: what came before counts.
                let Some(record) = read_record(answer, at) else {
                    break;
                };
                at = record.end;
                if record.class != CLASS_IN || record.owner != wanted {
                    continue;
                }
                if record.number == TYPE_CNAME {
                    alias = read_name(answer, record.data_at).map(|(name, _)| name);
                } else if record.number == self.record.number()
                    && let Some(address) = address(self.record, record.data)
                {
                    found.push(address);
                    any = true;
                }
            }
            match alias {
                _ if any => return Ok(()),
                Some(name) => wanted = name,
                None => return Err(LookupError::NoAddress.into()),
            }
        }
        Err(LookupError::Failed.into())
    }
}

/// The address that a record of this type holds.
fn address(record: Record, data: &[u8]) -> Option<IpAddr> {
    match record {
        Record::A => Some(Ipv4Addr::from(<[u8; 4]>::try_from(data).ok()?).into()),
        Record::Aaaa => Some(Ipv6Addr::from(<[u8; 16]>::try_from(data).ok()?).into()),
    }
}

/// The flags of a message; those of no answer when it has no header.
fn flags(message: &[u8]) -> u16 {
    word(message, 2).unwrap_or(0)
}

fn word(message: &[u8], at: usize) -> Option<u16> {
    let bytes = message.get(at..)?.first_chunk::<2>()?;
    Some(u16::from_be_bytes(*bytes))
}

/// A record of an answer.
struct Resource<'a> {
    owner: DomainName,
    number: u16,
    class: u16,
    data_at: usize,
    data: &'a [u8],
    end: usize,
}

fn read_record(message: &[u8], at: usize) -> Option<Resource<'_>> {
    let (owner, at) = read_name(message, at)?;
    let len = usize::from(word(message, at + 8)?);
    let data_at = at + 10;
    let end = data_at + len;
    Some(Resource {
        owner,
        number: word(message, at)?,
        class: word(message, at + 2)?,
        data_at,
        data: message.get(data_at..end)?,
        end,
    })
}

/// A name as it is written out, in small letters.
#[derive(Clone, Copy, PartialEq, Eq)]
struct DomainName {
    bytes: [u8; MAX_NAME],
    len: usize,
}

/// Reads a name: the name, and where what follows it begins.
fn read_name(message: &[u8], start: usize) -> Option<(DomainName, usize)> {
    let mut name = DomainName {
        bytes: [0; MAX_NAME],
        len: 0,
    };
    let mut at = start;
    let mut after = None;
    // Pointers lead below this place, which only goes down: there is no endless name.
    let mut limit = start;
    loop {
        let head = usize::from(*message.get(at)?);
        match head >> 6 {
            0 => {
                let label = message.get(at..at + 1 + head)?;
                let room = name.bytes.get_mut(name.len..name.len + label.len())?;
                room.copy_from_slice(label);
                if let Some((_, letters)) = room.split_first_mut() {
                    letters.make_ascii_lowercase();
                }
                name.len += label.len();
                at += label.len();
                if head == 0 {
                    return Some((name, after.unwrap_or(at)));
                }
            }
            3 => {
                let target = usize::from(word(message, at)? & 0x3fff);
                after = after.or(Some(at + 2));
                if target >= limit {
                    return None;
                }
                limit = target;
                at = target;
            }
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::UdpSocket;
    use std::thread;
    use std::vec::Vec;

    fn question(name: &str, record: Record) -> Question {
        Question::new(name.as_bytes(), b"", record).unwrap()
    }

    /// A name as messages write it.
    fn written(name: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        for label in name.split('.') {
            bytes.push(label.len() as u8);
            bytes.extend(label.as_bytes());
        }
        bytes.push(0);
        bytes
    }

    fn record(owner: &[u8], number: u16, data: &[u8]) -> Vec<u8> {
        let mut bytes = owner.to_vec();
        for field in [number, CLASS_IN, 0, 60, data.len() as u16] {
            bytes.extend(field.to_be_bytes());
        }
        bytes.extend(data);
        bytes
    }

    fn answer(question: &[u8], flags: u16, records: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = question.to_vec();
        bytes[2..4].copy_from_slice(&(IS_ANSWER | flags).to_be_bytes());
        bytes[6..8].copy_from_slice(&(records.len() as u16).to_be_bytes());
        bytes.extend(records.concat());
        bytes
    }

    fn addresses(question: &Question, records: &[Vec<u8>]) -> Result<Vec<IpAddr>, Error> {
        let answer = answer(question.bytes(), 0, records);
        assert!(question.is_answered_by(&answer));
        let mut found = Addresses::new();
        question.read_answer(&answer, &mut found)?;
        Ok(found.iter().collect())
    }

    #[test]
    fn takes_records_of_the_name_and_of_its_aliases() {
        let question = question("www.Example.com", Record::A);
        // A pointer to the name of the question.
        let this = [0xc0, 12];
        let other = written("other.net");
        let one = record(&this, TYPE_A, &[1, 2, 3, 4]);
        let two = record(&written("WWW.example.COM"), TYPE_A, &[5, 6, 7, 8]);
        let foreign = record(&other, TYPE_A, &[9, 9, 9, 9]);
        let wrong = record(&this, TYPE_A, &[1, 2, 3]);
        let found = addresses(&question, &[one, foreign.clone(), wrong, two]).unwrap();
        let expected = [Ipv4Addr::new(1, 2, 3, 4), Ipv4Addr::new(5, 6, 7, 8)];
        assert_eq!(found, expected.map(IpAddr::V4));
        let alias = record(&this, TYPE_CNAME, &other);
        let found = addresses(&question, &[foreign.clone(), alias]).unwrap();
        assert_eq!(found, [IpAddr::V4(Ipv4Addr::new(9, 9, 9, 9))]);
        assert_eq!(
            addresses(&question, &[foreign]),
            Err(Error::Lookup(LookupError::NoAddress))
        );
        // Aliases in a circle.
        let circle = record(&this, TYPE_CNAME, &written("www.example.com"));
        assert_eq!(
            addresses(&question, &[circle]),
            Err(Error::Lookup(LookupError::Failed))
        );
    }

    #[test]
    fn takes_addresses_of_the_type_asked_for() {
        let question = question("six.example", Record::Aaaa);
        let this = [0xc0, 12];
        let six = Ipv6Addr::new(1, 2, 3, 4, 5, 6, 7, 8);
        let records = [
            record(&this, TYPE_A, &[1, 2, 3, 4]),
            record(&this, TYPE_AAAA, &[1, 2, 3, 4]),
            record(&this, TYPE_AAAA, &six.octets()),
        ];
        assert_eq!(addresses(&question, &records).unwrap(), [IpAddr::V6(six)]);
    }

    #[test]
    fn refuses_answers_to_other_questions() {
        let question = question("example.com", Record::A);
        let good = answer(question.bytes(), 0, &[]);
        assert!(question.is_answered_by(&good));
        for at in 0..HEADER + 16 {
            // Flags but for the kind of message, and the numbers of records, are not compared.
            if matches!(at, 2 | 3 | 6..HEADER) {
                continue;
            }
            let mut bad = good.clone();
            bad[at] ^= 1;
            assert!(!question.is_answered_by(&bad), "{at}");
        }
        assert!(!question.is_answered_by(question.bytes()));
        for len in 0..good.len() {
            assert!(!question.is_answered_by(&good[..len]));
        }
    }

    #[test]
    fn survives_any_answer() {
        let question = question("example.com", Record::A);
        let this = [0xc0, 12];
        let valid = answer(
            question.bytes(),
            0,
            &[
                record(&this, TYPE_CNAME, &[3, b'w', b'w', b'w', 0xc0, 12]),
                record(&this, TYPE_A, &[1, 2, 3, 4]),
            ],
        );
        let mut state = 1_u64;
        for round in 0..200_000 {
            let mut message = valid.clone();
            for _ in 0..=round % 4 {
                state = state.wrapping_mul(6364136223846793005).wrapping_add(1);
                let at = (state >> 33) as usize % message.len();
                message[at] = (state >> 24) as u8;
            }
            let len = (state >> 13) as usize % (message.len() + 1);
            let mut found = Addresses::new();
            let _ = question.read_answer(&message[..len], &mut found);
        }
        // Pointers to themselves and forward, and names without an end.
        for name in [&[0xc0, 29][..], &[0xc0, 40], &[0x40], &[1], &[0xff, 0xff]] {
            let message = answer(question.bytes(), 0, &[record(name, TYPE_A, &[1, 2, 3, 4])]);
            let mut found = Addresses::new();
            assert!(question.read_answer(&message, &mut found).is_err());
        }
    }

    #[test]
    fn refuses_names_that_are_none() {
        let long = "a.".repeat(126) + "b";
        assert!(Question::new(long.as_bytes(), b"", Record::A).is_ok());
        let longer = long + "c";
        for name in ["a..b", ".a", "a.", &"a".repeat(64), &longer] {
            let question = Question::new(name.as_bytes(), b"", Record::A);
            assert_eq!(
                question.err(),
                Some(Error::Lookup(LookupError::NoName)),
                "{name}"
            );
        }
    }

    /// A server on this machine that answers every question with what `reply` makes of it.
    fn asked_of(
        question: &Question,
        replies: impl Fn(&[u8]) -> Vec<Vec<u8>> + Send + 'static,
    ) -> (Result<Result<(), Error>, Error>, Vec<IpAddr>) {
        let server = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = server.local_addr().unwrap();
        let listener = std::net::TcpListener::bind(address).unwrap();
        let serve = thread::spawn(move || {
            let mut message = [0; 512];
            let (len, from) = server.recv_from(&mut message).unwrap();
            for reply in replies(&message[..len]) {
                server.send_to(&reply, from).unwrap();
                if flags(&reply) & TRUNCATED != 0 {
                    use std::io::{Read, Write};
                    let (mut stream, _) = listener.accept().unwrap();
                    let mut asked = std::vec![0; 2 + len];
                    stream.read_exact(&mut asked).unwrap();
                    let records: Vec<_> = (0..20)
                        .map(|at| record(&[0xc0, 12], TYPE_A, &[10, 0, 0, at]))
                        .collect();
                    let full = answer(&asked[2..], 0, &records);
                    stream
                        .write_all(&(full.len() as u16).to_be_bytes())
                        .unwrap();
                    // In two parts.
                    let (one, two) = full.split_at(20);
                    stream.write_all(one).unwrap();
                    stream.write_all(two).unwrap();
                }
            }
        });
        let mut found = Addresses::new();
        let outcome = ask_server(question, &address, &mut found);
        serve.join().unwrap();
        (outcome, found.iter().collect())
    }

    #[test]
    fn asks_servers() {
        let question = question("example.com", Record::A);
        let reply = |flags| {
            move |asked: &[u8]| {
                // A forged answer first: it is left aside.
                let mut forged = answer(asked, 0, &[record(&[0xc0, 12], TYPE_A, &[6, 6, 6, 6])]);
                forged[0] ^= 0x55;
                let record = record(&[0xc0, 12], TYPE_A, &[1, 2, 3, 4]);
                std::vec![forged, answer(asked, flags, &[record])]
            }
        };
        let (outcome, found) = asked_of(&question, reply(0));
        assert_eq!(outcome, Ok(Ok(())));
        assert_eq!(found, [IpAddr::V4(Ipv4Addr::new(1, 2, 3, 4))]);
        let (outcome, found) = asked_of(&question, reply(TRUNCATED));
        assert_eq!((outcome, found.len()), (Ok(Ok(())), 20));
        let (outcome, _) = asked_of(&question, reply(CODE_NO_SUCH_NAME));
        assert_eq!(outcome, Ok(Err(Error::Lookup(LookupError::NoName))));
        // Another server may know.
        let (outcome, _) = asked_of(&question, reply(2));
        assert_eq!(outcome, Err(Error::Lookup(LookupError::Failed)));
    }
}
