//! What a script's executable writes: a record for each command.
//!
//! ```text
//! | command u32 | status u32 | code u32 | value_count u32 | value 0: 16 bytes | ...
//! ```

use wasmc_abi::script::ScriptStatus;
use wasmc_abi::traps::Trap;

/// What happened at a command.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// It returned these values, as bits, zero-extended.
    Values(Vec<u128>),
    /// It trapped.
    Trap(Trap),
    /// An import is smaller than the module requires.
    Unlinkable,
    /// The system had no memory for it.
    OutOfMemory,
}

/// What is still to be read of the driver's output.
#[derive(Debug)]
pub struct Records<'a>(&'a [u8]);

impl<'a> Records<'a> {
    /// The records in an executable's whole output.
    pub fn new(output: &'a [u8]) -> Records<'a> {
        Records(output)
    }

    /// Whether everything was read.
    pub fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }

    /// The record of command `number`, which must be the next; the error says why there is none.
    pub fn next(&mut self, number: usize) -> Result<Event, String> {
        let mut header = [0; 4];
        for word in &mut header {
            *word = u32::from_le_bytes(self.take().ok_or("the executable stopped")?);
        }
        let [command, status, code, count] = header;
        if command as usize != number {
            return Err(format!("the driver wrote a record of command {command}"));
        }
        let mut bits = Vec::new();
        for _ in 0..count {
            bits.push(u128::from_le_bytes(
                self.take().ok_or("the executable stopped")?,
            ));
        }
        if status == ScriptStatus::Ok as u32 {
            return Ok(Event::Values(bits));
        }
        if status == ScriptStatus::Unlinkable as u32 {
            return Ok(Event::Unlinkable);
        }
        if status == ScriptStatus::Exhausted as u32 {
            return Ok(Event::OutOfMemory);
        }
        u8::try_from(code)
            .ok()
            .and_then(Trap::from_code)
            .filter(|_| status == ScriptStatus::Trap as u32)
            .map(Event::Trap)
            .ok_or_else(|| format!("the driver wrote status {status}, code {code}"))
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*bytes)
    }
}
