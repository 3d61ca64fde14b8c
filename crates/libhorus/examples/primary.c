/* A core group with an electorate: the views of most of it are primary, and others take nothing. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "horus.h"

#define PATIENCE_MS 20000
#define NODES 3

static void must(int status, int expected, const char *what) {
    if (status != expected) {
        fprintf(stderr, "%s: status %d: %s\n", what, status, horus_error());
        exit(1);
    }
}

static void holds(int what, const char *said) {
    if (!what) {
        fprintf(stderr, "not so: %s\n", said);
        exit(1);
    }
}

/* The first view of so many members, by poll alone. */
static horus_core_view view_of(horus_tower *tower, horus_core *core, size_t members) {
    horus_core_view view = {0, 0, 0};
    struct pollfd bell = {horus_poll_fd(tower), POLLIN, 0};
    for (;;) {
        int status = horus_core_next_view(core, 0, &view);
        if (status == horus_status_LATE) {
            holds(poll(&bell, 1, PATIENCE_MS) == 1, "a view comes");
            continue;
        }
        must(status, horus_status_OK, "horus_core_next_view");
        if (view.members == members) {
            return view;
        }
    }
}

int main(void) {
    const char *names[NODES] = {"pa", "pb", "pc"};
    horus_tower *towers[NODES];
    horus_core *cores[NODES], *plain = NULL;
    for (int node = 0; node < NODES; node++) {
        uint16_t port = 0;
        char address[32];
        must(horus_open(names[node], "127.0.0.1:0", &towers[node]), horus_status_OK, "horus_open");
        must(horus_port(towers[node], &port), horus_status_OK, "horus_port");
        snprintf(address, sizeof address, "127.0.0.1:%u", port);
        for (int other = 0; other < node; other++) {
            must(horus_meet(towers[other], names[node], address), horus_status_OK, "horus_meet");
        }
        must(horus_core_primary(towers[node], "ledger", names, NODES, 1), horus_status_OK,
             "horus_core_primary");
    }
    must(horus_core_primary(towers[0], "ledger", names, 0, 1), horus_status_WRONG, "nobody elects");

    /* All three found it: that is most of them. */
    must(horus_core_found(towers[0], "ledger", names + 1, NODES - 1, PATIENCE_MS, &cores[0]),
         horus_status_OK, "horus_core_found");
    for (int node = 1; node < NODES; node++) {
        must(horus_core_join(towers[node], "ledger", &cores[node]), horus_status_OK,
             "horus_core_join");
    }
    for (int node = 0; node < NODES; node++) {
        horus_core_view view = view_of(towers[node], cores[node], NODES);
        holds(view.primary == 1, "with all of them it is primary");
    }
    holds(strncmp(horus_core_member(cores[0], 0), "pa#", 3) == 0, "the founder comes first");
    holds(horus_core_member(cores[0], NODES) == NULL, "there are no more");

    /* What is sent comes to all, in its place among views. */
    const uint8_t *bytes = (const uint8_t *)"42";
    must(horus_core_send(cores[0], 't', bytes, 2, PATIENCE_MS), horus_status_OK, "horus_core_send");
    for (int node = 0; node < NODES; node++) {
        lwg_message *message = NULL;
        size_t length = 0;
        must(horus_core_next_view(cores[node], PATIENCE_MS, NULL), horus_status_MESSAGE, "first");
        must(horus_core_receive(cores[node], 0, &message), horus_status_OK, "horus_core_receive");
        holds(strncmp(lwg_from(message), "pa#", 3) == 0, "its sender");
        holds(memcmp(lwg_bytes(message, &length), "42", 2) == 0 && length == 2, "its bytes");
        lwg_done(message);
    }

    /* Two of three are most; one is not, and sends nothing. */
    for (int left = NODES - 1; left > 0; left--) {
        horus_core_free(cores[left]);
        horus_close(towers[left]);
        horus_core_view view = view_of(towers[0], cores[0], (size_t)left);
        holds(view.primary == (left > 1), "primary with most of them, and not with one");
    }
    must(horus_core_send(cores[0], 't', bytes, 2, PATIENCE_MS), horus_status_FAILED, "refused");
    holds(strstr(horus_error(), "not primary") != NULL, horus_error());

    /* Where nobody elects no view is called so. */
    must(horus_core_found(towers[0], "plain", NULL, 0, PATIENCE_MS, &plain), horus_status_WRONG,
         "no list");
    must(horus_core_found(towers[0], "plain", names, 0, PATIENCE_MS, &plain), horus_status_OK,
         "alone");
    holds(view_of(towers[0], plain, 1).primary == -1, "neither one nor the other");
    must(horus_core_leave(plain), horus_status_OK, "horus_core_leave");
    must(horus_core_next_view(plain, PATIENCE_MS, NULL), horus_status_END, "it is out");

    /* The refused one may ring in the other group, until that is looked at. */
    must(horus_core_next_view(cores[0], 0, NULL), horus_status_LATE, "nothing else has come");
    struct pollfd bell = {horus_poll_fd(towers[0]), POLLIN, 0};
    holds(poll(&bell, 1, 0) == 0, "who has looked at all is not rung for");

    horus_core_free(plain);
    horus_core_free(cores[0]);
    horus_close(towers[0]);
    printf("two of three are primary, and one is not\n");
    return 0;
}
