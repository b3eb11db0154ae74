/* Drives OCI runtimes as an engine's monitor does: it is the subreaper, so that a container's first process becomes
 * its child when `create` ends, and `create --pid-file` says which one.
 * lifecycle ROUNDS WARMUP PAUSE_US RUNTIME [FLAG…] -- BUNDLE [ , RUNTIME [FLAG…] -- BUNDLE ]…
 *   create, start, wait and delete one container after the other, interleaved: each round takes every runtime once, in
 *   a new random order. Writes a line per phase: runtime's number, phase, nanoseconds, kB. The kB are the peak memory
 *   of that command, for `wait` the peak of the container's first process, and for `waiting` its PSS before `start`.
 * lifecycle crowd CLIENTS COUNT RUNTIME [FLAG…] -- BUNDLE
 *   so many clients at once create and start COUNT containers; after the last one, they delete them with --force.
 *   Writes a line per part: part, nanoseconds, failed commands. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MOST 16

struct side {
    char **runtime; /* up to the NULL in place of "--" */
    char *bundle;
};

static long long now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* Reads RUNTIME [FLAG…] -- BUNDLE, up to a comma or the end. */
static int parse(char **words, int count, struct side *sides) {
    int found = 0;
    for (int i = 0; i < count && found < MOST; i++) {
        struct side *side = &sides[found++];
        side->runtime = &words[i];
        while (i < count && strcmp(words[i], "--") != 0) i++;
        if (i + 1 >= count) exit(2);
        words[i++] = NULL;
        side->bundle = words[i++];
    }
    return found;
}

/* Runs `RUNTIME [FLAG…] WORD…` with its streams on /dev/null, except for errors; returns its wait status. */
static int run(struct side *side, char **words, long long *took, long *peak) {
    char *argv[40];
    struct rusage usage;
    int n = 0, status;
    for (char **p = side->runtime; *p && n < 20; p++) argv[n++] = *p;
    for (char **p = words; *p && n < 39; p++) argv[n++] = *p;
    argv[n] = NULL;
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
    *took = now() - start;
    *peak = usage.ru_maxrss;
    return status;
}

static pid_t pid_in(const char *path) {
    char text[32] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, text, sizeof text - 1) <= 0) return -1;
    close(fd);
    return atoi(text);
}

static long pss(pid_t pid) {
    char path[64], line[256];
    long found = 0;
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid);
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "Pss: %ld", &found) == 1) break;
    if (file) fclose(file);
    return found;
}

static void must(struct side *side, char **words, int index, int report) {
    long long took;
    long peak;
    int status = run(side, words, &took, &peak);
    if (status != 0) {
        fprintf(stderr, "lifecycle: %s %s ended with wait status %#x\n", side->runtime[0], words[0], status);
        exit(1);
    }
    if (report) printf("%d %s %lld %ld\n", index, words[0], took, peak);
}

static void one(struct side *side, int index, int report) {
    char name[32], pidfile[4096];
    struct rusage usage;
    int status;
    snprintf(name, sizeof name, "bench-%d", index);
    snprintf(pidfile, sizeof pidfile, "%s/pid", side->bundle);
    char *create[] = { "create", "--bundle", side->bundle, "--pid-file", pidfile, name, NULL };
    char *start[] = { "start", name, NULL }, *delete[] = { "delete", name, NULL };

    must(side, create, index, report);
    pid_t pid = pid_in(pidfile);
    long waiting = pss(pid);
    must(side, start, index, report);
    long long before = now();
    if (wait4(pid, &status, 0, &usage) != pid) {
        fprintf(stderr, "lifecycle: %s: the container's process %d is no child of mine\n", side->runtime[0], pid);
        exit(1);
    }
    long long took = now() - before;
    if (status != 0) {
        fprintf(stderr, "lifecycle: %s: the container ended with wait status %#x\n", side->runtime[0], status);
        exit(1);
    }
    must(side, delete, index, report);
    if (report) printf("%d wait %lld %ld\n%d waiting 0 %ld\n", index, took, usage.ru_maxrss, index, waiting);
}

static void rounds_of(struct side *sides, int count, int rounds, int warmup, int pause) {
    int order[MOST];
    for (int i = 0; i < count; i++) order[i] = i;
    srandom(1);
    for (int round = -warmup; round < rounds; round++) {
        for (int i = count - 1; i > 0; i--) {
            int j = random() % (i + 1), swap = order[i];
            order[i] = order[j];
            order[j] = swap;
        }
        for (int i = 0; i < count; i++) {
            /* The kernel destroys dead namespaces in the background; the pause lets it finish. */
            usleep(pause);
            one(&sides[order[i]], order[i], round >= 0);
        }
    }
}

/* What one of the clients does with its containers; returns the number of commands that failed. */
static int client(struct side *side, char **words, int first, int count, int step) {
    char name[32];
    int failed = 0;
    for (int i = first; i < count; i += step) {
        for (char **word = words; *word; word++) {
            char *create[] = { "create", "--bundle", side->bundle, name, NULL }, *start[] = { "start", name, NULL };
            char *delete[] = { "delete", "--force", name, NULL };
            long long took;
            long peak;
            snprintf(name, sizeof name, "crowd-%d", i);
            failed += run(side, **word == 'c' ? create : **word == 's' ? start : delete, &took, &peak) != 0;
        }
    }
    return failed;
}

static void part(const char *what, struct side *side, char **words, int clients, int count) {
    int status, failed = 0;
    pid_t pids[clients];
    long long start = now();
    for (int i = 0; i < clients; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            int mine = client(side, words, i, count, clients);
            _exit(mine > 255 ? 255 : mine);
        }
    }
    for (int left = clients; left > 0;) {
        pid_t pid = wait(&status);
        if (pid < 0) exit(1);
        /* Containers that ended are children too. */
        for (int i = 0; i < clients; i++) {
            if (pids[i] != pid) continue;
            failed += WIFEXITED(status) ? WEXITSTATUS(status) : 1;
            left--;
        }
    }
    printf("%s %lld %d\n", what, now() - start, failed);
    fflush(stdout);
}

int main(int argc, char **argv) {
    struct side sides[MOST];
    if (argc < 5 || prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)) return 2;
    if (strcmp(argv[1], "crowd") != 0) {
        int count = parse(argv + 4, argc - 4, sides);
        rounds_of(sides, count, atoi(argv[1]), atoi(argv[2]), atoi(argv[3]));
        return 0;
    }
    char *begin[] = { "create", "start", NULL }, *end[] = { "delete", NULL };
    parse(argv + 4, argc - 4, sides);
    part("begin", sides, begin, atoi(argv[2]), atoi(argv[3]));
    part("end", sides, end, atoi(argv[2]), atoi(argv[3]));
    return 0;
}
