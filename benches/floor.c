/* The floor of the start-up benchmark: the work of benches/start.lua in the fewest system calls,
 * from a static program without stdio. The difference to it is a runtime's own cost.
 * Usage: floor ROOTFS PROGRAM [ARG…] */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/rtnetlink.h>
#include <linux/sched.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define EMPTY_PATHS (MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH)
#define PROPAGATION_SLAVE (1 << 19)
#define RECURSIVE 0x8000

extern char **environ;

/* Any failure ends the program with the line number of the step as status. */
#define MUST(call) must((long)(call), __LINE__)

static long must(long result, int line) {
    if (result < 0) _exit(line & 0x7f);
    return result;
}

static void loopback_up(void) {
    struct { struct nlmsghdr head; struct ifinfomsg link; } request = {
        { sizeof request, RTM_SETLINK, NLM_F_REQUEST | NLM_F_ACK, 0, 0 },
        { .ifi_index = 1, .ifi_flags = IFF_UP, .ifi_change = IFF_UP },
    };
    char answer[128];
    int fd = MUST(socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_ROUTE));
    MUST(send(fd, &request, sizeof request, 0));
    MUST(recv(fd, answer, sizeof answer, 0));
    close(fd);
}

static int below(int root, const char *path) {
    struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
    return MUST(syscall(SYS_openat2, root, path, &how, sizeof how));
}

/* Attaches a detached mount and closes both. */
static void attach(int mount, int target) {
    MUST(syscall(SYS_move_mount, mount, "", target, "", EMPTY_PATHS));
    close(target);
    close(mount);
}

static int copy(int source, uint64_t flags) {
    int mount = MUST(syscall(SYS_open_tree, source, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | RECURSIVE));
    struct mount_attr attr = { .attr_set = flags };
    MUST(syscall(SYS_mount_setattr, mount, "", AT_EMPTY_PATH | RECURSIVE, &attr, sizeof attr));
    return mount;
}

static int filesystem(const char *type, const char *const (*settings)[2], int attributes) {
    int context = MUST(syscall(SYS_fsopen, type, FSOPEN_CLOEXEC));
    MUST(syscall(SYS_fsconfig, context, FSCONFIG_SET_STRING, "source", type, 0));
    for (; settings && (*settings)[0]; settings++)
        MUST(syscall(SYS_fsconfig, context, FSCONFIG_SET_STRING, (*settings)[0], (*settings)[1], 0));
    MUST(syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
    int mount = MUST(syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, attributes));
    close(context);
    return mount;
}

static void devices(int dev) {
    static const struct { const char *name; int major, minor; } nodes[] = {
        { "null", 1, 3 }, { "zero", 1, 5 }, { "full", 1, 7 }, { "random", 1, 8 }, { "urandom", 1, 9 }, { "tty", 5, 0 },
    };
    static const char *const links[][2] = {
        { "/proc/self/fd", "fd" }, { "/proc/self/fd/0", "stdin" }, { "/proc/self/fd/1", "stdout" },
        { "/proc/self/fd/2", "stderr" }, { "/proc/kcore", "core" }, { "pts/ptmx", "ptmx" },
    };
    for (unsigned i = 0; i < sizeof nodes / sizeof *nodes; i++)
        MUST(mknodat(dev, nodes[i].name, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor)));
    for (unsigned i = 0; i < sizeof links / sizeof *links; i++)
        MUST(symlinkat(links[i][0], dev, links[i][1]));
    MUST(mkdirat(dev, "shm", 0755));
    MUST(mkdirat(dev, "pts", 0755));
}

static void inside(const char *rootfs, char **argv) {
    static const char *const tmpfs[][2] = { { "mode", "755" }, { 0, 0 } };
    static const char *const devpts[][2] = { { "mode", "620" }, { "ptmxmode", "666" }, { 0, 0 } };
    const int safe = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
    struct mount_attr slave = { .propagation = PROPAGATION_SLAVE };

    loopback_up();
    umask(0);
    MUST(syscall(SYS_mount_setattr, AT_FDCWD, "/", RECURSIVE, &slave, sizeof slave));
    int source = MUST(open(rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC));
    int root = copy(source, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
    /* The detached mount's descriptor is used as the root after it is attached. */
    MUST(syscall(SYS_move_mount, root, "", source, "", EMPTY_PATHS));
    close(source);
    attach(filesystem("proc", NULL, safe), below(root, "/proc"));
    for (int i = 0; i < 2; i++) {
        int place = below(root, i ? "/proc/bus" : "/proc/irq");
        attach(copy(place, MOUNT_ATTR_RDONLY | safe), place);
    }
    int dev = filesystem("tmpfs", tmpfs, MOUNT_ATTR_NOSUID);
    int target = below(root, "/dev");
    MUST(syscall(SYS_move_mount, dev, "", target, "", EMPTY_PATHS));
    close(target);
    devices(dev);
    attach(filesystem("devpts", devpts, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC), below(dev, "pts"));
    MUST(fchdir(root));
    MUST(syscall(SYS_pivot_root, ".", "."));
    MUST(syscall(SYS_umount2, ".", 2 /* MNT_DETACH */));
    MUST(chdir("/"));
    MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    umask(022);
    execve(argv[0], argv, environ);
}

int main(int argc, char **argv) {
    int pidfd = -1;
    struct clone_args args = {
        .flags = CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWCGROUP | CLONE_PIDFD,
        .pidfd = (uint64_t)(uintptr_t)&pidfd,
        .exit_signal = SIGCHLD,
    };
    siginfo_t end;
    if (argc < 3) return 2;
    long pid = MUST(syscall(SYS_clone3, &args, sizeof args));
    if (pid == 0) {
        inside(argv[1], argv + 2);
        _exit(127);
    }
    MUST(waitid(P_PIDFD, pidfd, &end, WEXITED));
    return end.si_code == CLD_EXITED ? end.si_status : 128 + end.si_status;
}
