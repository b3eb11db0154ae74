//! Classic BPF as seccomp runs it (seccomp(2)): instructions, and blocks of them that are put together
//! by relative jumps forward. A block always returns; it never runs into the next one.

/// One instruction: struct sock_filter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Insn {
    code: u16,
    jt: u8,
    jf: u8,
    k: u32,
}

/// How many bytes an instruction has in a compiled filter.
pub const SIZE: usize = 8;

/// The most instructions that the kernel takes (BPF_MAXINSNS).
pub const MOST: usize = 4096;

const LOAD: u16 = 0x20; // BPF_LD | BPF_W | BPF_ABS
const AND: u16 = 0x54; // BPF_ALU | BPF_AND | BPF_K
const JUMP: u16 = 0x05; // BPF_JMP | BPF_JA
const RETURN: u16 = 0x06; // BPF_RET | BPF_K

/// What two numbers are compared for.
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

    /// Compares, and skips so many instructions.
    pub const fn jump(test: Test, k: u32, jt: u8, jf: u8) -> Insn {
        Insn { code: test as u16, jt, jf, k }
    }

    /// The instruction as the kernel reads it.
    pub fn bytes(self) -> [u8; SIZE] {
        let mut bytes = [0; SIZE];
        bytes[..2].copy_from_slice(&self.code.to_ne_bytes());
        bytes[2] = self.jt;
        bytes[3] = self.jf;
        bytes[4..].copy_from_slice(&self.k.to_ne_bytes());
        bytes
    }
}

/// Where the test holds `yes`, else `no`. A conditional jump reaches 255 instructions only; a longer
/// one goes over an unconditional one.
pub fn branch(test: Test, k: u32, yes: &[Insn], no: Vec<Insn>) -> Vec<Insn> {
    let mut block = match u8::try_from(no.len()) {
        Ok(over) => vec![Insn::jump(test, k, over, 0)],
        Err(_) => vec![Insn::jump(test, k, 0, 1), Insn::plain(JUMP, no.len() as u32)],
    };
    block.extend(no);
    block.extend_from_slice(yes);
    block
}

/// Whether a filter, as the kernel reads it, has an end with this action.
pub fn returns(filter: &[u8], action: u32) -> bool {
    filter.chunks_exact(SIZE).any(|insn| insn == Insn::ret(action).bytes())
}
