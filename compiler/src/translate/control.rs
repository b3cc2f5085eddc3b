//! Control frames and branches.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{self, BlockArg, InstBuilder, JumpTableData, Value, types};
use wasmc_abi::traps::Trap;
use wasmparser::{BlockType, BrTable, RefType, TryTable, ValType};

use super::env::{Translator, value_type};
use super::frame::{Frame, Kind};
use crate::index::TypeIndex;

/// Opens the function's own frame; `results` are those of the function.
pub(super) fn open_function(fx: &mut Translator<'_, '_>, results: &[ValType]) {
    let exit = fx.builder.create_block();
    fx.builder.append_block_params_for_function_returns(exit);
    fx.control.push(Frame {
        kind: Kind::Block,
        exit,
        exit_reached: false,
        height: 0,
        params: 0,
        results: results.to_vec(),
        entered: true,
        cold_from: None,
    });
}

impl Translator<'_, '_> {
    pub fn block(&mut self, ty: BlockType) {
        self.open(ty, |_, _, _| Kind::Block);
    }

    pub fn loop_(&mut self, ty: BlockType) {
        self.open(ty, |fx, params, types| {
            let header = fx.builder.create_block();
            for &param in params {
                let ty = fx.type_of(param);
                fx.builder.append_block_param(header, ty);
            }
            fx.jump(header, params);
            fx.builder.switch_to_block(header);
            let values = fx.builder.block_params(header).to_vec();
            let height = fx.stack.len() - values.len();
            fx.stack.truncate(height);
            fx.push_all(&values, types);
            fx.check_fuel();
            Kind::Loop { header }
        });
    }

    pub fn if_(&mut self, ty: BlockType) {
        let condition = self.reachable.then(|| self.pop());
        let hint = self.hint;
        self.open(ty, |fx, params, types| {
            let condition = condition.expect("the place is reachable");
            let then = fx.builder.create_block();
            let alternative = fx.builder.create_block();
            fx.builder
                .ins()
                .brif(condition, then, &[], alternative, &[]);
            fx.builder.seal_block(then);
            fx.builder.seal_block(alternative);
            fx.builder.switch_to_block(then);
            match hint {
                Some(false) => fx.builder.set_cold_block(then),
                Some(true) => fx.builder.set_cold_block(alternative),
                None => {}
            }
            Kind::If {
                alternative,
                params: params.to_vec(),
                param_types: types.to_vec(),
                hint,
            }
        });
        if hint == Some(false) {
            self.begin_cold();
        }
    }

    /// Begins a part of the innermost frame that is unlikely to be reached.
    fn begin_cold(&mut self) {
        let blocks = self.builder.func.dfg.num_blocks();
        let frame = self.control.last_mut().expect("an open frame");
        frame.cold_from = frame.entered.then_some(blocks);
    }

    /// Ends such a part: all blocks that were made in it are cold.
    fn end_cold(&mut self) {
        let frame = self.control.last_mut().expect("an open frame");
        let Some(from) = frame.cold_from.take() else {
            return;
        };
        for block in from..self.builder.func.dfg.num_blocks() {
            let block = ir::Block::from_u32(block as u32);
            self.builder.set_cold_block(block);
        }
    }

    pub fn try_table(&mut self, table: &TryTable) {
        let handles = self.reachable && !table.catches.is_empty();
        self.open(table.ty, |_, _, _| Kind::TryTable {
            catches: table.catches.clone(),
            landing: None,
        });
        if handles {
            self.handlers.push(self.control.len() - 1);
        }
    }

    /// Where exceptions land that are thrown here; `None` when they leave the function.
    pub fn landing(&mut self) -> Option<ir::Block> {
        let depth = *self.handlers.last()?;
        Some(self.landing_of(depth))
    }

    /// Where exceptions land that the open frame at `depth` handles.
    pub fn landing_of(&mut self, depth: usize) -> ir::Block {
        let (Kind::TryTable { landing, .. } | Kind::Try { landing }) =
            &mut self.control[depth].kind
        else {
            unreachable!("the frames that handle exceptions are `try_table`s and `try`s");
        };
        if let Some(landing) = *landing {
            return landing;
        }
        let block = self.builder.create_block();
        *landing = Some(block);
        let exception = self.builder.append_block_param(block, types::I64);
        self.declare(exception, ValType::Ref(RefType::EXNREF));
        self.builder.set_cold_block(block);
        block
    }

