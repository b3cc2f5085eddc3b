//! What does `--fuel` add to a function? The count of the instructions that it carries out.
//!
//! What is left lies in one cell of the program's state. A function keeps it in a variable, from
//! which it takes the number of instructions of a straight run at its end, and gives it back
//! around calls. Whether there is some left is asked where a program cannot avoid to come by again
//! and again: at the beginning of functions and of the bodies of loops. All this happens in the
//! IR, so that the count depends neither on the processor nor on what the optimiser does.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, types};
use wasmc_abi::traps::Trap;
use wasmparser::Operator;

use super::env::{Fuel, Region, Translator};

/// What an instruction uses: those that only give the code its structure, nothing.
fn cost(operator: &Operator<'_>) -> i64 {
    use Operator as O;
    match operator {
        O::Nop
        | O::Drop
        | O::Block { .. }
        | O::Loop { .. }
        | O::TryTable { .. }
        | O::Try { .. }
        | O::Catch { .. }
        | O::CatchAll
        | O::Delegate { .. }
        | O::Else
        | O::End
        | O::Unreachable
        | O::Return => 0,
        _ => 1,
    }
}

/// Whether a straight run ends with an instruction. Calls end one too: [`Translator::save_fuel`].
fn ends_run(operator: &Operator<'_>) -> bool {
    use Operator as O;
    matches!(
        operator,
        O::Loop { .. }
            | O::If { .. }
            | O::Else
            | O::Catch { .. }
            | O::CatchAll
            | O::Delegate { .. }
            | O::End
            | O::Br { .. }
            | O::BrIf { .. }
            | O::BrTable { .. }
            | O::BrOnNull { .. }
            | O::BrOnNonNull { .. }
            | O::BrOnCast { .. }
            | O::BrOnCastFail { .. }
            | O::Unreachable
    )
}

impl Translator<'_, '_> {
    /// Begins to count, at the beginning of a function.
    pub fn open_fuel(&mut self) {
        if self.program.places.fuel.is_none() {
            return;
        }
        let left = self.builder.declare_var(types::I64);
        self.fuel = Some(Fuel { left, pending: 0 });
        self.load_fuel();
        self.check_fuel();
    }

    /// Counts an instruction, before it is translated.
    pub fn count(&mut self, operator: &Operator<'_>) {
        let Some(fuel) = &mut self.fuel else { return };
        if !self.reachable {
            debug_assert_eq!(fuel.pending, 0, "what was counted has been taken");
            return;
        }
        fuel.pending += cost(operator);
        if ends_run(operator) {
            self.take_fuel();
        }
    }

    /// Ends a straight run.
    fn take_fuel(&mut self) {
        let Some(fuel) = &mut self.fuel else { return };
        let used = std::mem::take(&mut fuel.pending);
        if used != 0 {
            let variable = fuel.left;
            let left = self.builder.use_var(variable);
            let left = self.builder.ins().iadd_imm_s(left, -used);
            self.builder.def_var(variable, left);
        }
    }

    /// Traps if more was used than there was.
    pub fn check_fuel(&mut self) {
        let Some(fuel) = &self.fuel else { return };
        let left = self.builder.use_var(fuel.left);
        let overdrawn = self
            .builder
            .ins()
            .icmp_imm_s(IntCC::SignedLessThan, left, 0);
        self.trap_if(overdrawn, Trap::OutOfFuel);
    }

    /// Ends a straight run and stores what is left, for another function.
    pub fn save_fuel(&mut self) {
        self.take_fuel();
        if let (Some(fuel), Some(cell)) = (&self.fuel, self.program.places.fuel) {
            let left = self.builder.use_var(fuel.left);
            let cell = self.state(cell);
            let flags = self.trusted(Region::Fuel);
            self.builder.ins().store(flags, left, cell, 0);
        }
    }

    /// Loads what another function has left.
    pub fn load_fuel(&mut self) {
        if let (Some(fuel), Some(cell)) = (&self.fuel, self.program.places.fuel) {
            let variable = fuel.left;
            let cell = self.state(cell);
            let flags = self.trusted(Region::Fuel);
            let left = self.builder.ins().load(types::I64, flags, cell, 0);
            self.builder.def_var(variable, left);
        }
    }
}
