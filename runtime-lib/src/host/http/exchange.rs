//! A connection, the request that is being answered, and its answer.
//!
//! A process has one: what a worker serves. Nothing here waits; what has to wait is told so, and asks
//! again ([`Ready`], [`is_sent`]).
//!
//! ```text
//! input:  | head of the request | … | bytes that were received, of its body or of the next request |
//! output: | … | bytes that are to be sent: heads, chunks |
//! ```

use super::body::{Decoder, Next};
use super::error::HttpError;
use super::fields::{Fields, FieldsError};
use super::head::{self, Head, Part, Refusal};
use super::message::{Frame, Writer, write_head};
use super::outlet::{Coding, LEAST_ROOM, MAX_OUTLETS, Outlet, State};
use super::syntax;
use crate::host::heap::{self, Heap};
use crate::sys::io;
use crate::sys::lock::Lock;
use crate::sys::net;
use core::sync::atomic::{AtomicBool, Ordering};
use rustix::fd::BorrowedFd;
use rustix::io::Errno;

/// Bytes that are received ahead.
const INPUT: usize = 2 * head::MAX_HEAD;
/// Bytes that are written and not sent, at which no more are taken.
const WAITING: usize = 64 * 1024;
/// Room for these, for a head, and for what was written before it.
const OUTPUT: usize = 4 * WAITING;
/// Most bytes around the bytes of a chunk.
const CHUNK_OVERHEAD: usize = 32;
/// Most bytes of a body that are received only to be thrown away.
const DRAINED: usize = 256 * 1024;

/// What was received. Apart from the rest, which is small.
static INPUT_BYTES: Lock<[u8; INPUT]> = Lock::new([0; INPUT]);
/// What is to be sent.
static OUTPUT_BYTES: Lock<[u8; OUTPUT]> = Lock::new([0; OUTPUT]);
static EXCHANGE: Lock<Exchange> = Lock::new(Exchange::new());

/// Whether the process is to end: connections are not kept.
static STOPPING: AtomicBool = AtomicBool::new(false);

/// How far the answer is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    /// There is none.
    Missing,
    /// Its head was written.
    Begun,
    /// All of it was written.
    Complete,
    /// It cannot be completed.
    Broken,
}

/// Whether something of the body can be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ready {
    /// Bytes, or its end.
    Now,
    /// Not before this descriptor has something to read.
    Readable(i32),
}

/// What became of an exchange.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum After {
    /// Another request may follow.
    KeepAlive,
    /// The connection is at its end.
    Close,
}

/// All zeros: no connection.
struct Exchange {
    /// The connection's number.
    socket: i32,
    /// Where the head begins and ends.
    head_start: usize,
    head_end: usize,
    /// Where what was received and not used begins and ends.
    start: usize,
    end: usize,
    /// Up to where no end of a head was found.
    scanned: usize,
    head: Head,
    /// How far the body was read.
    decoder: Decoder,
    /// What follows the body.
    trailers: Fields,
    /// Why the body cannot be read further.
    error: Option<HttpError>,
    /// Whether the client has to be told to send the body.
    continue_due: bool,
    /// Where what is to be sent begins and ends.
    out_start: usize,
    out_end: usize,
    /// Bytes that were sent for this request.
    sent: u64,
    answer: Answer,
    status: u16,
    coding: Coding,
    /// The body of the answer: 1 more than its place; 0 for none.
    outlet: u32,
    close: bool,
    outlets: [Outlet; MAX_OUTLETS],
}

/// What there is to say of an exchange in a log.
#[derive(Clone, Copy)]
pub struct Summary {
    pub status: u16,
    pub sent: u64,
}

impl Exchange {
    const fn new() -> Exchange {
        Exchange {
            socket: 0,
            head_start: 0,
            head_end: 0,
            start: 0,
            end: 0,
            scanned: 0,
            head: Head::NONE,
            decoder: Decoder::Length(0),
            trailers: Fields::NONE,
            error: None,
            continue_due: false,
            out_start: 0,
            out_end: 0,
            sent: 0,
            answer: Answer::Missing,
            status: 0,
            coding: Coding::Nothing,
            outlet: 0,
            close: false,
            outlets: [Outlet::FREE; MAX_OUTLETS],
        }
    }

