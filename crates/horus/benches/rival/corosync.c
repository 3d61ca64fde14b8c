/* Corosync: a member of a closed process group, driven by the lines that drive a crew of ours.
 *
 * One handle, one thread: it sends until the daemon takes no more, and dispatches in between. Each
 * message says who sent it and which of its own it is; what is missing or twice is counted, and
 * a number that is the same at all members if and only if they were told the same in one order. */
#define _GNU_SOURCE
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <corosync/cpg.h>

enum { MEMBERS_MAX = 16, BURST = 64, TIMES_MAX = 1 << 20, PAYLOAD_MAX = 1 << 16, LINE_MAX_ = 4096 };

/* What a message begins with. */
struct head {
    uint64_t sent_ns, count;
    uint32_t rank, ping;
};

/* Of this crew alone: one before it may not have gone yet. */
static struct cpg_name group_name;

static cpg_handle_t handle;
static int group_fd, rank, wanted, met;
static char body[PAYLOAD_MAX];

static size_t payload;
static int flooding;
static uint64_t pings_left, every_ns, next_ns, late_ns, pause_ns, resumed_ns;

static uint64_t sent, total, others, wrong, order;
static uint64_t next_of[MEMBERS_MAX], known_of[MEMBERS_MAX];
static uint64_t times[TIMES_MAX], timed;
static size_t viewed;
static uint64_t viewed_ns;
static int left;

static uint64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void must(cs_error_t error, const char *what) {
    if (error != CS_OK) {
        fprintf(stderr, "%s: corosync error %d\n", what, (int)error);
        exit(1);
    }
}

static void deliver(cpg_handle_t at, const struct cpg_name *group, uint32_t node, uint32_t pid,
                    void *bytes, size_t length) {
    struct head head;
    (void)at, (void)group, (void)node, (void)pid;
    if (length < sizeof head) {
        wrong++;
        return;
    }
    memcpy(&head, bytes, sizeof head);
    if (head.rank >= MEMBERS_MAX || (known_of[head.rank] && head.count != next_of[head.rank])) {
        wrong++;
        return;
    }
    known_of[head.rank] = 1;
    next_of[head.rank] = head.count + 1;
    total++;
    order = (order ^ (head.count * MEMBERS_MAX + head.rank)) * 0x9e3779b97f4a7c15u;
    order ^= order >> 29;
    if ((int)head.rank == rank) {
        return;
    }
    if (!head.ping) {
        others++;
        return;
    }
    if (resumed_ns == 0) {
        resumed_ns = now_ns();
    }
    if (timed < TIMES_MAX) {
        times[timed++] = now_ns() - head.sent_ns;
    }
}

static void change(cpg_handle_t at, const struct cpg_name *group, const struct cpg_address *members,
                   size_t count, const struct cpg_address *gone, size_t gone_count,
                   const struct cpg_address *come, size_t come_count) {
    uint32_t me = 0;
    (void)at, (void)group, (void)members, (void)come, (void)come_count;
    must(cpg_local_get(handle, &me), "cpg_local_get");
    for (size_t i = 0; i < gone_count; i++) {
        left |= gone[i].nodeid == me && gone[i].pid == (uint32_t)getpid();
    }
    viewed = count;
    viewed_ns = now_ns();
    resumed_ns = 0;
    if (!met && (int)count == wanted) {
        met = 1;
        puts("met");
    }
}

static cpg_callbacks_t callbacks = {deliver, change};

static void connect_(void) {
    must(cpg_initialize(&handle, &callbacks), "cpg_initialize");
    must(cpg_fd_get(handle, &group_fd), "cpg_fd_get");
}

/* A handle that has left a group cannot join one again. */
static void connect_again(void) {
    must(cpg_finalize(handle), "cpg_finalize");
    connect_();
    memset(known_of, 0, sizeof known_of);
    left = 0;
}

/* Whether it was taken. */
static int cast(int ping, uint64_t since_ns) {
    struct head head = {since_ns, sent, (uint32_t)rank, (uint32_t)ping};
    struct iovec part = {body, payload};
    memcpy(body, &head, sizeof head);
    cs_error_t error = cpg_mcast_joined(handle, CPG_TYPE_AGREED, &part, 1);
    if (error == CS_ERR_TRY_AGAIN) {
        return 0;
    }
    must(error, "cpg_mcast_joined");
    sent++;
    return 1;
}

static const char *field(const char *line, const char *name) {
    size_t length = strlen(name);
    for (const char *at = line; (at = strchr(at, ' ')) != NULL;) {
        at++;
        if (strncmp(at, name, length) == 0 && at[length] == '=') {
            return at + length + 1;
        }
    }
    fprintf(stderr, "`%s` has no field `%s`\n", line, name);
    exit(1);
}

static uint64_t number(const char *line, const char *name) {
    return strtoull(field(line, name), NULL, 10);
}

static int compare(const void *a, const void *b) {
    uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;
    return (one > other) - (one < other);
}

static void tell_times(void) {
    qsort(times, timed, sizeof times[0], compare);
    double p50 = timed ? times[(timed - 1) / 2] / 1e3 : 0;
    double p99 = timed ? times[(timed - 1) * 99 / 100] / 1e3 : 0;
    printf("times count=%" PRIu64 " p50=%.3f p99=%.3f\n", timed, p50, p99);
    timed = 0;
}

