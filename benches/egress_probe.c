/* What the egress benchmark runs inside a container and in the world outside it:
 *   names ADDRESS TTL            a name server on UDP: every name has the address 198.51.100.1 to .200, by its hash
 *   ask ADDRESS COUNT WINDOW N   queries for n0.bench.test to n(N-1).bench.test, WINDOW at once
 *   connect ADDRESS PORT COUNT   TCP connections one after the other, made or refused
 *   accept ADDRESS PORT          accepts connections and closes them
 *   echo ADDRESS PORT            returns UDP datagrams
 *   trip ADDRESS PORT COUNT      sends a datagram and waits for it to come back
 * ask, connect and trip print: COUNT_DONE COUNT_FAILED SECONDS P50_NS P99_NS */
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static struct sockaddr_in place(const char *address, const char *port) {
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(atoi(port)) };
    if (inet_pton(AF_INET, address, &to.sin_addr) != 1) fail(address);
    return to;
}

static int bound(int type, const char *address, const char *port) {
    struct sockaddr_in at = place(address, port);
    int one = 1, fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (void *)&at, sizeof at)) fail("bind");
    if (type == SOCK_STREAM && listen(fd, 4096)) fail("listen");
    return fd;
}

static int by_size(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static int report(uint64_t *took, long done, long failed, uint64_t began) {
    double seconds = (now() - began) / 1e9;
    qsort(took, done, sizeof *took, by_size);
    printf("%ld %ld %.6f %llu %llu\n", done, failed, seconds, (unsigned long long)(done ? took[done / 2] : 0),
           (unsigned long long)(done ? took[done * 99 / 100] : 0));
    return 0;
}

static _Noreturn void names(const char *address, long ttl) {
    int fd = bound(SOCK_DGRAM, address, "53");
    for (;;) {
        unsigned char m[1024];
        struct sockaddr_in from;
        socklen_t size = sizeof from;
        ssize_t n = recvfrom(fd, m, 512, 0, (void *)&from, &size);
        if (n < 17) continue;
        uint32_t hash = 5381, at = 12;
        while (at < n && m[at]) hash = hash * 33 + m[at++];
        uint16_t type = m[at + 1] << 8 | m[at + 2];
        at += 5;
        m[2] = 0x81, m[3] = 0x80, m[6] = 0, m[7] = type == 1, m[8] = m[9] = m[10] = m[11] = 0;
        if (type == 1) {
            unsigned char record[16] = { 0xc0, 12, 0, 1, 0, 1, ttl >> 24, ttl >> 16, ttl >> 8, ttl, 0, 4, 198, 51, 100, 1 + hash % 200 };
            memcpy(m + at, record, sizeof record);
            at += sizeof record;
        }
        sendto(fd, m, at, 0, (void *)&from, size);
    }
}

static int query(unsigned char *m, unsigned id, long n) {
    char label[24];
    int length = snprintf(label, sizeof label, "n%ld", n), at = 12;
    memset(m, 0, 12);
    m[0] = id >> 8, m[1] = id, m[2] = 1, m[5] = 1;
    m[at++] = length;
    memcpy(m + at, label, length);
    at += length;
    memcpy(m + at, "\5bench\4test\0\0\1\0\1", 16);
    return at + 16;
}

static int ask(const char *address, long count, long window, long different) {
    struct sockaddr_in to = place(address, "53");
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct timeval wait = { 5, 0 };
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    if (connect(fd, (void *)&to, sizeof to)) fail("connect");
    uint64_t *took = malloc(count * sizeof *took), sent_at[65536], began = now();
    long sent = 0, done = 0, failed = 0;
    while (done + failed < count) {
        unsigned char m[1500];
        while (sent < count && sent - done - failed < window) {
            unsigned id = sent & 0xffff;
            int size = query(m, id, sent % different);
            sent_at[id] = now();
            if (send(fd, m, size, 0) < 0) fail("send");
            sent++;
        }
        ssize_t n = recv(fd, m, sizeof m, 0);
        if (n < 12) { failed += sent - done - failed; continue; }
        if ((m[3] & 15) == 0 && m[7] > 0) took[done++] = now() - sent_at[m[0] << 8 | m[1]]; else failed++;
    }
    return report(took, done, failed, began);
}

static int connections(struct sockaddr_in to, long count) {
    uint64_t *took = malloc(count * sizeof *took), began = now();
    long failed = 0;
    for (long i = 0; i < count; i++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        /* A reset at the end, so that no port stays in TIME_WAIT. */
        struct linger reset = { 1, 0 };
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        uint64_t start = now();
        if (connect(fd, (void *)&to, sizeof to)) failed++;
        took[i] = now() - start;
        close(fd);
    }
    return report(took, count, failed, began);
}

static int trips(struct sockaddr_in to, long count) {
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct timeval wait = { 1, 0 };
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    if (connect(fd, (void *)&to, sizeof to)) fail("connect");
    uint64_t *took = malloc(count * sizeof *took), began = now();
    long done = 0;
    for (long i = 0; i < count; i++) {
        char byte = 1;
        uint64_t start = now();
        if (send(fd, &byte, 1, 0) == 1 && recv(fd, &byte, 1, 0) == 1) took[done++] = now() - start;
    }
    return report(took, done, count - done, began);
}

static _Noreturn void echo(int fd) {
    for (;;) {
        char m[2048];
        struct sockaddr_in from;
        socklen_t size = sizeof from;
        ssize_t n = recvfrom(fd, m, sizeof m, 0, (void *)&from, &size);
        if (n >= 0) sendto(fd, m, n, 0, (void *)&from, size);
    }
}

static _Noreturn void accepting(int fd) {
    for (;;) {
        int one = accept(fd, NULL, NULL);
        if (one >= 0) close(one);
    }
}

int main(int argc, char **argv) {
    const char *what = argc > 2 ? argv[1] : "";
    if (!strcmp(what, "names") && argc == 4) names(argv[2], atol(argv[3]));
    if (!strcmp(what, "ask") && argc == 6) return ask(argv[2], atol(argv[3]), atol(argv[4]), atol(argv[5]));
    if (!strcmp(what, "connect") && argc == 5) return connections(place(argv[2], argv[3]), atol(argv[4]));
    if (!strcmp(what, "trip") && argc == 5) return trips(place(argv[2], argv[3]), atol(argv[4]));
    if (!strcmp(what, "echo") && argc == 4) echo(bound(SOCK_DGRAM, argv[2], argv[3]));
    if (!strcmp(what, "accept") && argc == 4) accepting(bound(SOCK_STREAM, argv[2], argv[3]));
    fprintf(stderr, "usage: see the source\n");
    return 2;
}