    fn fd(&self) -> BorrowedFd<'static> {
        // SAFETY: the worker keeps the connection open as long as it is this exchange's.
        unsafe { BorrowedFd::borrow_raw(self.socket) }
    }

    // Receiving.

    /// Receives more bytes: how many, 0 at the end.
    fn receive(&mut self, input: &mut [u8; INPUT], flags: u32) -> Result<usize, Errno> {
        if self.start == self.end || (self.end == INPUT && self.start > self.head_end) {
            let distance = self.start - self.head_end;
            input.copy_within(self.start..self.end, self.head_end);
            self.start -= distance;
            self.end -= distance;
            self.scanned = self.scanned.saturating_sub(distance);
        }
        let room = input.get_mut(self.end..).unwrap_or_default();
        if room.is_empty() {
            return Err(Errno::MSGSIZE);
        }
        let (len, _) = io::with_bytes_mut(room, |vec| io::receive(self.fd(), &[vec], flags))?;
        self.end += len;
        Ok(len)
    }

    /// Whether the head of a request is there; then it was read.
    fn find_head(&mut self, input: &mut [u8; INPUT]) -> Result<bool, Refusal> {
        let received = input.get(self.start..self.end).unwrap_or_default();
        // Empty lines before a request are no part of it.
        let mut blank = 0;
        while received
            .get(blank..)
            .is_some_and(|rest| rest.starts_with(b"\r\n"))
        {
            blank += 2;
        }
        self.start += blank;
        let received = received.get(blank..).unwrap_or_default();
        let from = self.scanned.saturating_sub(self.start);
        let Some(len) = head::end(received, from)? else {
            self.scanned = self.end;
            return Ok(false);
        };
        let head = received.get(..len).unwrap_or_default();
        head::parse(head, &mut self.head)?;
        self.head_start = self.start;
        self.head_end = self.start + len;
        self.start = self.head_end;
        self.decoder = Decoder::new(self.head.framing);
        self.continue_due = self.head.expects_continue && !self.decoder.is_done();
        Ok(true)
    }

    /// Whether bytes of the body can be read. Receives if there are none.
    fn ready(&mut self) -> Ready {
        INPUT_BYTES.with(|input| {
            loop {
                if self.error.is_some() {
                    return Ready::Now;
                }
                let received = input.get(self.start..self.end).unwrap_or_default();
                let looked = self.decoder.look(received);
                let next = match looked {
                    Ok((taken, next)) => {
                        self.start += taken;
                        next
                    }
                    Err(error) => {
                        self.error = Some(error);
                        return Ready::Now;
                    }
                };
                match next {
                    Next::Data(_) | Next::End => return Ready::Now,
                    Next::Trailers(len) => {
                        let text = received.get(received.len() - (self.end - self.start)..);
                        let text = text.and_then(|text| text.get(..len)).unwrap_or_default();
                        if let Err(error) = self.read_trailers(text) {
                            self.error = Some(error);
                        }
                        self.start += len;
                        self.decoder.take_trailers();
                    }
                    Next::More => {
                        self.tell_to_continue();
                        match self.receive(input, net::DONT_WAIT) {
                            Ok(0) => self.error = Some(HttpError::Terminated),
                            Ok(_) | Err(Errno::INTR) => {}
                            Err(Errno::AGAIN) => return Ready::Readable(self.socket),
                            Err(_) => self.error = Some(HttpError::Terminated),
                        }
                    }
                }
            }
        })
    }

    /// Reads trailers, of which those are left out that a trailer may not be.
    fn read_trailers(&mut self, text: &[u8]) -> Result<(), HttpError> {
        let mut fields = [httparse::EMPTY_HEADER; 32];
        let parsed = httparse::parse_headers(text, &mut fields);
        let Ok(httparse::Status::Complete((_, fields))) = parsed else {
            return Err(HttpError::Protocol);
        };
        heap::with(|heap| {
            for field in fields {
                let name = field.name.as_bytes();
                if syntax::is_forbidden(name) || name.eq_ignore_ascii_case(b"content-length") {
                    continue;
                }
                let fill = |room: &mut [u8]| room.copy_from_slice(field.value);
                let added = self.trailers.add(heap, name, field.value.len(), fill);
                added.map_err(|error| match error {
                    FieldsError::TooLarge => HttpError::Trailers,
                    FieldsError::Syntax | FieldsError::Forbidden => HttpError::Protocol,
                })?;
            }
            Ok(())
        })
    }

    /// Reads bytes of the body that were received: how many; 0 when more must be waited for.
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Option<HttpError>> {
        let mut done = 0;
        while done < buffer.len() {
            if self.ready() != Ready::Now {
                break;
            }
            if let Some(error) = self.error {
                return if done > 0 { Ok(done) } else { Err(Some(error)) };
            }
            if self.decoder.is_done() {
                return if done > 0 { Ok(done) } else { Err(None) };
            }
            INPUT_BYTES.with(|input| {
                let received = input.get(self.start..self.end).unwrap_or_default();
                if let Ok((0, Next::Data(len))) = self.decoder.look(received) {
                    let room = buffer.get_mut(done..).unwrap_or_default();
                    let len = len.min(room.len());
                    for (to, from) in room.iter_mut().zip(received.get(..len).unwrap_or_default()) {
                        *to = *from;
                    }
                    self.decoder.take(len);
                    self.start += len;
                    done += len;
                }
            });
        }
        Ok(done)
    }

    /// Throws away what is left of the body; false when that would take long.
    fn drain(&mut self) -> bool {
        let mut drained = 0;
        while drained < DRAINED {
            if self.ready() != Ready::Now || self.error.is_some() {
                return false;
            }
            if self.decoder.is_done() {
                return true;
            }
            INPUT_BYTES.with(|input| {
                let received = input.get(self.start..self.end).unwrap_or_default();
                if let Ok((0, Next::Data(len))) = self.decoder.look(received) {
                    self.decoder.take(len);
                    self.start += len;
                    drained += len;
                }
            });
        }
        false
    }

    // Sending.

    /// Bytes that were written and not sent.
    fn waiting(&self) -> usize {
        self.out_end - self.out_start
    }

    /// Writes bytes to be sent: `write` gets the room for them, and says how many it has used.
    fn put(&mut self, write: impl FnOnce(&mut [u8]) -> Option<usize>) -> Result<(), HttpError> {
        OUTPUT_BYTES.with(|output| {
            if self.out_start == self.out_end {
                self.out_start = 0;
                self.out_end = 0;
            } else if self.out_end > OUTPUT / 2 {
                output.copy_within(self.out_start..self.out_end, 0);
                self.out_end -= self.out_start;
                self.out_start = 0;
            }
            let room = output.get_mut(self.out_end..).unwrap_or_default();
            match write(room) {
                Some(len) => {
                    self.out_end += len;
                    Ok(())
                }
                None => Err(HttpError::Internal),
            }
        })
    }

    fn put_bytes(&mut self, bytes: &[u8]) -> Result<(), HttpError> {
        self.put(|room| {
            room.get_mut(..bytes.len())?.copy_from_slice(bytes);
            Some(bytes.len())
        })
    }

    /// Sends what the system takes without waiting; whether that was all.
    fn send(&mut self) -> Result<bool, HttpError> {
        OUTPUT_BYTES.with(|output| {
            while self.out_start < self.out_end {
                let bytes = output.get(self.out_start..self.out_end).unwrap_or_default();
                let flags = net::NO_SIGNAL | net::DONT_WAIT;
                match io::with_bytes(bytes, |vec| io::send(self.fd(), &[vec], flags)) {
                    Ok(len) => {
                        self.out_start += len;
                        self.sent += len as u64;
                    }
                    Err(Errno::AGAIN) => return Ok(false),
                    Err(Errno::INTR) => {}
                    Err(_) => {
                        self.out_start = self.out_end;
                        self.close = true;
                        self.answer = Answer::Broken;
                        return Err(HttpError::Terminated);
                    }
                }
            }
            Ok(true)
        })
    }

    /// Tells a client that waits for a word that it may send the body.
    fn tell_to_continue(&mut self) {
        if core::mem::take(&mut self.continue_due) && self.answer == Answer::Missing {
            let told = self.put_bytes(b"HTTP/1.1 100 Continue\r\n\r\n");
            if told.is_ok() {
                let _ = self.send();
            }
            // It is no part of the answer, which can still be another one.
            self.sent = 0;
        }
    }

    /// Whether the connection can be used for another request, as far as can be told now.
    fn may_keep(&self) -> bool {
        self.head.keep_alive
            && !self.close
            && self.error.is_none()
            && !self.continue_due
            && !STOPPING.load(Ordering::Relaxed)
    }

    /// Writes the head of the answer, and what the guest has written of its body.
    fn begin(
        &mut self,
        heap: &mut Heap,
        status: u16,
        fields: Fields,
        outlet: Option<u32>,
    ) -> Result<(), HttpError> {
        let place = outlet.map_or(0, |outlet| outlet + 1);
        let body = self.outlet_at(place).copied();
        let declared = content_length(heap, fields);
        let (length, coding) = match body {
            _ if matches!(status, 100..=199 | 204 | 304) => (None, Coding::Nothing),
            None if self.is_head_request() => (declared.or(Some(0)), Coding::Length),
            None => (Some(0), Coding::Length),
            Some(body) => match body.promised() {
                Some(length) => (Some(length), Coding::Length),
                None if body.state == State::Finished && body.trailers.count() == 0 => {
                    (Some(body.written), Coding::Length)
                }
                None if self.head.is_1_1 => (None, Coding::Chunked),
                None => (None, Coding::Close),
            },
        };
        let coding = match self.is_head_request() {
            true => Coding::Nothing,
            false => coding,
        };
        self.coding = coding;
        self.close |= coding == Coding::Close || !self.may_keep();
        let frame = Frame {
            length,
            chunked: coding == Coding::Chunked,
            close: self.close,
            keep_alive: !self.head.is_1_1,
        };
        self.status = status;
        self.put(|room| write_head(room, heap, status, fields, frame))?;
        self.answer = Answer::Begun;
        self.outlet = place;
        let Some(mut body) = body else {
            self.answer = Answer::Complete;
            return Ok(());
        };
        body.is_bound = true;
        let early = body.early(heap);
        if !early.is_empty() {
            self.put_data(early.len(), |room| room.copy_from_slice(early))?;
        }
        body.release_early(heap);
        if let Some(slot) = self.outlet_at(place) {
            *slot = body;
        }
        match body.state {
            State::Finished => self.complete(heap),
            State::Broken => {
                self.break_off();
                Ok(())
            }
            State::Open | State::Free => Ok(()),
        }
    }

    fn is_head_request(&self) -> bool {
        INPUT_BYTES.with(|input| self.part(input, self.head.method) == b"HEAD")
    }

    /// A part of the head.
    fn part<'i>(&self, input: &'i [u8; INPUT], part: Part) -> &'i [u8] {
        part.get(
            input
                .get(self.head_start..self.head_end)
                .unwrap_or_default(),
        )
    }

    /// Writes bytes of the body, framed: `fill` copies them.
    fn put_data(&mut self, len: usize, fill: impl FnOnce(&mut [u8])) -> Result<(), HttpError> {
        if len == 0 || self.coding == Coding::Nothing {
            return Ok(());
        }
        let chunked = self.coding == Coding::Chunked;
        self.put(|room| {
            let mut at = 0;
            if chunked {
                let mut writer = Writer::new(room);
                at = writer.number(len as u64, 16).bytes(b"\r\n").len()?;
            }
            fill(room.get_mut(at..at + len)?);
            at += len;
            if chunked {
                room.get_mut(at..at + 2)?.copy_from_slice(b"\r\n");
                at += 2;
            }
            Some(at)
        })
    }

    /// Writes what ends the body of the answer.
    fn complete(&mut self, heap: &Heap) -> Result<(), HttpError> {
        let trailers = self
            .outlet_at(self.outlet)
            .map_or(Fields::NONE, |outlet| outlet.trailers);
        if self.coding == Coding::Chunked {
            self.put(|room| {
                let mut writer = Writer::new(room);
                writer.bytes(b"0\r\n");
                for field in trailers.iter(heap) {
                    let name = field.name(heap);
                    if name == b"content-length" {
                        continue;
                    }
                    writer.bytes(name).bytes(b": ");
                    writer.bytes(syntax::trim(field.value(heap))).bytes(b"\r\n");
                }
                writer.bytes(b"\r\n").len()
            })?;
        }
        self.answer = Answer::Complete;
        Ok(())
    }

    /// Gives the answer up: the connection ends without an end of the body.
    fn break_off(&mut self) {
        self.answer = Answer::Broken;
        self.close = true;
    }

    /// The body at a place, from 1.
    fn outlet_at(&mut self, place: u32) -> Option<&mut Outlet> {
        let outlet = self.outlets.get_mut(place.checked_sub(1)? as usize)?;
        (outlet.state != State::Free).then_some(outlet)
    }
}

