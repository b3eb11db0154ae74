//! Giving memory back to the kernel: what a process that sleeps for long does not need meanwhile.

use std::ffi::{c_int, c_void};

/// The most read-only segments that a program is looked for; linkers make two.
const MOST_SEGMENTS: usize = 4;

/// What `give_back` unmaps: the segments of the program that nothing can have written to.
#[derive(Default)]
struct Segments {
    ranges: [(usize, usize); MOST_SEGMENTS],
    count: usize,
}

/// How far below the place where a process sleeps its stack is looked for; deeper calls than these are rare.
const STACK: usize = 256 << 10;
/// A stack is not used further than this from its top, whatever RLIMIT_STACK says.
const HIGHEST: usize = 8 << 20;
/// What may still be in use below a local variable of the function that sleeps.
const BELOW: usize = 1 << 10;

/// Gives back the free pages of the heap (malloc_trim(3)), those of the stack that earlier calls have used, and the
/// mapped pages of the program itself, which stay in the page cache and are mapped again where they are touched
/// (madvise(2)). Then calls `sleep`, which is to touch as few of them as it can.
#[inline(never)]
pub fn give_back_and<T, F: FnOnce() -> T>(sleep: F) -> T {
    let mut segments = Segments::default();
    // SAFETY: the callback has the asked signature and gets a `Segments` that outlives the call.
    unsafe { libc::dl_iterate_phdr(Some(note_segments), (&raw mut segments).cast()) };
    give_back_stack();
    // SAFETY: it takes no pointer, and the allocator locks itself.
    unsafe { libc::malloc_trim(0) };
    set_apart(give_back_and::<T, F> as *const () as usize);
    for (start, length) in segments.ranges.iter().take(segments.count) {
        // SAFETY: a read-only private mapping of a file: its pages come back as they are. A system call
        // without the C library's wrapper, which would be a page more.
        let _ = unsafe { rustix::mm::madvise(*start as *mut c_void, *length, rustix::mm::Advice::LinuxDontNeed) };
    }
    sleep()
}

/// A touched page of a file comes with the fifteen around it (fault_around_bytes), as far as its mapping goes. This
/// makes the two pages that a function lies in a mapping of their own, by what has no other effect on the text of
/// a program: that it is not in a core dump (core(5)).
fn set_apart(function: usize) {
    let start = function & !(page_size() - 1);
    // SAFETY: it changes neither the memory nor what may be done with it.
    let _ = unsafe { rustix::mm::madvise(start as *mut c_void, 2 * page_size(), rustix::mm::Advice::LinuxDontDump) };
}

/// Only where this runs on the stack that the kernel made, at whose top it put the random bytes of AT_RANDOM
/// (getauxval(3)): below that it keeps a gap of a megabyte (stack_guard_gap), for which madvise only returns an
/// error. Below a thread's stack may be anything.
fn give_back_stack() {
    let local = 0_u8;
    let here = &raw const local as usize;
    // SAFETY: it takes a plain number.
    let top = unsafe { libc::getauxval(libc::AT_RANDOM) } as usize;
    if top.checked_sub(here).is_some_and(|above| above < HIGHEST) {
        let end = (here - BELOW) & !(page_size() - 1);
        // SAFETY: what lies so far below this frame belongs to calls that have returned.
        let _ = unsafe { rustix::mm::madvise((end - STACK) as *mut c_void, STACK, rustix::mm::Advice::LinuxDontNeed) };
    }
}

/// The size of a page.
pub(super) fn page_size() -> usize {
    // SAFETY: it takes a plain number, which every kernel knows.
    unsafe { libc::sysconf(libc::_SC_PAGESIZE) as usize }
}

/// Notes each loaded segment that is not writable: the others hold relocations and data that exist
/// nowhere else.
extern "C" fn note_segments(info: *mut libc::dl_phdr_info, _size: usize, segments: *mut c_void) -> c_int {
    // SAFETY: the C library passes one loaded object with its program headers, and our `Segments`.
    let (base, headers, segments) = unsafe {
        let info = &*info;
        let headers = std::slice::from_raw_parts(info.dlpi_phdr, usize::from(info.dlpi_phnum));
        (info.dlpi_addr, headers, &mut *segments.cast::<Segments>())
    };
    let page = page_size() as u64;
    for header in headers.iter().filter(|h| h.p_type == libc::PT_LOAD && h.p_flags & libc::PF_W == 0) {
        let start = (base + header.p_vaddr) & !(page - 1);
        let end = (base + header.p_vaddr + header.p_memsz).next_multiple_of(page);
        if let Some(range) = segments.ranges.get_mut(segments.count) {
            *range = (start as usize, (end - start) as usize);
            segments.count += 1;
        }
    }
    // The first object is the program; a second, such as the vDSO, is none of ours.
    1
}
