/* A system call answered by another process. Usage: notify COUNT makes the calls and prints the
 * nanoseconds per call; notify COUNT floor also answers them, in C with two ioctls per call. */
#define _GNU_SOURCE
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int make_calls(long count) {
    struct timespec a, b;
    clock_gettime(CLOCK_MONOTONIC, &a);
    for (long i = 0; i < count; i++) syscall(SYS_getppid);
    clock_gettime(CLOCK_MONOTONIC, &b);
    printf("%.0f\n", ((b.tv_sec - a.tv_sec) * 1e9 + (b.tv_nsec - a.tv_nsec)) / count);
    return 0;
}

static int listener(void) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = { sizeof code / sizeof *code, code };
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

static void pass(int socket, int fd) {
    char byte = 0, space[CMSG_SPACE(sizeof fd)] = { 0 };
    struct iovec io = { &byte, 1 };
    struct msghdr message = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space };
    struct cmsghdr *c = CMSG_FIRSTHDR(&message);
    c->cmsg_level = SOL_SOCKET, c->cmsg_type = SCM_RIGHTS, c->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(c), &fd, sizeof fd);
    if (sendmsg(socket, &message, 0) < 0) exit(1);
}

static int take(int socket) {
    char byte, space[CMSG_SPACE(sizeof(int))];
    struct iovec io = { &byte, 1 };
    struct msghdr message = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space };
    int fd = -1;
    if (recvmsg(socket, &message, 0) > 0 && CMSG_FIRSTHDR(&message)) memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
    return fd;
}

int main(int argc, char **argv) {
    long count = argc > 1 ? atol(argv[1]) : 10000;
    int pair[2], fd;
    if (argc < 3) return make_calls(count);
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) return 1;
    pid_t child = fork();
    if (child == 0) {
        if ((fd = listener()) < 0) return 1;
        pass(pair[1], fd);
        close(fd);
        return make_calls(count);
    }
    if ((fd = take(pair[0])) < 0) return 1;
    for (long i = 0; i < count; i++) {
        struct seccomp_notif call = { 0 };
        if (ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &call) != 0) return 1;
        struct seccomp_notif_resp answer = { .id = call.id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };
        if (ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &answer) != 0) return 1;
    }
    waitpid(child, NULL, 0);
    return 0;
}
