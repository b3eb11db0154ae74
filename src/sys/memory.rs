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

/// Gives back the free pages of the heap (malloc_trim(3)) and the mapped pages of the program itself,
/// which stay in the page cache and are mapped again where they are touched (madvise(2)). Then calls
/// `sleep`, which is to touch as few of them as it can.
#[inline(never)]
pub fn give_back_and<T>(sleep: impl FnOnce() -> T) -> T {
    let mut segments = Segments::default();
    // SAFETY: the callback has the asked signature and gets a `Segments` that outlives the call.
    unsafe { libc::dl_iterate_phdr(Some(note_segments), (&raw mut segments).cast()) };
    // SAFETY: it takes no pointer, and the allocator locks itself.
    unsafe { libc::malloc_trim(0) };
    for (start, length) in segments.ranges.iter().take(segments.count) {
        // SAFETY: a read-only private mapping of a file: its pages come back as they are. A system call
        // without the C library's wrapper, which would be a page more.
        let _ = unsafe { rustix::mm::madvise(*start as *mut c_void, *length, rustix::mm::Advice::LinuxDontNeed) };
    }
    sleep()
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
    // SAFETY: it takes a plain number.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as u64;
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
