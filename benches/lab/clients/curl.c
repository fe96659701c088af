/* A client with libcurl and one easy handle, only for the mode `open`: CONNECT_ONLY makes TCP and TLS, and keeps the TLS
 * sessions. This file implements the upgrade and the closing handshake. */
#include "../common/lab.h"

#include <curl/curl.h>
#include <poll.h>

static const char REQUEST[] = "GET %s HTTP/1.1\r\nHost: %s:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
static const char CLOSE[] = {(char)0x88, (char)0x82, 1, 2, 3, 4, 2, (char)0xea}; /* 1000, masked */
enum { CLOSE_ANSWER = 4 };

static CURL *curl;

static void check(CURLcode code) {
    if (code != CURLE_OK) lab_fail(curl_easy_strerror(code));
}

static void send_all(const char *bytes, size_t len) {
    size_t sent;
    check(curl_easy_send(curl, bytes, len, &sent)); /* there is always room for so few bytes */
    if (sent != len) lab_fail("a partial write");
}

/* Reads until the bytes contain `end`, or until there are `len` of them. */
static void receive(const char *end, size_t len) {
    char bytes[4096];
    size_t filled = 0, count;
    curl_socket_t socket;
    check(curl_easy_getinfo(curl, CURLINFO_ACTIVESOCKET, &socket));
    for (;;) {
        const CURLcode code = curl_easy_recv(curl, bytes + filled, sizeof bytes - 1 - filled, &count);
        if (code == CURLE_AGAIN) {
            struct pollfd ready = {socket, POLLIN, 0};
            poll(&ready, 1, -1);
            continue;
        }
        check(code);
        if (count == 0) lab_fail("the server has closed");
        filled += count;
        bytes[filled] = 0;
        if (end ? strstr(bytes, end) != NULL : filled >= len) return;
    }
}

int main(int argc, char **argv) {
    char url[160], request[512];
    lab_init(argc, argv);
    if (lab.mode != OPEN_CLOSE || !lab.tls) lab_fail("only opening, with TLS");
    snprintf(url, sizeof url, "https://%s:%d%s", lab.host, lab.port, lab.path);
    snprintf(request, sizeof request, REQUEST, lab.path, lab.host, lab.port);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    curl = curl_easy_init();
    check(curl_easy_setopt(curl, CURLOPT_URL, url));
    check(curl_easy_setopt(curl, CURLOPT_CAINFO, lab.ca));
    check(curl_easy_setopt(curl, CURLOPT_CONNECT_ONLY, 1L));
    check(curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L));
    check(curl_easy_setopt(curl, CURLOPT_MAXCONNECTS, 1L)); /* closes the last connection, which the server has also closed */
    check(curl_easy_setopt(curl, CURLOPT_SSL_SESSIONID_CACHE, getenv("LAB_RESUMES") ? 1L : 0L));
    lab.marked_ns = lab_now();
    do {
        check(curl_easy_perform(curl));
        send_all(request, strlen(request));
        receive("\r\n\r\n", 0);
        lab_mark();
        send_all(CLOSE, sizeof CLOSE);
        receive(NULL, CLOSE_ANSWER);
    } while (lab_open_continues());
    lab_report();
    return 0;
}
