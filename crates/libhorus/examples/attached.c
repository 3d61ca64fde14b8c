/* The same calls on a daemon's kernel: attach, make a group, say something, hear it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "horus.h"

#define PATIENCE_MS 20000

static void must(int status, const char *what) {
    if (status != horus_status_OK) {
        fprintf(stderr, "%s: status %d: %s\n", what, status, horus_error());
        exit(1);
    }
}

int main(int count, char **words) {
    if (count != 2) {
        fprintf(stderr, "usage: attached SOCKET\n");
        return 2;
    }
    horus_tower *tower = NULL;
    must(horus_attach("ca", words[1], &tower), "horus_attach");
    const char *members[] = {"ca"};
    lwg *group = NULL;
    must(lwg_create(tower, members, 1, PATIENCE_MS, &group), "lwg_create");
    const char *said = "hello";
    must(lwg_send(group, 't', (const uint8_t *)said, strlen(said), NULL), "lwg_send");
    lwg_message *message = NULL;
    must(lwg_receive(group, PATIENCE_MS, &message), "lwg_receive");
    size_t length = 0;
    const uint8_t *bytes = lwg_bytes(message, &length);
    printf("%s says: %.*s\n", lwg_from(message), (int)length, (const char *)bytes);
    lwg_done(message);
    lwg_free(group);
    horus_close(tower);
    return 0;
}