/// What `content-length` says, if that is one number.
pub fn content_length(heap: &Heap, fields: Fields) -> Option<u64> {
    let mut values = fields.named(heap, b"content-length");
    let value = syntax::number(syntax::trim(values.next()?.value(heap)))?;
    (values.next().is_none() && value < u64::MAX).then_some(value)
}

// For the worker.

/// Begins with a connection.
pub fn open(socket: i32) {
    EXCHANGE.with(|exchange| {
        exchange.socket = socket;
        exchange.head_start = 0;
        exchange.head_end = 0;
        exchange.start = 0;
        exchange.end = 0;
        exchange.scanned = 0;
        exchange.reset();
    });
}

impl Exchange {
    /// Forgets the request and its answer. What the heap holds of them is forgotten by the caller.
    fn reset(&mut self) {
        self.decoder = Decoder::Length(0);
        self.trailers = Fields::NONE;
        self.error = None;
        self.continue_due = false;
        self.out_start = 0;
        self.out_end = 0;
        self.sent = 0;
        self.answer = Answer::Missing;
        self.status = 0;
        self.coding = Coding::Nothing;
        self.outlet = 0;
        self.close = false;
        for outlet in &mut self.outlets {
            if outlet.state != State::Free {
                *outlet = Outlet::FREE;
            }
        }
    }
}

