/* Measures commands from start to exit, interleaved: each round runs every command once, in a new
 * random order. Writes a line per sample: command's number, nanoseconds, peak memory in kB (of the
 * process or of any descendant that was waited for, getrusage(2)).
 * Usage: measure ROUNDS WARMUP PAUSE_US COMMAND [ARG…] [ , COMMAND [ARG…] ]… */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MOST 32

static long long now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* Runs one command with its streams on /dev/null; returns nanoseconds. */
static long long run(char **argv, long *peak) {
    struct rusage usage;
    int status;
    long long start = now();
    pid_t pid = vfork();
    if (pid == 0) {
        int null = open("/dev/null", O_RDWR);
        dup2(null, 0);
        dup2(null, 1);
        if (null > 2) close(null);
        execv(argv[0], argv);
        _exit(127);
    }
    if (pid < 0 || wait4(pid, &status, 0, &usage) != pid) exit(1);
    long long end = now();
    if (status != 0) {
        fprintf(stderr, "measure: %s ended with wait status %#x\n", argv[0], status);
        exit(1);
    }
    *peak = usage.ru_maxrss;
    return end - start;
}

int main(int argc, char **argv) {
    char **command[MOST];
    int commands = 0, order[MOST];
    if (argc < 5) return 2;
    int rounds = atoi(argv[1]), warmup = atoi(argv[2]), pause = atoi(argv[3]);
    for (int i = 4; i < argc && commands < MOST; i++) {
        command[commands++] = &argv[i];
        while (i < argc && strcmp(argv[i], ",") != 0) i++;
        argv[i] = NULL;
    }
    for (int i = 0; i < commands; i++) order[i] = i;
    srandom(1);
    for (int round = -warmup; round < rounds; round++) {
        for (int i = commands - 1; i > 0; i--) {
            int j = random() % (i + 1), swap = order[i];
            order[i] = order[j];
            order[j] = swap;
        }
        for (int i = 0; i < commands; i++) {
            long peak;
            /* The kernel destroys dead namespaces in the background; the pause lets it finish. */
            usleep(pause);
            long long took = run(command[order[i]], &peak);
            if (round >= 0) printf("%d %lld %ld\n", order[i], took, peak);
        }
    }
    return 0;
}
