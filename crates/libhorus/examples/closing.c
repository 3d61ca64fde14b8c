/* A tower that is closed leaves its groups, whatever of it is still to be freed. */
#include <stdio.h>
#include <stdlib.h>

#include "horus.h"

#define PATIENCE_MS 20000

static void must(int status, int expected, const char *what) {
    if (status != expected) {
        fprintf(stderr, "%s: status %d: %s\n", what, status, horus_error());
        exit(1);
    }
}

int main(void) {
    horus_tower *a = NULL, *b = NULL;
    lwg *mine = NULL, *theirs = NULL;
    lwg_message *question = NULL, *message = NULL;
    lwg_sent *sent = NULL;
    uint16_t port = 0;
    char address[32];
    const char *both[] = {"closes-a", "closes-b"};
    must(horus_open("closes-a", "127.0.0.1:0", &a), horus_status_OK, "horus_open");
    must(horus_open("closes-b", "127.0.0.1:0", &b), horus_status_OK, "horus_open");
    must(horus_port(b, &port), horus_status_OK, "horus_port");
    snprintf(address, sizeof address, "127.0.0.1:%u", port);
    must(horus_meet(a, "closes-b", address), horus_status_OK, "horus_meet");
    must(lwg_create(a, both, 2, PATIENCE_MS, &mine), horus_status_OK, "lwg_create");
    must(lwg_invited(b, PATIENCE_MS, &theirs), horus_status_OK, "lwg_invited");
    must(lwg_send(mine, 'f', (const uint8_t *)"?", 1, &sent), horus_status_OK, "lwg_send");
    must(lwg_receive(theirs, PATIENCE_MS, &question), horus_status_OK, "lwg_receive");

    /* Its group and a question that wants an answer live on. */
    horus_close(b);
    must(lwg_receive(mine, PATIENCE_MS, &message), horus_status_OK, "lwg_receive of one's own");
    lwg_done(message);
    must(lwg_get_next_reply(sent, PATIENCE_MS, &message), horus_status_END, "nobody answers");
    must(lwg_wait_members(mine, 1, PATIENCE_MS, NULL), horus_status_OK, "lwg_wait_members");
    must(lwg_send(theirs, 'f', (const uint8_t *)"!", 1, NULL), horus_status_FAILED, "lwg_send");
    must(lwg_receive(theirs, 100, &message), horus_status_FAILED, "lwg_receive");
    lwg_reply(question, (const uint8_t *)"!", 1);
    lwg_free(theirs);
    printf("one member is left, and what was asked of the closed tower failed\n");
    lwg_discard_replies(sent);
    lwg_free(mine);
    horus_close(a);
    return 0;
}