static void bind_(int own) {
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    for (long core = 0; core < cores; core++) {
        if (!own || core == rank % cores) {
            CPU_SET(core, &allowed);
        }
    }
    sched_setaffinity(0, sizeof allowed, &allowed);
}

static uint64_t cpu_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Answers with the same verb. */
static void take(const char *line) {
    char verb[32] = "";
    sscanf(line, "%31s", verb);
    if (strcmp(verb, "meet") == 0) {
        for (const char *at = line; (at = strstr(at, " at=")) != NULL; at++) {
            wanted++;
        }
        must(cpg_join(handle, &group_name), "cpg_join");
        return;
    }
    if (strcmp(verb, "flood") == 0) {
        payload = number(line, "payload");
        flooding = (int)number(line, "senders") > rank;
    } else if (strcmp(verb, "ping") == 0) {
        payload = number(line, "payload");
        pings_left = rank == 0 ? number(line, "count") : 0;
        every_ns = number(line, "every_us") * 1000;
        next_ns = now_ns() + every_ns;
        late_ns = pause_ns = 0;
    } else if (strcmp(verb, "halt") == 0) {
        flooding = 0;
        pings_left = late_ns = 0;
    } else if (strcmp(verb, "bind") == 0) {
        bind_(strncmp(field(line, "own"), "true", 4) == 0);
    } else if (strcmp(verb, "count") == 0) {
        printf("count at=%" PRIu64 " cpu=%" PRIu64 " delivered=%" PRIu64 "\n", now_ns(), cpu_ns(),
               others);
        return;
    } else if (strcmp(verb, "told") == 0) {
        printf("told sent=%" PRIu64 " total=%" PRIu64 " order=%" PRIu64 " wrong=%" PRIu64 "\n", sent,
               total, order, wrong);
        return;
    } else if (strcmp(verb, "times") == 0) {
        tell_times();
        return;
    } else if (strcmp(verb, "view") == 0) {
        printf("view members=%zu at=%" PRIu64 " pause=%" PRIu64 " resumed=%" PRIu64 "\n", viewed,
               viewed_ns, pause_ns, resumed_ns);
        return;
    } else if (strcmp(verb, "leave") == 0) {
        uint64_t at = now_ns();
        must(cpg_leave(handle, &group_name), "cpg_leave");
        printf("leave at=%" PRIu64 "\n", at);
        return;
    } else if (strcmp(verb, "join") == 0) {
        uint64_t at = now_ns();
        must(cpg_join(handle, &group_name), "cpg_join");
        printf("join at=%" PRIu64 "\n", at);
        return;
    } else {
        fprintf(stderr, "nobody knows `%s`\n", verb);
        exit(1);
    }
    puts(verb);
}

/* All lines that are there; what follows the last one stays for later. */
static void hear_lines(void) {
    static char lines[LINE_MAX_];
    static size_t length;
    ssize_t got = read(STDIN_FILENO, lines + length, sizeof lines - 1 - length);
    if (got <= 0) {
        exit(0);
    }
    length += (size_t)got;
    lines[length] = 0;
    char *line = lines, *end;
    while ((end = strchr(line, '\n')) != NULL) {
        *end = 0;
        take(line);
        line = end + 1;
    }
    length -= (size_t)(line - lines);
    memmove(lines, line, length);
}

/* Sends what is to be sent; for how long there is nothing more, in nanoseconds. */
static int64_t send_all(void) {
    if (flooding) {
        for (int i = 0; i < BURST; i++) {
            if (!cast(0, 0)) {
                return 1000000;
            }
        }
        return 0;
    }
    while (pings_left > 0 && (late_ns != 0 || now_ns() >= next_ns)) {
        uint64_t due_ns = late_ns ? late_ns : now_ns();
        if (!cast(1, due_ns)) {
            late_ns = due_ns;
            return 100000;
        }
        uint64_t waited_ns = now_ns() - due_ns;
        pause_ns = waited_ns > pause_ns ? waited_ns : pause_ns;
        late_ns = 0;
        pings_left--;
        next_ns += every_ns;
    }
    if (pings_left == 0) {
        return INT64_MAX;
    }
    int64_t wait_ns = (int64_t)(next_ns - now_ns());
    return wait_ns > 0 ? wait_ns : 0;
}

int main(int count, char **words) {
    if (count != 3 || strlen(words[2]) >= CPG_MAX_NAME_LENGTH) {
        fprintf(stderr, "usage: %s RANK GROUP\n", words[0]);
        return 2;
    }
    rank = atoi(words[1]);
    group_name.length = (uint32_t)strlen(words[2]);
    memcpy(group_name.value, words[2], group_name.length);
    setvbuf(stdout, NULL, _IOLBF, 0);
    connect_();
    puts("listens at=cpg");
    for (;;) {
        int64_t wait_ns = send_all();
        struct timespec wait = {wait_ns / 1000000000, wait_ns % 1000000000};
        struct pollfd ready[] = {{group_fd, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
        ppoll(ready, 2, wait_ns == INT64_MAX ? NULL : &wait, NULL);
        if (ready[1].revents) {
            hear_lines();
        }
        if (ready[0].revents) {
            must(cpg_dispatch(handle, CS_DISPATCH_ALL), "cpg_dispatch");
        }
        if (left) {
            connect_again();
        }
    }
}
