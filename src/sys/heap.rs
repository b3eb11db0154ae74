//! The program's heap. A start makes some thousands of small pieces, and a supervisor sleeps for days on what its
//! start has left. So small pieces have no head and lie side by side, and where a long sleep begins, what is free
//! is put together again and its pages go back to the kernel. Large pieces are the C library's.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::UnsafeCell;
use std::ptr::{NonNull, null_mut};
use std::sync::{Mutex, PoisonError};

use rustix::mm::{self, Advice, MapFlags, ProtFlags};

use super::memory::page_size;
use super::process::is_single_threaded;

/// The sizes of pieces are multiples of this, which is also the largest alignment among them.
const STEP: usize = 16;
/// Up to here every multiple of `STEP` is a size; then each doubling has so many.
const FINE: usize = 512;
const COARSE: usize = 8;
/// Larger pieces are the C library's, which gives the largest back by itself.
const LARGEST: usize = 4096;
const SIZES: usize = FINE / STEP + COARSE * (LARGEST / FINE).ilog2() as usize;
/// What is asked of the kernel at once, at least. It backs a page when that is first written to.
const CHUNK: usize = 128 << 10;
/// A heap that grows to half of this goes on in pages of this size, which take one fault instead of five hundred.
const HUGE: usize = 2 << 20;

/// The allocator, for `#[global_allocator]` of a program.
pub struct Heap;

/// The head of a free piece or span; `size` is a span's alone.
struct Free {
    next: Link,
    size: usize,
}

type Link = Option<NonNull<Free>>;

struct State {
    /// The free pieces of each size, the last freed first.
    lists: [Link; SIZES],
    /// Where the next piece is cut off, up to `end`.
    next: usize,
    end: usize,
    /// More to cut off from: free memory that was put together, the lowest first.
    spans: Link,
    /// All that was asked of the kernel.
    mapped: usize,
}

struct Shared(UnsafeCell<State>);

// SAFETY: `with` lends it to one thread at a time.
unsafe impl Sync for Shared {}

static STATE: Shared = Shared(UnsafeCell::new(State::new(0)));

/// Held by a thread that uses `STATE`, where there is more than one. It makes no piece itself.
static LOCK: Mutex<()> = Mutex::new(());

/// Runs `work` alone. It must not allocate.
#[inline(always)]
fn with<T>(work: impl FnOnce(&mut State) -> T) -> T {
    if is_single_threaded() {
        // SAFETY: nobody else is there, and `work` does not come back here.
        return work(unsafe { &mut *STATE.0.get() });
    }
    let _held = LOCK.lock().unwrap_or_else(PoisonError::into_inner);
    // SAFETY: this thread holds the lock, and `work` does not come back here.
    work(unsafe { &mut *STATE.0.get() })
}

/// The list of pieces that hold `layout`; nothing for what is left to the C library.
#[inline(always)]
fn list_of(layout: Layout) -> Option<usize> {
    let size = layout.size().max(1);
    if layout.align() > STEP || size > LARGEST {
        return None;
    }
    if size <= FINE {
        return Some((size - 1) / STEP);
    }
    let doubling = (size - 1).ilog2();
    let part = ((size - 1) >> (doubling - COARSE.ilog2())) - COARSE;
    Some(FINE / STEP + COARSE * (doubling - FINE.ilog2()) as usize + part)
}

/// The size of the pieces of a list.
const fn size_of_list(list: usize) -> usize {
    if list < FINE / STEP {
        return (list + 1) * STEP;
    }
    let (doubling, part) = ((list - FINE / STEP) / COARSE, (list - FINE / STEP) % COARSE);
    (FINE << doubling) / COARSE * (COARSE + part + 1)
}

impl State {
    /// Nothing free of what was mapped.
    const fn new(mapped: usize) -> State {
        State { lists: [None; SIZES], next: 0, end: 0, spans: None, mapped }
    }

