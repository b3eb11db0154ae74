/* The floor of the network benchmark: the work of floor.c, in a network namespace connected to a bridge by the
 * same netlink messages as tinylua's: a veth pair, up and on the bridge, an address, a default route, and
 * elements of the map of published ports and of the set of pinned links. They are removed at the end with the link.
 * Usage: netfloor BRIDGE ADDRESS GATEWAY PORT ROOTFS PROGRAM [ARG…] */
#define main floor_main
#include "floor.c"
#undef main

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/veth.h>
#include <stdio.h>
#include <string.h>

struct message { char bytes[1024]; uint32_t used; };

static void *put(struct message *m, const void *data, uint32_t size) {
    void *at = m->bytes + m->used;
    if (data) memcpy(at, data, size); else memset(at, 0, size);
    m->used += (size + 3) & ~3u;
    return at;
}

static struct nlmsghdr *begin(struct message *m, uint16_t type, uint16_t flags) {
    struct nlmsghdr head = { 0, type, NLM_F_REQUEST | flags, 0, 0 };
    return put(m, &head, sizeof head);
}

static void end(struct message *m, struct nlmsghdr *head) { head->nlmsg_len = m->bytes + m->used - (char *)head; }

static void attribute(struct message *m, uint16_t type, const void *data, uint16_t size) {
    struct rtattr head = { RTA_LENGTH(size), type };
    put(m, &head, sizeof head);
    put(m, data, size);
}

static struct rtattr *nest(struct message *m, uint16_t type) {
    struct rtattr head = { 0, type };
    return put(m, &head, sizeof head);
}

static void close_nest(struct message *m, struct rtattr *head) { head->rta_len = m->bytes + m->used - (char *)head; }

/* Sends, and reads one acknowledgement for each message that requests one. */
static void ask(int fd, struct message *m, int answers) {
    char answer[1024];
    MUST(send(fd, m->bytes, m->used, 0));
    while (answers-- > 0) {
        MUST(recv(fd, answer, sizeof answer, 0));
        struct nlmsghdr *head = (void *)answer;
        if (head->nlmsg_type == NLMSG_ERROR) MUST(((struct nlmsgerr *)NLMSG_DATA(head))->error);
    }
}

static void name(struct message *m, const char *text) { attribute(m, IFLA_IFNAME, text, strlen(text) + 1); }