    /// Opens a frame; `enter` is called where it can be reached, with its parameters and their
    /// types.
    pub fn open(
        &mut self,
        ty: BlockType,
        enter: impl FnOnce(&mut Self, &[Value], &[ValType]) -> Kind,
    ) {
        if !self.reachable {
            // Only the nesting counts.
            self.control.push(Frame {
                kind: Kind::Block,
                exit: ir::Block::from_u32(0),
                exit_reached: false,
                height: self.stack.len(),
                params: 0,
                results: Vec::new(),
                entered: false,
                cold_from: None,
            });
            return;
        }
        let (params, results) = self.block_types(ty);
        let exit = self.builder.create_block();
        for ty in &results {
            self.builder.append_block_param(exit, value_type(*ty));
        }
        let values = self.peek_many(params.len());
        let kind = enter(self, &values, &params);
        let params = params.len();
        self.control.push(Frame {
            kind,
            exit,
            exit_reached: false,
            height: self.stack.len() - params,
            params,
            results,
            entered: true,
            cold_from: None,
        });
    }

    /// The types of parameters and results, canonical.
    fn block_types(&self, ty: BlockType) -> (Vec<ValType>, Vec<ValType>) {
        match ty {
            BlockType::Empty => (Vec::new(), Vec::new()),
            BlockType::Type(ty) => (Vec::new(), vec![self.program_type(ty)]),
            BlockType::FuncType(index) => {
                let ty = self.instance.types[TypeIndex::from_u32(index)];
                let ty = self.program.world.types.func(ty);
                (ty.params().to_vec(), ty.results().to_vec())
            }
        }
    }

    pub fn else_(&mut self) {
        let reachable = self.reachable;
        if reachable {
            self.leave_to_exit();
        }
        self.end_cold();
        let frame = self.control.last_mut().expect("an open `if`");
        if !frame.entered {
            return;
        }
        let Kind::If {
            alternative,
            params,
            param_types,
            hint,
        } = std::mem::replace(&mut frame.kind, Kind::Else)
        else {
            unreachable!("`else` follows `if`");
        };
        self.stack.truncate(frame.height);
        for (param, ty) in params.into_iter().zip(param_types) {
            self.push_known(param, ty);
        }
        self.builder.switch_to_block(alternative);
        self.reachable = true;
        if hint == Some(true) {
            self.begin_cold();
        }
    }

    pub fn end(&mut self) {
        if self.reachable {
            self.leave_to_exit();
        }
        self.end_cold();
        let mut frame = self.control.pop().expect("an open frame");
        if !frame.entered {
            return;
        }
        match &frame.kind {
            Kind::Loop { header } => self.builder.seal_block(*header),
            Kind::If {
                alternative,
                params,
                ..
            } => {
                // Without `else` the parameters are the results.
                self.builder.switch_to_block(*alternative);
                self.jump(frame.exit, params);
                frame.exit_reached = true;
            }
            Kind::TryTable { catches, landing } => {
                if !catches.is_empty() {
                    self.handlers.pop();
                }
                if let Some(landing) = *landing {
                    self.land(landing, catches);
                }
            }
            Kind::Try { landing } => {
                // Without a clause it catches nothing.
                self.handlers.pop();
                if let Some(landing) = *landing {
                    let exception = self.enter_landing(landing);
                    self.raise(exception);
                }
            }
            Kind::Catch {
                caught: Some(caught),
                next: Some(next),
            } => {
                self.builder.switch_to_block(*next);
                self.raise(caught.reference);
            }
            Kind::Block | Kind::Else | Kind::Catch { .. } => {}
        }
        self.close(&frame);
    }

    /// Goes on after a frame that was taken off the open ones.
    pub fn close(&mut self, frame: &Frame) {
        self.stack.truncate(frame.height);
        self.builder.seal_block(frame.exit);
        self.reachable = frame.exit_reached;
        if frame.exit_reached {
            self.builder.switch_to_block(frame.exit);
            let results = self.builder.block_params(frame.exit).to_vec();
            if self.control.is_empty() {
                self.save_fuel();
                self.builder.ins().return_(&results);
            } else {
                self.push_all(&results, &frame.results);
            }
        }
    }

    /// Jumps from the end of the innermost frame to its exit.
    pub fn leave_to_exit(&mut self) {
        let depth = self.control.len() - 1;
        let frame = &mut self.control[depth];
        frame.exit_reached = true;
        let (exit, results) = (frame.exit, frame.results.len());
        let values = self.peek_many(results);
        self.jump(exit, &values);
        self.reachable = false;
    }