/// Receives bytes, waiting as the connection does: how many, 0 at its end.
pub fn receive() -> Result<usize, Errno> {
    EXCHANGE.with(|exchange| INPUT_BYTES.with(|input| exchange.receive(input, 0)))
}

/// Whether the head of a request was received.
pub fn find_head() -> Result<bool, Refusal> {
    EXCHANGE.with(|exchange| INPUT_BYTES.with(|input| exchange.find_head(input)))
}

/// Whether nothing of a request was received.
pub fn is_idle() -> bool {
    EXCHANGE.with(|exchange| exchange.start == exchange.end)
}

/// Answers in the place of the guest, unless its answer is complete. If a part of one was sent, the
/// connection ends.
pub fn refuse(status: u16) {
    EXCHANGE.with(|exchange| {
        if exchange.answer == Answer::Complete {
            return;
        }
        if exchange.sent > 0 {
            exchange.break_off();
            return;
        }
        exchange.out_start = 0;
        exchange.out_end = 0;
        // A body that was not understood leaves nobody knows what behind.
        exchange.close |= status < 500 || exchange.error.is_some();
        let begun = heap::with(|heap| exchange.begin(heap, status, Fields::NONE, None));
        if begun.is_err() {
            exchange.break_off();
        }
    });
}

/// Refuses what is no request, or none that is answered.
pub fn refuse_head(refusal: Refusal) {
    EXCHANGE.with(|exchange| {
        exchange.head = Head::NONE;
        exchange.head.is_1_1 = true;
        exchange.head_start = 0;
        exchange.head_end = 0;
        exchange.decoder = Decoder::Length(0);
        exchange.close = true;
    });
    refuse(refusal as u16);
}