    #[inline(always)]
    fn take(&mut self, list: usize) -> *mut u8 {
        let Some(piece) = self.lists[list] else { return self.cut(size_of_list(list)) };
        // SAFETY: a free piece of ours, whose head nobody else writes to.
        self.lists[list] = unsafe { (*piece.as_ptr()).next };
        piece.as_ptr().cast()
    }

    #[inline(always)]
    fn put(&mut self, piece: *mut u8, list: usize) {
        let piece = piece.cast::<Free>();
        // SAFETY: a piece that its owner has let go, with room for a link.
        unsafe { (*piece).next = self.lists[list] };
        self.lists[list] = NonNull::new(piece);
    }

    fn cut(&mut self, size: usize) -> *mut u8 {
        while self.end - self.next < size {
            if !self.renew() {
                return null_mut();
            }
        }
        let piece = self.next;
        self.next += size;
        piece as *mut u8
    }

    /// Goes on to the next span, or to new memory; what is left of the one at hand becomes pieces.
    #[cold]
    #[inline(never)]
    fn renew(&mut self) -> bool {
        self.keep_as_pieces(self.next, self.end);
        (self.next, self.end) = (0, 0);
        if let Some(span) = self.spans {
            // SAFETY: a free span of ours.
            let Free { next, size } = unsafe { span.read() };
            self.spans = next;
            (self.next, self.end) = (span.as_ptr() as usize, span.as_ptr() as usize + size);
            return true;
        }
        let large = self.mapped >= HUGE / 2;
        let length = if large { (self.mapped / 4).next_multiple_of(HUGE) } else { CHUNK };
        let Some(start) = map(length) else { return false };
        if large {
            // SAFETY: the mapping from above; where the kernel has no such pages, small ones do.
            let _ = unsafe { mm::madvise(start.cast(), length, Advice::LinuxHugepage) };
        }
        self.mapped += length;
        (self.next, self.end) = (start as usize, start as usize + length);
        true
    }

    /// Puts free memory, whose length is a multiple of `STEP`, on the lists.
    fn keep_as_pieces(&mut self, mut start: usize, end: usize) {
        while start < end {
            let left = end - start;
            let list = (0..SIZES).rev().find(|&list| size_of_list(list) <= left).unwrap_or(0);
            self.put(start as *mut u8, list);
            start += size_of_list(list);
        }
    }

    /// Calls `each` with the start and the length of all that is free.
    fn each_free(&self, mut each: impl FnMut(usize, usize)) {
        if self.next < self.end {
            each(self.next, self.end - self.next);
        }
        let lists = self.lists.iter().enumerate().map(|(list, first)| (*first, Some(size_of_list(list))));
        for (mut link, size) in lists.chain([(self.spans, None)]) {
            while let Some(at) = link {
                let head = at.as_ptr();
                // SAFETY: a free piece or span of ours; only a span has a `size`.
                link = unsafe { (*head).next };
                // SAFETY: as above.
                each(head as usize, size.unwrap_or_else(|| unsafe { (*head).size }));
            }
        }
    }

    fn settle(&mut self) {
        let mut count = 0;
        self.each_free(|_, _| count += 1);
        let length = (count * size_of::<(usize, usize)>()).next_multiple_of(page_size());
        let Some(room) = map(length) else { return };
        // SAFETY: it is that long and aligned, its zeros are pairs of numbers, and nobody else knows of it.
        let found = unsafe { std::slice::from_raw_parts_mut(room.cast::<(usize, usize)>(), count) };
        let mut free = found.iter_mut();
        self.each_free(|start, length| {
            if let Some(free) = free.next() {
                *free = (start, length);
            }
        });
        found.sort_unstable();
        *self = State::new(self.mapped);
        // From the highest to the lowest, so that the first span is the lowest.
        let mut found = found.iter().rev().copied().peekable();
        while let Some((mut start, mut length)) = found.next() {
            while let Some((below, more)) = found.next_if(|(below, more)| below + more == start) {
                (start, length) = (below, length + more);
            }
            self.keep(start, length);
        }
        // SAFETY: the mapping from above, of which nothing is left.
        let _ = unsafe { mm::munmap(room.cast(), length) };
    }

