/* No call waits for longer than it may: for a member that does not come, or for room to send. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "horus.h"

#define PATIENCE_MS 20000
#define BYTES 32768

static void must(int status, int expected, const char *what) {
    if (status != expected) {
        fprintf(stderr, "%s: status %d: %s\n", what, status, horus_error());
        exit(1);
    }
}

int main(void) {
    horus_tower *tower = NULL;
    lwg *group = NULL, *never = NULL;
    const char *me[] = {"ca"}, *nobody[] = {"ca#999999999"};
    must(horus_open("ca", "127.0.0.1:0", &tower), horus_status_OK, "horus_open");
    must(lwg_create(tower, me, 1, PATIENCE_MS, &group), horus_status_OK, "lwg_create");

    /* Its name is known at once; that it does not come is known only after a while. */
    must(lwg_create(tower, nobody, 1, 10, &never), horus_status_LATE, "lwg_create of nobody");
    must(lwg_add(group, nobody, 1, 10), horus_status_LATE, "lwg_add of nobody");

    /* Of what is longer than a message may be no byte is read. */
    must(lwg_send(group, 'f', (const uint8_t *)"x", (size_t)1 << 40, NULL), horus_status_FAILED,
         "lwg_send of too much");
    const char *why = horus_error();
    if (strstr(why, "over the limit") == NULL) {
        fprintf(stderr, "lwg_send of too much: %s\n", why);
        return 1;
    }
    must(lwg_send(group, 'x', NULL, 0, NULL), horus_status_WRONG, "lwg_send in no order");
    if (why != horus_error() || strstr(why, "an order is") == NULL) {
        fprintf(stderr, "the place moved: %s\n", why);
        return 1;
    }

    /* Nobody receives: there is room for some, and for more once they were taken. */
    static uint8_t bytes[BYTES];
    int sent = 0, status = horus_status_OK;
    while (status == horus_status_OK && sent < 3000) {
        status = lwg_send_within(group, 'f', bytes, BYTES, 200);
        sent += status == horus_status_OK;
    }
    must(status, horus_status_LATE, "lwg_send_within, nobody receives");
    must(lwg_send_within(group, 'f', bytes, BYTES, 10), horus_status_LATE, "lwg_send_within");
    for (int received = 0; received < sent; received += 1) {
        lwg_message *message = NULL;
        must(lwg_receive(group, PATIENCE_MS, &message), horus_status_OK, "lwg_receive");
        lwg_done(message);
    }
    must(lwg_send_within(group, 'f', bytes, BYTES, PATIENCE_MS), horus_status_OK, "the last");
    printf("room for %s, then for more\n", sent > 100 ? "many" : "few");
    lwg_free(group);
    horus_close(tower);
    return 0;
}