/// The status with which the server answers a request that the guest has not answered: the client's
/// fault if its body was none.
pub fn missing_status() -> u16 {
    let error = EXCHANGE.with(|exchange| exchange.error);
    match error {
        Some(_) => 400,
        None => 500,
    }
}

/// Sends what the system takes without waiting; whether that was all.
pub fn is_sent() -> Result<bool, HttpError> {
    EXCHANGE.with(Exchange::send)
}

/// Sends what waits before the guest waits for something.
pub fn send_before_waiting() {
    EXCHANGE.with(|exchange| {
        if exchange.waiting() > 0 {
            let _ = exchange.send();
        }
    });
}

/// Ends the exchange, whose answer was sent as far as it ever will be.
pub fn conclude() -> (After, Summary) {
    EXCHANGE.with(|exchange| {
        if exchange.answer != Answer::Complete || exchange.waiting() > 0 {
            exchange.break_off();
        }
        let summary = Summary {
            status: exchange.status,
            sent: exchange.sent,
        };
        let keep = exchange.may_keep() && exchange.drain();
        heap::with(|heap| {
            exchange.trailers.free(heap);
            for outlet in &mut exchange.outlets {
                if outlet.state != State::Free {
                    outlet.release(heap);
                }
            }
        });
        exchange.reset();
        if !keep {
            return (After::Close, summary);
        }
        INPUT_BYTES.with(|input| input.copy_within(exchange.start..exchange.end, 0));
        exchange.end -= exchange.start;
        exchange.start = 0;
        exchange.head_start = 0;
        exchange.head_end = 0;
        exchange.scanned = 0;
        (After::KeepAlive, summary)
    })
}

