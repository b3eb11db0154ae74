//! Releasing memory that a process does not need during a long wait.

use std::ffi::{c_int, c_void};

/// The largest number of read-only segments of the program that are recorded; linkers create two.
const MOST_SEGMENTS: usize = 4;

/// The segments that `give_back` unmaps: those of the program that nothing can have written to.
#[derive(Default)]
struct Segments {
    ranges: [(usize, usize); MOST_SEGMENTS],
    count: usize,
}

/// How far below the waiting process's stack position to search for used stack; deeper calls are rare.
const STACK: usize = 256 << 10;
/// The stack is not used further than this from its top, whatever RLIMIT_STACK allows.
const HIGHEST: usize = 8 << 20;
/// The part below a local variable of the waiting function that may still be in use.
const BELOW: usize = 1 << 10;

/// Releases the free pages of the heap (malloc_trim(3) for the C library's), stack pages used by earlier calls, and the
/// mapped pages of the program itself, which stay in the page cache and are mapped again on access (madvise(2)). Then
/// calls `sleep`, which should touch as few of them as possible.
#[inline(never)]
pub fn give_back_and<T, F: FnOnce() -> T>(sleep: F) -> T {
    let mut segments = Segments::default();
    // SAFETY: the callback has the required signature and gets a `Segments` that outlives the call.
    unsafe { libc::dl_iterate_phdr(Some(note_segments), (&raw mut segments).cast()) };
    give_back_stack();
    // SAFETY: it takes no pointer, and the allocator locks itself.
    unsafe { libc::malloc_trim(0) };
    set_apart(give_back_and::<T, F> as *const () as usize);
    for (start, length) in segments.ranges.iter().take(segments.count) {
        // SAFETY: a read-only private mapping of a file: its pages are read again unchanged. The direct system call
        // avoids the C library's wrapper, which would touch another page.
        let _ = unsafe { rustix::mm::madvise(*start as *mut c_void, *length, rustix::mm::Advice::LinuxDontNeed) };
    }
    sleep()
}

/// A touched page of a file brings in the fifteen around it (fault_around_bytes), as far as the mapping goes. This
/// splits off the two pages of a function into a mapping of their own. The flag used has no other effect on program
/// text than to exclude it from core dumps (core(5)).
fn set_apart(function: usize) {
    let start = function & !(page_size() - 1);
    // SAFETY: it changes neither the memory nor its protection.
    let _ = unsafe { rustix::mm::madvise(start as *mut c_void, 2 * page_size(), rustix::mm::Advice::LinuxDontDump) };
}

/// Only if this runs on the stack created by the kernel, which has the random bytes of AT_RANDOM at its top
/// (getauxval(3)): below it is a gap of one megabyte (stack_guard_gap), where madvise only returns an error. Below a
/// thread's stack there may be other mappings.
fn give_back_stack() {
    let local = 0_u8;
    let here = &raw const local as usize;
    // SAFETY: it takes an integer.
    let top = unsafe { libc::getauxval(libc::AT_RANDOM) } as usize;
    if top.checked_sub(here).is_some_and(|above| above < HIGHEST) {
        let end = (here - BELOW) & !(page_size() - 1);
        // SAFETY: memory this far below the current frame belongs to calls that have returned.
        let _ = unsafe { rustix::mm::madvise((end - STACK) as *mut c_void, STACK, rustix::mm::Advice::LinuxDontNeed) };
    }
}

/// The size of a page.
pub(super) fn page_size() -> usize {
    // SAFETY: it takes an integer, which every kernel supports.
    unsafe { libc::sysconf(libc::_SC_PAGESIZE) as usize }
}

/// Records each loaded segment that is not writable: the others contain relocations and data that exist only in memory.
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
    // The first object is the program; later ones, such as the vDSO, are ignored.
    1
}
