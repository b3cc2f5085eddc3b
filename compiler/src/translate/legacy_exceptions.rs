//! Exceptions in the encoding of before `try_table`, which LLVM still emits by default.
//!
//! The body of a `try` has one landing, as that of a `try_table` has: the code there compares the
//! exception's tag with one `catch` after the other and goes on in its instructions, which are no
//! longer part of what the `try` covers. `delegate` sends what lands on to the handlers around the
//! frame whose label it names. A module may use both encodings.
//!
//! `rethrow` needs the exception after others were thrown, whose payloads have taken the place of
//! its own in memory. So the values that a `catch` got stay known to the translation, and are
//! thrown again. A `catch_all` knows no types: in a function that rethrows it loads whatever the
//! largest payload occupies.

use cranelift_codegen::ir::{self, InstBuilder, Value, types};
use wasmparser::BlockType;

use super::env::{Region, Translator};
use super::exceptions::offsets;
use super::frame::{Caught, CaughtPayload, Kind};
use crate::index::TagIndex;
use crate::program::{PAYLOAD_VALUE, Payload};

/// Most parts of a payload, of [`PAYLOAD_VALUE`] bytes, that a `catch_all` holds in values. Of a
/// larger one it makes a reference.
const MAX_PARTS: u32 = 8;

impl Translator<'_, '_> {
    pub fn try_(&mut self, ty: BlockType) {
        let handles = self.reachable;
        self.open(ty, |_, _, _| Kind::Try { landing: None });
        if handles {
            self.handlers.push(self.control.len() - 1);
        }
    }

    pub fn catch(&mut self, tag: u32) {
        let Some(exception) = self.next_clause() else {
            return;
        };
        let tag = self.instance.tags[TagIndex::from_u32(tag)];
        let next = self.enter_if_tag(exception, tag);
        let values = self.payload_values(tag, exception);
        let params = self.program.world.tag_params(tag);
        for (&value, &ty) in values.iter().zip(params) {
            self.push_known(value, ty);
        }
        let payload = match self.program.world.payload(tag) {
            Payload::Object => CaughtPayload::Referred,
            _ => CaughtPayload::Values(tag, values),
        };
        self.enter_clause(exception, payload, Some(next));
    }

    pub fn catch_all(&mut self) {
        let Some(exception) = self.next_clause() else {
            return;
        };
        let (exception, payload) = self.hold(exception);
        self.enter_clause(exception, payload, None);
    }

    /// Ends the instructions of a `try` or of a `catch`, and goes to where exceptions go on that no
    /// clause so far catches; `None` where that cannot be reached.
    fn next_clause(&mut self) -> Option<Value> {
        if self.reachable {
            self.leave_to_exit();
        }
        let frame = self.control.last_mut().expect("an open `try`");
        if !frame.entered {
            return None;
        }
        self.stack.truncate(frame.height);
        let nothing = Kind::Catch {
            caught: None,
            next: None,
        };
        match std::mem::replace(&mut frame.kind, nothing) {
            Kind::Try { landing } => {
                self.handlers.pop();
                landing.map(|landing| self.enter_landing(landing))
            }
            Kind::Catch { caught, next } => {
                self.builder.switch_to_block(next?);
                caught.map(|caught| caught.reference)
            }
            kind => unreachable!("`catch` follows `try`, not {kind:?}"),
        }
    }

    /// Makes what follows the instructions of a clause; what it does not catch goes on at `next`.
    fn enter_clause(&mut self, reference: Value, payload: CaughtPayload, next: Option<ir::Block>) {
        let frame = self.control.last_mut().expect("an open `try`");
        let caught = Some(Caught { reference, payload });
        frame.kind = Kind::Catch { caught, next };
        self.reachable = true;
    }

    /// Makes sure that an exception of any tag can be thrown again.
    fn hold(&mut self, exception: Value) -> (Value, CaughtPayload) {
        let Some(payloads) = self
            .program
            .places
            .payloads
            .as_ref()
            .filter(|_| self.rethrows)
        else {
            return (exception, CaughtPayload::Referred);
        };
        let count = payloads.bytes / PAYLOAD_VALUE;
        if count > MAX_PARTS {
            return (self.kept(exception), CaughtPayload::Referred);
        }
        let current = self.own(payloads.current);
        let flags = self.trusted(Region::Payloads);
        let parts = offsets().take(count as usize);
        let parts = parts.map(|offset| {
            let instructions = self.builder.ins();
            instructions.load(types::I8X16, flags, current, offset)
        });
        let parts = parts.collect();
        (exception, CaughtPayload::Parts(parts))
    }

    pub fn rethrow(&mut self, relative_depth: u32) {
        let depth = self.control.len() - 1 - relative_depth as usize;
        let Kind::Catch {
            caught: Some(caught),
            ..
        } = &self.control[depth].kind
        else {
            unreachable!("`rethrow` names a `catch`");
        };
        let Caught { reference, payload } = caught.clone();
        let exception = match payload {
            CaughtPayload::Referred => reference,
            CaughtPayload::Values(tag, values) => self.exception(tag, values),
            CaughtPayload::Parts(parts) => {
                // If the payload lies elsewhere, nothing reads what is written here.
                self.store_payload(parts);
                reference
            }
        };
        self.raise(exception);
    }

    pub fn delegate(&mut self, relative_depth: u32) {
        if self.reachable {
            self.leave_to_exit();
        }
        let frame = self.control.pop().expect("an open `try`");
        if !frame.entered {
            return;
        }
        self.handlers.pop();
        if let Kind::Try {
            landing: Some(landing),
        } = frame.kind
        {
            let exception = self.enter_landing(landing);
            // As if it were thrown at the end of the frame that is named.
            let named = self.control.len() - 1 - relative_depth as usize;
            let handler = self.handlers.iter().rev().find(|&&depth| depth <= named);
            let landing = handler.copied().map(|depth| self.landing_of(depth));
            self.raise_to(exception, landing);
        }
        self.close(&frame);
    }
}
