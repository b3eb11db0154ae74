//! The program's first instructions, before the C library's. As root the program re-executes itself here from a
//! detached read-only mount of its file, so that nothing that any command starts can write to it (`cloned_binary` says why,
//! and does the same where this does not: other users, other processors, no /proc). Done here the first image costs
//! next to nothing: most of a start is the C library's, which asks the processor for its features, and each such
//! question leaves a virtual machine. It is assembly since nothing is relocated yet.
//!
//! build.rs makes `tinylua_start` the entry point. Whatever fails, `_start` goes on as if nothing had been tried.

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
core::arch::global_asm!(
    ".globl tinylua_start",
    ".type tinylua_start, @function",
    "tinylua_start:",
    // _start gets what the kernel gave: argc, argv and the environment at rsp, and rdx (System V ABI, 3.4).
    "mov r12, rsp",
    "mov r13, rdx",
    // Room for the beginning of a path, and after it for a struct mount_attr.
    "sub rsp, 64",
    "mov eax, {geteuid}",
    "syscall",
    "test eax, eax",
    "jnz 3f",
    // readlink: a file that has no path is on a mount in no mount namespace already, and may end in " (deleted)".
    // `cloned_binary` looks more closely.
    "lea rdi, [rip + 4f]",
    "mov rsi, rsp",
    "mov edx, 16",
    "mov eax, {readlink}",
    "syscall",
    "cmp eax, 1",
    "je 3f",
    "cmp eax, 11",
    "jne 1f",
    "cmp byte ptr [rsp + 1], 32",
    "je 3f",
    "1:",
    // open_tree: a mount of the file alone, in no mount namespace.
    "mov edi, {at_fdcwd}",
    "lea rsi, [rip + 4f]",
    "mov edx, {open_tree_flags}",
    "mov eax, {open_tree}",
    "syscall",
    "test eax, eax",
    "js 3f",
    "mov r14d, eax",
    "mov qword ptr [rsp], {read_only}",
    "mov qword ptr [rsp + 8], 0",
    "mov qword ptr [rsp + 16], 0",
    "mov qword ptr [rsp + 24], 0",
    "mov edi, r14d",
    "lea rsi, [rip + 5f]",
    "mov edx, {at_empty_path}",
    "mov r10, rsp",
    "mov r8d, 32",
    "mov eax, {mount_setattr}",
    "syscall",
    "test eax, eax",
    "jnz 2f",
    // execveat with the same arguments and environment.
    "mov edi, r14d",
    "lea rsi, [rip + 5f]",
    "lea rdx, [r12 + 8]",
    "mov rcx, qword ptr [r12]",
    "lea r10, [r12 + rcx * 8 + 16]",
    "mov r8d, {at_empty_path}",
    "mov eax, {execveat}",
    "syscall",
    "2:",
    "mov edi, r14d",
    "mov eax, {close}",
    "syscall",
    "3:",
    "mov rsp, r12",
    "mov rdx, r13",
    "jmp _start",
    "4: .asciz \"/proc/self/exe\"",
    "5: .asciz \"\"",
    geteuid = const libc::SYS_geteuid,
    at_fdcwd = const libc::AT_FDCWD,
    readlink = const libc::SYS_readlink,
    // OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC
    open_tree_flags = const 1 | libc::O_CLOEXEC,
    open_tree = const libc::SYS_open_tree,
    read_only = const libc::MOUNT_ATTR_RDONLY,
    at_empty_path = const libc::AT_EMPTY_PATH,
    mount_setattr = const libc::SYS_mount_setattr,
    execveat = const libc::SYS_execveat,
    close = const libc::SYS_close,
);