    /// Takes free memory in; the pages behind its head go back to the kernel.
    fn keep(&mut self, start: usize, length: usize) {
        if length <= LARGEST {
            return self.keep_as_pieces(start, start + length);
        }
        let span = start as *mut Free;
        // SAFETY: free memory of ours, longer than a head.
        unsafe { span.write(Free { next: self.spans, size: length }) };
        self.spans = NonNull::new(span);
        let (from, to) =
            ((start + size_of::<Free>()).next_multiple_of(page_size()), (start + length) & !(page_size() - 1));
        if from < to {
            // SAFETY: whole pages of free memory without a head: that they become zeros changes nothing.
            let _ = unsafe { mm::madvise(from as *mut _, to - from, Advice::LinuxDontNeed) };
        }
    }
}

/// Puts together what is free of the heap, and gives its whole pages back to the kernel.
pub fn settle() {
    with(State::settle);
}

/// New memory, of zeros.
fn map(length: usize) -> Option<*mut u8> {
    let (prot, flags) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE);
    // SAFETY: where the kernel likes, so over nothing that is there.
    unsafe { mm::mmap_anonymous(null_mut(), length, prot, flags) }.ok().map(|start| start.cast())
}

// SAFETY: a piece is on no list while it is lent and is as long and as aligned as asked (`list_of`); what is
// the C library's is so by its layout alone, from the beginning to the end.
unsafe impl GlobalAlloc for Heap {
    #[inline(never)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match list_of(layout) {
            Some(list) => with(|state| state.take(list)),
            // SAFETY: the caller's promises.
            None => unsafe { System.alloc(layout) },
        }
    }

    #[inline(never)]
    unsafe fn dealloc(&self, piece: *mut u8, layout: Layout) {
        match list_of(layout) {
            Some(list) => with(|state| state.put(piece, list)),
            // SAFETY: the caller's promises.
            None => unsafe { System.dealloc(piece, layout) },
        }
    }

    #[inline(never)]
    unsafe fn realloc(&self, piece: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller promises that `size` is not too large for the alignment.
        let wanted = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        match (list_of(layout), list_of(wanted)) {
            (Some(old), Some(new)) if old == new => piece,
            // SAFETY: the caller's promises.
            (None, None) => unsafe { System.realloc(piece, layout, size) },
            _ => {
                // SAFETY: the caller's promises; both are as long as what is copied, and are two pieces.
                unsafe {
                    let moved = self.alloc(wanted);
                    if !moved.is_null() {
                        piece.copy_to_nonoverlapping(moved, size.min(layout.size()));
                        self.dealloc(piece, layout);
                    }
                    moved
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_holds_what_is_asked_of_it_and_little_more() {
        for size in 0..=LARGEST {
            let layout = Layout::from_size_align(size, STEP).expect("a layout");
            let has = size_of_list(list_of(layout).expect("a small one"));
            assert!(has >= size.max(1) && has.is_multiple_of(STEP), "{size} in {has}");
            assert!(has <= size.max(1).next_multiple_of(STEP).max(size + size / COARSE), "{size} in {has}");
        }
        assert_eq!(
            (SIZES, size_of_list(SIZES - 1)),
            (list_of(Layout::new::<[u8; LARGEST]>()).expect("the last") + 1, LARGEST)
        );
        assert!(list_of(Layout::new::<[u8; LARGEST + 1]>()).is_none());
        assert!(list_of(Layout::from_size_align(16, 32).expect("a layout")).is_none());
    }

    /// What is free on both sides of a piece in use is one span each, holds zeros again, and is cut off from anew.
    #[test]
    fn what_is_free_is_put_together_and_given_back() {
        let mut state = State::new(0);
        let pieces: Vec<(*mut u8, usize)> = (0..).map(|i| (state.take(i % SIZES), i % SIZES)).take(100).collect();
        assert_eq!(state.mapped, CHUNK);
        for &(piece, list) in &pieces {
            // SAFETY: taken, and that long.
            unsafe { piece.write_bytes(0xAA, size_of_list(list)) };
        }
        let (kept, of) = pieces[50];
        for &(piece, list) in pieces.iter().filter(|(piece, _)| *piece != kept) {
            state.put(piece, list);
        }
        state.settle();
        let mut free = Vec::new();
        state.each_free(|start, length| free.push((start, length)));
        let chunk = pieces[0].0 as usize;
        let behind = kept as usize + size_of_list(of);
        assert_eq!(free, [(chunk, kept as usize - chunk), (behind, chunk + CHUNK - behind)]);
        let page = page_size();
        // SAFETY: the second page of the first span, and the piece in use.
        let (inside, used) = unsafe {
            let inside = (chunk as *const u8).add(page);
            (std::slice::from_raw_parts(inside, page), std::slice::from_raw_parts(kept, size_of_list(of)))
        };
        assert!(free[0].1 > 2 * page && inside.iter().all(|b| *b == 0));
        assert!(used.iter().all(|b| *b == 0xAA));
        assert_eq!(state.take(0) as usize, chunk);
        assert_eq!(state.mapped, CHUNK);
    }

    /// Pieces of all sizes come, grow and go, from two threads, and the free ones are put together meanwhile: what
    /// is written to one is never seen in another.
    #[test]
    fn pieces_keep_what_is_written_to_them() {
        let work = |seed: u64| {
            let (mut random, mut pieces) = (seed, Vec::<(*mut u8, Layout, u8)>::new());
            for turn in 0..200_000_u32 {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                let size = if random & 15 == 0 { random as usize % 9000 } else { random as usize % 200 }.max(1);
                let layout = Layout::from_size_align(size, 1 << (random >> 60 & 3)).expect("a layout");
                let whole = |piece: *mut u8, layout: Layout, byte: u8| {
                    // SAFETY: lent, and that long.
                    let bytes = unsafe { std::slice::from_raw_parts(piece, layout.size()) };
                    assert!(bytes.iter().all(|b| *b == byte));
                };
                if pieces.len() > 2000 || random >> 32 & 1 == 0 && !pieces.is_empty() {
                    let (piece, old, byte) = pieces.swap_remove(random as usize % pieces.len());
                    whole(piece, old, byte);
                    if random >> 33 & 3 != 0 {
                        // SAFETY: lent with this layout, and not used again.
                        unsafe { Heap.dealloc(piece, old) };
                        continue;
                    }
                    let wanted = Layout::from_size_align(size, old.align()).expect("a layout");
                    // SAFETY: as above; the new piece is as long as asked.
                    let piece = unsafe { Heap.realloc(piece, old, size) };
                    whole(piece, Layout::from_size_align(size.min(old.size()), 1).expect("a layout"), byte);
                    // SAFETY: it is that long.
                    unsafe { piece.write_bytes(byte, size) };
                    pieces.push((piece, wanted, byte));
                } else {
                    let byte = turn as u8;
                    // SAFETY: not of size 0, and written to as far as asked.
                    let piece = unsafe { Heap.alloc(layout) };
                    assert_eq!(piece as usize % layout.align(), 0);
                    // SAFETY: it is that long.
                    unsafe { piece.write_bytes(byte, size) };
                    pieces.push((piece, layout, byte));
                }
                if turn % 20_000 == 0 {
                    settle();
                }
            }
            for (piece, layout, _) in pieces {
                // SAFETY: lent with this layout, and not used again.
                unsafe { Heap.dealloc(piece, layout) };
            }
        };
        std::thread::scope(|scope| {
            scope.spawn(|| work(0x9E37_79B9_7F4A_7C15));
            work(0x2545_F491_4F6C_DD1D);
        });
    }
}
