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

/// Freed pieces of these sizes the C library keeps for the thread that freed them, so many of each.
const CACHED: (usize, usize) = (24, 1032);
const CACHED_EACH: usize = 7;
const CACHED_STEP: usize = 16;

type Held = [*mut c_void; ((CACHED.1 - CACHED.0) / CACHED_STEP + 1) * CACHED_EACH];

/// Memory of our own for a thread: the C library would keep that which it makes.
const STACK: usize = 64 << 10;

/// Frees what the C library holds back for this thread, a hundred kilobytes after a start, which
/// malloc_trim does not reach: another thread gets the pieces to free, and its end empties its cache.
/// Does nothing where a thread is not to be had. With a C library that has no such cache it is no more than
/// a detour.
fn empty_cache() {
    use rustix::mm::{MapFlags, ProtFlags};
    let (prot, flags) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE | MapFlags::STACK);
    // SAFETY: a new mapping, which nobody else knows of.
    let Ok(stack) = (unsafe { rustix::mm::mmap_anonymous(std::ptr::null_mut(), STACK, prot, flags) }) else { return };
    let mut held: Held = std::array::from_fn(|_| std::ptr::null_mut());
    for (i, piece) in held.iter_mut().enumerate() {
        // SAFETY: every piece is freed once, below or by the thread.
        *piece = unsafe { libc::malloc(CACHED.0 + i / CACHED_EACH * CACHED_STEP) };
    }
    // SAFETY: the attributes and the stack outlive the thread, which is joined here, and so does `held`.
    unsafe {
        // No heap of the thread's own.
        libc::mallopt(libc::M_ARENA_MAX, 1);
        let mut attributes = std::mem::zeroed();
        libc::pthread_attr_init(&raw mut attributes);
        let mut thread = std::mem::zeroed();
        let argument = (&raw mut held).cast();
        let made = libc::pthread_attr_setstack(&raw mut attributes, stack, STACK) == 0
            && libc::pthread_create(&raw mut thread, &raw const attributes, free_all, argument) == 0;
        if made {
            libc::pthread_join(thread, std::ptr::null_mut());
        } else {
            free_all(argument);
        }
        libc::pthread_attr_destroy(&raw mut attributes);
        let _ = rustix::mm::munmap(stack, STACK);
    }
}

extern "C" fn free_all(held: *mut c_void) -> *mut c_void {
    // SAFETY: `empty_cache` passes its array, and nobody else touches it meanwhile.
    for piece in unsafe { &*held.cast::<Held>() } {
        // SAFETY: it came from malloc, and is freed this once.
        unsafe { libc::free(*piece) };
    }
    std::ptr::null_mut()
}

/// Gives back the free pages of the heap (malloc_trim(3)) and the mapped pages of the program itself,
/// which stay in the page cache and are mapped again where they are touched (madvise(2)). Then calls
/// `sleep`, which is to touch as few of them as it can.
#[inline(never)]
pub fn give_back_and<T>(sleep: impl FnOnce() -> T) -> T {
    let mut segments = Segments::default();
    // SAFETY: the callback has the asked signature and gets a `Segments` that outlives the call.
    unsafe { libc::dl_iterate_phdr(Some(note_segments), (&raw mut segments).cast()) };
    empty_cache();
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
