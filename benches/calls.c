/* The bare system calls of calls.lua, in the same loops. Usage: calls COUNT */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

#define EACH(name, call)                                                             \
    do {                                                                             \
        double start = now();                                                        \
        for (long i = 0; i < count; i++) { volatile long r = (call); (void)r; }      \
        printf("%s\t%.0f\n", name, (now() - start) * 1e9 / count);                    \
    } while (0)

int main(int argc, char **argv) {
    long count = argc > 1 ? atol(argv[1]) : 100000;
    struct rlimit none = { 0, 0 };
    if (unshare(CLONE_NEWUTS) != 0) return 1;
    EACH("getuid", syscall(SYS_geteuid));
    EACH("chdir", chdir("/"));
    EACH("sethostname", sethostname("bench", 5));
    EACH("setrlimit", setrlimit(RLIMIT_CORE, &none));
    EACH("umount-fails", umount2("/proc/self/none", MNT_DETACH));
    return 0;
}
