//! Encodings of single instructions, compared with those of Cranelift's assembler: each form over all
//! registers, and all kinds of addresses.

use cranelift_assembler_x64 as asm;
use cranelift_assembler_x64::inst;

use super::encode::{Instruction, Rm, encode};
use super::machine::{Imm, Map, Reg};

struct Regs;

impl asm::Registers for Regs {
    type ReadGpr = u8;
    type ReadWriteGpr = u8;
    type WriteGpr = u8;
    type ReadXmm = u8;
    type ReadWriteXmm = u8;
    type WriteXmm = u8;
}

fn amode(rm: Rm) -> asm::Amode<u8> {
    match rm {
        Rm::Base { base, displacement } => asm::Amode::ImmReg {
            base: base.code(),
            simm32: asm::AmodeOffsetPlusKnownOffset {
                simm32: asm::AmodeOffset::new(displacement),
                offset: None,
            },
            trap: None,
        },
        Rm::BaseIndex {
            base,
            index,
            shift,
            displacement,
        } => asm::Amode::ImmRegRegShift {
            base: base.code(),
            index: asm::NonRspGpr::new(index.code()),
            scale: asm::Scale::new(shift),
            simm32: asm::AmodeOffset::new(displacement),
            trap: None,
        },
        _ => unreachable!("Cranelift's assembler has no such address"),
    }
}

fn gpr(rm: Rm) -> asm::GprMem<u8, u8> {
    match rm {
        Rm::Reg(reg) => asm::GprMem::Gpr(reg.code()),
        rm => asm::GprMem::Mem(amode(rm)),
    }
}

fn xmm(rm: Rm) -> asm::XmmMem<u8, u8> {
    match rm {
        Rm::Reg(reg) => asm::XmmMem::Xmm(reg.code()),
        rm => asm::XmmMem::Mem(amode(rm)),
    }
}

/// Every register, and addresses of every shape with every register in them.
fn operands() -> Vec<Rm> {
    let registers = (0..16).map(|number| Rm::Reg(Reg::new(number)));
    let mut all: Vec<Rm> = registers.collect();
    for base in (0..16).map(Reg::new) {
        for displacement in [0, 1, -1, 127, -128, 128, -129, 1 << 20, i32::MIN] {
            all.push(Rm::Base { base, displacement });
            for index in (0..16).map(Reg::new).filter(|&index| index != Reg::RSP) {
                for shift in 0..4 {
                    all.push(Rm::BaseIndex {
                        base,
                        index,
                        shift,
                        displacement,
                    });
                }
            }
        }
    }
    all
}

/// Compares a form over all registers in `reg`, or as many digits, and all operands in `rm`.
fn compare(
    name: &str,
    form: Instruction,
    regs: std::ops::Range<u8>,
    memory: bool,
    theirs: impl Fn(u8, Rm) -> Vec<u8>,
) {
    let mut compared = 0;
    for rm in operands() {
        if !memory && !matches!(rm, Rm::Reg(_)) {
            continue;
        }
        for reg in regs.clone() {
            let mut ours = Vec::new();
            encode(&mut ours, Instruction { reg, rm, ..form });
            let mut theirs = theirs(reg, rm);
            // Where a register of 8 bits is possible, Cranelift's assembler writes an empty prefix also
            // if it is none that needs one.
            let needs_prefix = form.byte_reg && (4..8).contains(&reg)
                || form.byte_rm && matches!(rm, Rm::Reg(reg) if (4..8).contains(&reg.code()));
            if theirs[0] == 0x40 && !needs_prefix {
                theirs.remove(0);
            }
            assert_eq!(ours, theirs, "{name} of {reg} and {rm:?}");
            compared += 1;
        }
    }
    assert!(compared >= 16);
}

fn form(prefix: u8, map: Map, opcode: u8, wide: bool) -> Instruction {
    Instruction {
        prefix,
        map,
        opcode,
        wide,
        byte_reg: false,
        byte_rm: false,
        reg: 0,
        rm: Rm::Absolute(0),
        imm: Imm::None,
    }
}

fn bytes(inst: impl Into<inst::Inst<Regs>>) -> Vec<u8> {
    let mut code = Vec::new();
    inst.into().encode(&mut code);
    code
}

/// Forms with a general register in `reg`.
macro_rules! reg_rm {
    ($($name:ident = $form:expr;)*) => {
        $(compare(stringify!($name), $form, 0..16, true, |reg, rm| {
            bytes(inst::$name::<Regs>::new(asm::Gpr::new(reg), gpr(rm)))
        });)*
    };
}