/// Lets no connection be kept from now on. For signal handlers too.
pub fn stop() {
    STOPPING.store(true, Ordering::Relaxed);
}

/// Whether the process is to end.
pub fn is_stopping() -> bool {
    STOPPING.load(Ordering::Relaxed)
}

// For the guest.

/// Which part of a head is meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Of {
    Method,
    Target,
    Authority,
}

/// Uses a part of the request's head. Nothing in `action` may trap.
pub fn with_head<R>(of: Of, action: impl FnOnce(&[u8]) -> R) -> R {
    EXCHANGE.with(|exchange| {
        let part = match of {
            Of::Method => exchange.head.method,
            Of::Target => exchange.head.target,
            Of::Authority => exchange.head.authority,
        };
        INPUT_BYTES.with(|input| action(exchange.part(input, part)))
    })
}

/// The fields of the request, but for those that are about the connection.
pub fn fields(heap: &mut Heap) -> Result<Fields, FieldsError> {
    EXCHANGE.with(|exchange| {
        INPUT_BYTES.with(|input| {
            let mut fields = Fields::NONE;
            for &(name, value) in exchange.head.fields() {
                let (name, value) = (exchange.part(input, name), exchange.part(input, value));
                if syntax::is_forbidden(name) {
                    continue;
                }
                fields.add(heap, name, value.len(), |room| room.copy_from_slice(value))?;
            }
            Ok(fields)
        })
    })
}

/// Whether bytes of the body, or its end, can be read.
pub fn ready() -> Ready {
    EXCHANGE.with(Exchange::ready)
}

/// Reads bytes of the body: how many, 0 when they must be waited for. Fails with `None` at its end.
pub fn read(buffer: &mut [u8]) -> Result<usize, Option<HttpError>> {
    EXCHANGE.with(|exchange| exchange.read(buffer))
}

/// What follows the body, once that was read; `None` before.
pub fn trailers() -> Option<Result<Fields, HttpError>> {
    EXCHANGE.with(|exchange| {
        // Whoever asks for what follows the body does not want the rest of it.
        while exchange.ready() == Ready::Now {
            if let Some(error) = exchange.error {
                return Some(Err(error));
            }
            if exchange.decoder.is_done() {
                return Some(Ok(exchange.trailers));
            }
            INPUT_BYTES.with(|input| {
                let received = input.get(exchange.start..exchange.end).unwrap_or_default();
                if let Ok((0, Next::Data(len))) = exchange.decoder.look(received) {
                    exchange.decoder.take(len);
                    exchange.start += len;
                }
            });
        }
        None
    })
}

/// Begins a body, of so many bytes if they are known: its number. `None` when there are too many.
pub fn open_outlet(length: Option<u64>) -> Option<u32> {
    EXCHANGE.with(|exchange| {
        let mut outlets = exchange.outlets.iter_mut().zip(0..);
        let (outlet, number) = outlets.find(|(outlet, _)| outlet.state == State::Free)?;
        *outlet = Outlet::open(length);
        Some(number)
    })
}