    /// Where a branch goes, and how many values it takes there.
    pub fn target(&mut self, relative_depth: u32) -> (ir::Block, usize) {
        let depth = self.control.len() - 1 - relative_depth as usize;
        let frame = &mut self.control[depth];
        match frame.kind {
            Kind::Loop { header } => (header, frame.params),
            _ => {
                frame.exit_reached = true;
                (frame.exit, frame.results.len())
            }
        }
    }

    pub fn jump(&mut self, block: ir::Block, values: &[Value]) {
        let args = block_args(values);
        self.builder.ins().jump(block, &args);
    }

    pub fn br(&mut self, relative_depth: u32) {
        let (block, count) = self.target(relative_depth);
        let values = self.peek_many(count);
        self.jump(block, &values);
        self.reachable = false;
    }

    pub fn br_if(&mut self, relative_depth: u32) {
        let condition = self.pop();
        match self.hint {
            Some(false) => self.branch_if_unlikely(condition, relative_depth),
            _ => self.branch_if(condition, relative_depth),
        }
        if self.hint == Some(true) && !self.is_loop(relative_depth) {
            let next = self.builder.current_block();
            self.builder
                .set_cold_block(next.expect("a block is filled"));
        }
    }

    /// Whether a branch goes to the beginning of a frame: of a loop.
    fn is_loop(&self, relative_depth: u32) -> bool {
        let frame = &self.control[self.control.len() - 1 - relative_depth as usize];
        matches!(frame.kind, Kind::Loop { .. })
    }

    /// Branches if the condition is not zero, by way of a cold block.
    fn branch_if_unlikely(&mut self, condition: Value, relative_depth: u32) {
        let (block, count) = self.target(relative_depth);
        let values = self.peek_many(count);
        let (away, next) = (self.builder.create_block(), self.builder.create_block());
        self.builder.set_cold_block(away);
        self.builder.ins().brif(condition, away, &[], next, &[]);
        self.builder.seal_block(away);
        self.builder.seal_block(next);
        self.builder.switch_to_block(away);
        self.jump(block, &values);
        self.builder.switch_to_block(next);
    }

    /// Branches if the condition is not zero; continues in a new block.
    pub fn branch_if(&mut self, condition: Value, relative_depth: u32) {
        let (block, count) = self.target(relative_depth);
        let args = block_args(&self.peek_many(count));
        let next = self.builder.create_block();
        self.builder.ins().brif(condition, block, &args, next, &[]);
        self.builder.seal_block(next);
        self.builder.switch_to_block(next);
    }

    pub fn br_on_null(&mut self, relative_depth: u32) {
        let (reference, ty) = self.pop_ref();
        let is_null = self.builder.ins().icmp_imm_u(IntCC::Equal, reference, 0);
        self.branch_if(is_null, relative_depth);
        self.push_ref(reference, ty.map(|ty| ty.as_non_null()));
    }

    pub fn br_on_non_null(&mut self, relative_depth: u32) {
        // The branch takes the reference with it.
        let reference = self.peek_many(1)[0];
        self.branch_if(reference, relative_depth);
        self.pop();
    }

    pub fn br_table(&mut self, table: &BrTable<'_>) {
        let index = self.pop();
        if table.is_empty() {
            return self.br(table.default());
        }
        // The default is branched to like the others, but where branches are guarded Cranelift
        // makes landing pads of the others only.
        let guarded = self.isa.is_branch_protection_enabled();
        let again = guarded.then(|| table.default());
        let mut call = |relative_depth| {
            let (block, count) = self.target(relative_depth);
            let args = block_args(&self.peek_many(count));
            self.builder.func.dfg.block_call(block, &args)
        };
        let default = call(table.default());
        let calls: Vec<_> = table
            .targets()
            .map(|target| target.expect("the body validated"))
            .chain(again)
            .map(call)
            .collect();
        let table = JumpTableData::new(default, &calls);
        let table = self.builder.create_jump_table(table);
        self.builder.ins().br_table(index, table);
        self.reachable = false;
    }

    pub fn return_(&mut self) {
        let count = self.builder.func.signature.returns.len();
        let values = self.peek_many(count);
        self.save_fuel();
        self.builder.ins().return_(&values);
        self.reachable = false;
    }

    pub fn unreachable(&mut self) {
        self.trap(Trap::Unreachable);
        self.reachable = false;
    }
}

fn block_args(values: &[Value]) -> Vec<BlockArg> {
    values.iter().copied().map(BlockArg::Value).collect()
}