macro_rules! rm_reg {
    ($($name:ident = $form:expr;)*) => {
        $(compare(stringify!($name), $form, 0..16, true, |reg, rm| {
            bytes(inst::$name::<Regs>::new(gpr(rm), asm::Gpr::new(reg)))
        });)*
    };
}

/// Forms with more of the opcode in `reg`.
macro_rules! rm_imm {
    ($($name:ident($imm:expr) = $form:expr, $digit:expr;)*) => {
        $(compare(stringify!($name), $form, $digit..$digit + 1, true, |_, rm| {
            bytes(inst::$name::<Regs>::new(gpr(rm), $imm))
        });)*
    };
}

macro_rules! xmm_rm {
    ($($name:ident = $form:expr;)*) => {
        $(compare(stringify!($name), $form, 0..16, true, |reg, rm| {
            bytes(inst::$name::<Regs>::new(asm::Xmm::new(reg), xmm(rm)))
        });)*
    };
}

#[test]
fn two_operands_of_general_registers() {
    use Map::{One, X0f};
    let byte_rm = |form| Instruction {
        byte_rm: true,
        ..form
    };
    let byte_reg = |form| Instruction {
        byte_reg: true,
        ..form
    };
    reg_rm! {
        addl_rm = form(0, One, 0x03, false);
        addq_rm = form(0, One, 0x03, true);
        orl_rm = form(0, One, 0x0b, false);
        andq_rm = form(0, One, 0x23, true);
        subl_rm = form(0, One, 0x2b, false);
        xorq_rm = form(0, One, 0x33, true);
        sbbl_rm = form(0, One, 0x1b, false);
        cmpl_rm = form(0, One, 0x3b, false);
        cmpq_rm = form(0, One, 0x3b, true);
        imull_rm = form(0, X0f, 0xaf, false);
        imulq_rm = form(0, X0f, 0xaf, true);
        movl_rm = form(0, One, 0x8b, false);
        movq_rm = form(0, One, 0x8b, true);
        movzbl_rm = byte_rm(form(0, X0f, 0xb6, false));
        movzwl_rm = form(0, X0f, 0xb7, false);
        movsbl_rm = byte_rm(form(0, X0f, 0xbe, false));
        movsbq_rm = byte_rm(form(0, X0f, 0xbe, true));
        movswl_rm = form(0, X0f, 0xbf, false);
        movswq_rm = form(0, X0f, 0xbf, true);
        movslq_rm = form(0, One, 0x63, true);
        bsrl_rm = form(0, X0f, 0xbd, false);
        bsfq_rm = form(0, X0f, 0xbc, true);
        popcntl_rm = form(0xf3, X0f, 0xb8, false);
        popcntq_rm = form(0xf3, X0f, 0xb8, true);
        cmovel_rm = form(0, X0f, 0x44, false);
        cmovgq_rm = form(0, X0f, 0x4f, true);
    }
    rm_reg! {
        movb_mr = byte_rm(byte_reg(form(0, One, 0x88, false)));
        movw_mr = form(0x66, One, 0x89, false);
        movl_mr = form(0, One, 0x89, false);
        movq_mr = form(0, One, 0x89, true);
        addl_mr = form(0, One, 0x01, false);
        subq_mr = form(0, One, 0x29, true);
        xorl_mr = form(0, One, 0x31, false);
        cmpl_mr = form(0, One, 0x39, false);
        testb_mr = byte_rm(byte_reg(form(0, One, 0x84, false)));
        testl_mr = form(0, One, 0x85, false);
        testq_mr = form(0, One, 0x85, true);
    }
}

