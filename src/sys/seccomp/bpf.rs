//! Classic BPF for seccomp (seccomp(2)): instructions, and blocks of them that are connected by relative forward jumps.
//! A block always returns; it never continues into the next one.

/// One instruction: struct sock_filter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Insn {
    code: u16,
    jt: u8,
    jf: u8,
    k: u32,
}

/// The size of an instruction in a compiled filter, in bytes.
pub const SIZE: usize = 8;

/// The largest number of instructions that the kernel accepts (BPF_MAXINSNS).
pub const MOST: usize = 4096;

const LOAD: u16 = 0x20; // BPF_LD | BPF_W | BPF_ABS
const AND: u16 = 0x54; // BPF_ALU | BPF_AND | BPF_K
const JUMP: u16 = 0x05; // BPF_JMP | BPF_JA
const RETURN: u16 = 0x06; // BPF_RET | BPF_K

/// A comparison of two numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Test {
    /// Equal.
    Equal = 0x15,
    /// Greater, unsigned.
    Greater = 0x25,
    /// Greater or equal, unsigned.
    AtLeast = 0x35,
}

impl Insn {
    const fn plain(code: u16, k: u32) -> Insn {
        Insn { code, jt: 0, jf: 0, k }
    }

    /// Loads a word of struct seccomp_data by its offset.
    pub const fn load(offset: u32) -> Insn {
        Insn::plain(LOAD, offset)
    }

    /// Keeps the bits of a mask.
    pub const fn and(mask: u32) -> Insn {
        Insn::plain(AND, mask)
    }

    /// Ends with an action.
    pub const fn ret(action: u32) -> Insn {
        Insn::plain(RETURN, action)
    }

    /// Compares, and skips this many instructions.
    pub const fn jump(test: Test, k: u32, jt: u8, jf: u8) -> Insn {
        Insn { code: test as u16, jt, jf, k }
    }

    /// The instruction in the kernel's format.
    pub fn bytes(self) -> [u8; SIZE] {
        let mut bytes = [0; SIZE];
        bytes[..2].copy_from_slice(&self.code.to_ne_bytes());
        bytes[2] = self.jt;
        bytes[3] = self.jf;
        bytes[4..].copy_from_slice(&self.k.to_ne_bytes());
        bytes
    }
}

/// `yes` if the test is true, else `no`. A conditional jump reaches only 255 instructions; a longer one uses an
/// unconditional jump.
pub fn branch(test: Test, k: u32, yes: &[Insn], no: Vec<Insn>) -> Vec<Insn> {
    let mut block = match u8::try_from(no.len()) {
        Ok(over) => vec![Insn::jump(test, k, over, 0)],
        Err(_) => vec![Insn::jump(test, k, 0, 1), Insn::plain(JUMP, no.len() as u32)],
    };
    block.extend(no);
    block.extend_from_slice(yes);
    block
}

/// Whether a filter, in the kernel's format, can return this action.
pub fn returns(filter: &[u8], action: u32) -> bool {
    filter.chunks_exact(SIZE).any(|insn| insn == Insn::ret(action).bytes())
}
