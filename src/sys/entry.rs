//! The program's first instructions, before those of the C library. As root, the program re-executes itself here from a
//! detached read-only mount of its file, so that no process that a command starts can write to it. `cloned_binary` gives the
//! reasons, and does the same where this does not: for other users, other processors, or without /proc. At this point
//! the first image costs almost nothing: most of a start is spent in the C library, which queries the processor's
//! features, and each query exits a virtual machine. It is assembly since no relocation has been processed yet.
//!
//! build.rs makes `tinylua_start` the entry point. If anything fails, `_start` continues as usual.

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
core::arch::global_asm!(
    ".globl tinylua_start",
    ".type tinylua_start, @function",
    "tinylua_start:",
    // _start receives the kernel's values: argc, argv and the environment at rsp, and rdx (System V ABI, 3.4).
    "mov r12, rsp",
    "mov r13, rdx",
    // Space for the start of a path, and then for a struct mount_attr.
    "sub rsp, 64",
    "mov eax, {geteuid}",
    "syscall",
    "test eax, eax",
    "jnz 3f",
    // readlink: a file without a path is already on a mount in no mount namespace, and may end in " (deleted)". `cloned_binary`
    // checks more precisely.
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
