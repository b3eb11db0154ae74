/* Prints in which order a command and its children first enter functions of the program: a breakpoint
 * at each entry, taken out when it is hit. A forked child has its own copy of those that are left.
 * Standard input: the functions' addresses in the file, hexadecimal, one a line.
 * Usage: order COMMAND [ARG…], where COMMAND is the path of a static position-independent program. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST 65536
enum { TRAP = 0xcc };

static struct function { unsigned long at; unsigned char first; int seen; } functions[MOST];
static int count;

static int by_address(const void *a, const void *b) {
    unsigned long x = ((const struct function *)a)->at, y = ((const struct function *)b)->at;
    return (x > y) - (x < y);
}

/* Where the kernel put the program: the lowest mapping of the file. The heap may lie below it. */
static unsigned long base_of(pid_t pid, const char *program) {
    char path[64], line[4096];
    snprintf(path, sizeof path, "/proc/%d/maps", pid);
    FILE *maps = fopen(path, "r");
    while (maps && fgets(line, sizeof line, maps)) {
        size_t length = strlen(line);
        if (length > 3 && strcmp(line + length - 3, " /\n") == 0) {
            fclose(maps);
            return strtoul(line, NULL, 16);
        }
    }
    fprintf(stderr, "order: %s is not mapped\n", program);
    exit(1);
}

static unsigned char put(pid_t pid, unsigned long at, unsigned char byte) {
    unsigned long aligned = at & ~7UL, shift = (at & 7) * 8;
    unsigned long word = ptrace(PTRACE_PEEKTEXT, pid, aligned, 0);
    unsigned char was = word >> shift;
    ptrace(PTRACE_POKETEXT, pid, aligned, (word & ~(0xffUL << shift)) | (unsigned long)byte << shift);
    return was;
}

/* Whether the stop was at one of our breakpoints; then the process goes on as if there was none. */
static int hit(pid_t pid, unsigned long base) {
    struct user_regs_struct regs;
    if (ptrace(PTRACE_GETREGS, pid, 0, &regs) != 0) return 0;
    struct function key = {.at = regs.rip - 1 - base};
    struct function *found = bsearch(&key, functions, count, sizeof key, by_address);
    if (!found) return 0;
    put(pid, base + found->at, found->first);
    regs.rip--;
    ptrace(PTRACE_SETREGS, pid, 0, &regs);
    if (!found->seen++) printf("%lx\n", found->at);
    return 1;
}

/* Executes the program from a read-only mount in no mount namespace: there it does not re-execute itself
 * (src/sys/entry.rs), and its mappings have no path. */
static void execute(char **argv) {
    int program = syscall(SYS_open_tree, AT_FDCWD, argv[0], OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};
    if (syscall(SYS_mount_setattr, program, "", AT_EMPTY_PATH, &attr, sizeof attr) != 0) _exit(126);
    syscall(SYS_execveat, program, "", argv, environ, AT_EMPTY_PATH);
}

int main(int argc, char **argv) {
    if (argc < 2) return 2;
    while (count < MOST && scanf("%lx", &functions[count].at) == 1) count++;
    qsort(functions, count, sizeof *functions, by_address);
    pid_t first = fork();
    if (first == 0) {
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        execute(argv + 1);
        _exit(127);
    }
    int status;
    waitpid(first, &status, 0);
    unsigned long base = base_of(first, argv[1]);
    for (int i = 0; i < count; i++) functions[i].first = put(first, base + functions[i].at, TRAP);
    ptrace(PTRACE_SETOPTIONS, first, 0,
           PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC);
    ptrace(PTRACE_CONT, first, 0, 0);
    for (pid_t pid; (pid = waitpid(-1, &status, __WALL)) > 0;) {
        if (!WIFSTOPPED(status)) continue;
        int signal = WSTOPSIG(status), event = status >> 16;
        if (event == PTRACE_EVENT_EXEC) {
            /* Another program from here on. */
            ptrace(PTRACE_DETACH, pid, 0, 0);
            continue;
        }
        if (event || signal == SIGSTOP || (signal == SIGTRAP && hit(pid, base))) signal = 0;
        ptrace(PTRACE_CONT, pid, 0, signal);
    }
    return 0;
}