#[test]
fn operands_and_immediates() {
    use Map::One;
    let with = |imm, form| Instruction { imm, ..form };
    let byte_rm = |form| Instruction {
        byte_rm: true,
        ..form
    };
    let (long, short) = (0x1234_5678, -3);
    rm_imm! {
        addl_mi(asm::Imm32::new(long)) = with(Imm::Long(long as i32), form(0, One, 0x81, false)), 0;
        addq_mi_sxb(asm::Simm8::new(short)) = with(Imm::Byte(short), form(0, One, 0x83, true)), 0;
        orl_mi_sxb(asm::Simm8::new(short)) = with(Imm::Byte(short), form(0, One, 0x83, false)), 1;
        andl_mi(asm::Imm32::new(long)) = with(Imm::Long(long as i32), form(0, One, 0x81, false)), 4;
        subq_mi_sxb(asm::Simm8::new(short)) = with(Imm::Byte(short), form(0, One, 0x83, true)), 5;
        xorl_mi(asm::Imm32::new(long)) = with(Imm::Long(long as i32), form(0, One, 0x81, false)), 6;
        cmpl_mi(asm::Imm32::new(long)) = with(Imm::Long(long as i32), form(0, One, 0x81, false)), 7;
        cmpb_mi(asm::Imm8::new(0xfe)) = with(Imm::Byte(-2), byte_rm(form(0, One, 0x80, false))), 7;
        testb_mi(asm::Imm8::new(0x7f)) = with(Imm::Byte(127), byte_rm(form(0, One, 0xf6, false))), 0;
        testl_mi(asm::Imm32::new(long)) = with(Imm::Long(long as i32), form(0, One, 0xf7, false)), 0;
        shll_mi(asm::Imm8::new(31)) = with(Imm::Byte(31), form(0, One, 0xc1, false)), 4;
        sarq_mi(asm::Imm8::new(63)) = with(Imm::Byte(63), form(0, One, 0xc1, true)), 7;
        rorl_mi(asm::Imm8::new(7)) = with(Imm::Byte(7), form(0, One, 0xc1, false)), 1;
        movb_mi(asm::Imm8::new(0x80)) = with(Imm::Byte(-128), byte_rm(form(0, One, 0xc6, false))), 0;
        movw_mi(asm::Imm16::new(0x1234)) = with(Imm::Word(0x1234), form(0x66, One, 0xc7, false)), 0;
        movl_mi(asm::Imm32::new(long)) = with(Imm::Long(long as i32), form(0, One, 0xc7, false)), 0;
    }
}

#[test]
fn one_operand() {
    let negate = form(0, Map::One, 0xf7, true);
    compare("negq_m", negate, 3..4, true, |_, rm| {
        bytes(inst::negq_m::<Regs>::new(gpr(rm)))
    });
    compare(
        "notl_m",
        form(0, Map::One, 0xf7, false),
        2..3,
        true,
        |_, rm| bytes(inst::notl_m::<Regs>::new(gpr(rm))),
    );
    let set = Instruction {
        byte_rm: true,
        ..form(0, Map::X0f, 0x9c, false)
    };
    compare("setl_m", set, 0..1, true, |_, rm| {
        bytes(inst::setl_m::<Regs>::new(gpr(rm)))
    });
}

#[test]
fn vector_registers() {
    use Map::X0f;
    xmm_rm! {
        addsd_a = form(0xf2, X0f, 0x58, false);
        mulss_a = form(0xf3, X0f, 0x59, false);
        subsd_a = form(0xf2, X0f, 0x5c, false);
        divss_a = form(0xf3, X0f, 0x5e, false);
        sqrtsd_a = form(0xf2, X0f, 0x51, false);
        ucomisd_a = form(0x66, X0f, 0x2e, false);
        ucomiss_a = form(0, X0f, 0x2e, false);
        andps_a = form(0, X0f, 0x54, false);
        orps_a = form(0, X0f, 0x56, false);
        xorps_a = form(0, X0f, 0x57, false);
        cvtss2sd_a = form(0xf3, X0f, 0x5a, false);
        cvtsd2ss_a = form(0xf2, X0f, 0x5a, false);
        movaps_a = form(0, X0f, 0x28, false);
    }
    let round = Instruction {
        imm: Imm::Byte(9),
        ..form(0x66, Map::X0f3a, 0x0b, false)
    };
    compare("roundsd_rmi", round, 0..16, true, |reg, rm| {
        let mode = asm::Imm8::new(9);
        bytes(inst::roundsd_rmi::<Regs>::new(
            asm::Xmm::new(reg),
            xmm(rm),
            mode,
        ))
    });
    compare(
        "cvtsi2sdq_a",
        form(0xf2, X0f, 0x2a, true),
        0..16,
        true,
        |reg, rm| bytes(inst::cvtsi2sdq_a::<Regs>::new(asm::Xmm::new(reg), gpr(rm))),
    );
    compare(
        "movq_a",
        form(0x66, X0f, 0x6e, true),
        0..16,
        true,
        |reg, rm| bytes(inst::movq_a::<Regs>::new(asm::Xmm::new(reg), gpr(rm))),
    );
}