/// How many bytes may be written without waiting; fails when none can be any more.
pub fn room(number: u32) -> Result<usize, HttpError> {
    EXCHANGE.with(|exchange| {
        let outlet = *exchange
            .outlet_at(number + 1)
            .ok_or(HttpError::Terminated)?;
        if outlet.state != State::Open {
            return Err(HttpError::Terminated);
        }
        if !outlet.is_bound {
            return Ok(outlet.early_room());
        }
        if exchange.answer != Answer::Begun {
            return Err(HttpError::Terminated);
        }
        if exchange.waiting() > WAITING / 2 {
            exchange.send()?;
        }
        let room = WAITING.saturating_sub(exchange.waiting() + CHUNK_OVERHEAD);
        Ok(if room < LEAST_ROOM { 0 } else { room })
    })
}

/// The descriptor that has room once [`room`] gives more; `None` when it never will before the head is
/// sent.
pub fn wait_for_room(number: u32) -> Option<i32> {
    EXCHANGE.with(|exchange| {
        let is_bound = exchange.outlet_at(number + 1)?.is_bound;
        is_bound.then_some(exchange.socket)
    })
}

/// The descriptor that has room once more of a body can be sent; `None` when all is sent.
pub fn wait_for_sending() -> Option<i32> {
    EXCHANGE.with(|exchange| (exchange.waiting() > 0).then_some(exchange.socket))
}

/// Writes bytes of a body, which must have room: `fill` copies them. Nothing in it may trap.
pub fn write(number: u32, len: usize, fill: impl FnOnce(&mut [u8])) -> Result<(), HttpError> {
    EXCHANGE.with(|exchange| {
        let outlet = exchange
            .outlet_at(number + 1)
            .ok_or(HttpError::Terminated)?;
        outlet.count(len)?;
        if !outlet.is_bound {
            return heap::with(|heap| outlet.keep(heap, len, fill));
        }
        exchange.put_data(len, fill)
    })
}

/// Sends what was written of a body; whether that was all. What has no head yet is kept.
pub fn flush(number: u32) -> Result<bool, HttpError> {
    EXCHANGE.with(|exchange| match exchange.outlet_at(number + 1) {
        Some(outlet) if !outlet.is_bound => Ok(true),
        Some(_) => exchange.send(),
        None => Err(HttpError::Terminated),
    })
}

/// Says that a body is complete, and what follows it.
pub fn finish(number: u32, trailers: Fields) -> Result<(), HttpError> {
    EXCHANGE.with(|exchange| {
        let has_none = exchange.is_head_request();
        let outlet = exchange
            .outlet_at(number + 1)
            .ok_or(HttpError::Terminated)?;
        // What is not sent can have any length.
        let promised = outlet.promised().filter(|_| !has_none);
        if outlet.state != State::Open || promised.is_some_and(|len| len != outlet.written) {
            outlet.state = State::Broken;
            if outlet.is_bound {
                exchange.break_off();
            }
            heap::with(|heap| trailers.free(heap));
            return Err(HttpError::BodySize);
        }
        outlet.state = State::Finished;
        outlet.trailers = trailers;
        if !outlet.is_bound {
            return Ok(());
        }
        heap::with(|heap| exchange.complete(heap))
    })
}

/// Says that one who refers to a body does so no more. What has neither a message nor a writer is given
/// back; what goes to the connection stays until the exchange ends.
pub fn leave(number: u32) {
    EXCHANGE.with(|exchange| {
        if let Some(outlet) = exchange.outlet_at(number + 1) {
            outlet.holders = outlet.holders.saturating_sub(1);
            if outlet.holders == 0 && !outlet.is_bound {
                heap::with(|heap| outlet.release(heap));
            }
        }
    });
}

/// Says that a body will not be completed.
pub fn abandon(number: u32) {
    EXCHANGE.with(|exchange| {
        let Some(outlet) = exchange.outlet_at(number + 1) else {
            return;
        };
        if outlet.state == State::Finished {
            return;
        }
        outlet.state = State::Broken;
        if outlet.is_bound {
            exchange.break_off();
        }
    });
}

/// Answers the request. Fails when that was done, or when the head is too large.
pub fn set_answer(status: u16, fields: Fields, outlet: Option<u32>) -> Result<(), HttpError> {
    EXCHANGE.with(|exchange| {
        if exchange.answer != Answer::Missing || !(200..=999).contains(&status) {
            return Err(HttpError::Internal);
        }
        heap::with(|heap| exchange.begin(heap, status, fields, outlet))
    })
}