static void pair(int fd, const char *link, int netns) {
    struct message m = { .used = 0 };
    struct ifinfomsg body = { 0 };
    uint32_t one = 1;
    struct nlmsghdr *head = begin(&m, RTM_NEWLINK, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
    put(&m, &body, sizeof body);
    name(&m, link);
    attribute(&m, IFLA_NUM_TX_QUEUES, &one, 4);
    attribute(&m, IFLA_NUM_RX_QUEUES, &one, 4);
    struct rtattr *info = nest(&m, IFLA_LINKINFO);
    attribute(&m, IFLA_INFO_KIND, "veth", 5);
    struct rtattr *data = nest(&m, IFLA_INFO_DATA), *peer = nest(&m, VETH_INFO_PEER);
    put(&m, &body, sizeof body);
    name(&m, "eth0");
    attribute(&m, IFLA_NUM_TX_QUEUES, &one, 4);
    attribute(&m, IFLA_NUM_RX_QUEUES, &one, 4);
    attribute(&m, IFLA_NET_NS_FD, &netns, 4);
    close_nest(&m, peer);
    close_nest(&m, data);
    close_nest(&m, info);
    end(&m, head);
    ask(fd, &m, 1);
}

static void change(int fd, int index, const char *link, uint32_t master, uint16_t type) {
    struct message m = { .used = 0 };
    struct ifinfomsg body = { .ifi_index = index, .ifi_flags = IFF_UP, .ifi_change = type == RTM_DELLINK ? 0 : IFF_UP };
    struct nlmsghdr *head = begin(&m, type, NLM_F_ACK);
    put(&m, &body, sizeof body);
    if (link) name(&m, link);
    if (master) attribute(&m, IFLA_MASTER, &master, 4);
    end(&m, head);
    ask(fd, &m, 1);
}

static void address(int fd, int index, uint32_t addr, uint32_t gateway) {
    struct message m = { .used = 0 };
    struct ifaddrmsg body = { .ifa_family = AF_INET, .ifa_prefixlen = 24, .ifa_index = index };
    struct rtmsg route = { .rtm_family = AF_INET, .rtm_table = RT_TABLE_MAIN, .rtm_protocol = RTPROT_STATIC, .rtm_type = RTN_UNICAST };
    struct nlmsghdr *head = begin(&m, RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
    put(&m, &body, sizeof body);
    attribute(&m, IFA_LOCAL, &addr, 4);
    attribute(&m, IFA_ADDRESS, &addr, 4);
    end(&m, head);
    ask(fd, &m, 1);
    m.used = 0;
    head = begin(&m, RTM_NEWROUTE, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
    put(&m, &route, sizeof route);
    attribute(&m, RTA_GATEWAY, &gateway, 4);
    attribute(&m, RTA_OIF, &index, 4);
    end(&m, head);
    ask(fd, &m, 1);
}

static void bytes(struct message *m, uint16_t type, const void *data, uint16_t size) {
    struct rtattr *outer = nest(m, type | NLA_F_NESTED);
    attribute(m, NFTA_DATA_VALUE, data, size);
    close_nest(m, outer);
}

/* Adds or removes an element of a set or map of table bench. */
static void element(int fd, uint16_t type, uint16_t flags, uint8_t family, const char *set, const void *key, uint16_t key_size, const void *data) {
    struct message m = { .used = 0 };
    struct nfgenmsg batch = { 0, 0, htons(NFNL_SUBSYS_NFTABLES) }, of = { family, 0, 0 };
    struct nlmsghdr *head = begin(&m, NFNL_MSG_BATCH_BEGIN, 0);
    put(&m, &batch, sizeof batch);
    end(&m, head);
    head = begin(&m, NFNL_SUBSYS_NFTABLES << 8 | type, NLM_F_ACK | flags);
    put(&m, &of, sizeof of);
    attribute(&m, NFTA_SET_ELEM_LIST_TABLE, "bench", 6);
    attribute(&m, NFTA_SET_ELEM_LIST_SET, set, strlen(set) + 1);
    struct rtattr *list = nest(&m, NFTA_SET_ELEM_LIST_ELEMENTS | NLA_F_NESTED), *one = nest(&m, NFTA_LIST_ELEM | NLA_F_NESTED);
    bytes(&m, NFTA_SET_ELEM_KEY, key, key_size);
    if (data && type == NFT_MSG_NEWSETELEM) bytes(&m, NFTA_SET_ELEM_DATA, data, 8);
    close_nest(&m, one);
    close_nest(&m, list);
    end(&m, head);
    head = begin(&m, NFNL_MSG_BATCH_END, 0);
    put(&m, &batch, sizeof batch);
    end(&m, head);
    ask(fd, &m, 1);
}

/* For the map of published ports: proto . port : address . port. */
static void publish(int fd, uint16_t type, uint16_t flags, uint32_t addr, uint16_t port) {
    unsigned char key[8] = { IPPROTO_TCP, 0, 0, 0 }, data[8] = { 0 };
    uint16_t own = htons(port), to = htons(80);
    memcpy(key + 4, &own, 2);
    memcpy(data, &addr, 4);
    memcpy(data + 4, &to, 2);
    element(fd, type, flags, 1, "ports", key, sizeof key, data);
}

/* For the set of permitted senders: link . MAC address . address. */
static void pin(int fd, uint16_t type, uint16_t flags, const char *link, uint32_t addr) {
    unsigned char key[28] = { 0 };
    strcpy((char *)key, link);
    memcpy(key + 24, &addr, 4);
    element(fd, type, flags, 7, "pins", key, sizeof key, NULL);
}

static void setting(const char *family, const char *link, const char *key, const char *value) {
    char path[128];
    snprintf(path, sizeof path, "/proc/sys/net/%s/conf/%s/%s", family, link, key);
    int fd = MUST(open(path, O_WRONLY | O_CLOEXEC));
    MUST(write(fd, value, strlen(value)));
    close(fd);
}

static int netlink(int protocol) { return MUST(socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, protocol)); }

int main(int argc, char **argv) {
    int pidfd = -1;
    siginfo_t ended;
    if (argc < 7) return 2;
    uint32_t addr = inet_addr(argv[2]), gateway = inet_addr(argv[3]);
    uint16_t port = atoi(argv[4]);
    char link[16] = "floor";
    strncat(link, argv[4], 8);
    /* Creates a namespace, opens it and returns, like tinylua. */
    int home = MUST(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
    MUST(unshare(CLONE_NEWNET));
    int netns = MUST(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC)), inner = netlink(NETLINK_ROUTE);
    MUST(setns(home, CLONE_NEWNET));
    int outer = netlink(NETLINK_ROUTE), filter = netlink(NETLINK_NETFILTER);
    pin(filter, NFT_MSG_NEWSETELEM, NLM_F_CREATE, link, addr);
    pair(outer, link, netns);
    change(outer, 0, link, if_nametoindex(argv[1]), RTM_NEWLINK);
    int eth0 = 2;
    change(inner, eth0, NULL, 0, RTM_NEWLINK);
    address(inner, eth0, addr, gateway);
    setting("ipv4", link, "rp_filter", "1");
    setting("ipv6", link, "disable_ipv6", "1");
    publish(filter, NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_EXCL, addr, port);
    struct clone_args args = {
        .flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWCGROUP | CLONE_PIDFD,
        .pidfd = (uint64_t)(uintptr_t)&pidfd,
        .exit_signal = SIGCHLD,
    };
    long pid = MUST(syscall(SYS_clone3, &args, sizeof args));
    if (pid == 0) {
        MUST(setns(netns, CLONE_NEWNET));
        inside(argv[5], argv + 6);
        _exit(127);
    }
    MUST(waitid(P_PIDFD, pidfd, &ended, WEXITED));
    publish(filter, NFT_MSG_DELSETELEM, 0, addr, port);
    pin(filter, NFT_MSG_DELSETELEM, 0, link, addr);
    change(outer, 0, link, 0, RTM_DELLINK);
    return ended.si_code == CLD_EXITED ? ended.si_status : 128 + ended.si_status;
}
