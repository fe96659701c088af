/* program URL: an echo through egret_ws, and a caught panic in each library of Rust. With PANICS the library of this test panics at
 * the first loop; only a debug build of it can. With OTHER_OPENSSL the program has an OpenSSL of its own. */
#include <egret_ws.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef OTHER_OPENSSL
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#endif

#ifdef _WIN32
#define setenv(name, value, replace) _putenv_s(name, value)
#define unsetenv(name) _putenv_s(name, "")
#endif

extern int second_catches(void);
#ifdef THIRD
extern int third_catches(void);
#endif

static void expect(int is_true, const char *expectation) {
    if (is_true) return;
    fprintf(stderr, "not so: %s\n", expectation);
    exit(1);
}
#define EXPECT(condition) expect(condition, #condition)

static void others_catch(void) {
    EXPECT(second_catches() == 1);
#ifdef THIRD
    EXPECT(third_catches() == 1);
#endif
}

#ifdef OTHER_OPENSSL
static void own_openssl_works(void) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int length = 0;
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    EXPECT(context != NULL);
    SSL_CTX_free(context);
    EXPECT(EVP_Digest("abc", 3, digest, &length, EVP_sha256(), NULL) == 1 && length == 32 && digest[0] == 0xba);
}
#endif

static void on_connect(void *user, egret_ws *ws) {
    (void)user;
    EXPECT(egret_ws_send(ws, EGRET_WS_TEXT, "both", EGRET_WS_NUL_TERMINATED) == EGRET_WS_OK);
}
static void on_message(void *user, egret_ws *ws, egret_ws_kind_t kind, const uint8_t *data, size_t length) {
    (void)kind;
    *(int *)user = length == 4 && memcmp(data, "both", 4) == 0;
    others_catch(); /* inside a callback of the other one */
    egret_ws_close(ws, 1000, NULL, 0);
}

int main(int count, char **arguments) {
    int echoed = 0;
    egret_ws_loop *loop = NULL;
    egret_ws *ws = NULL;
    egret_ws_options options;
    egret_ws_options_init(&options, sizeof options);
    options.user = &echoed;
    options.on_connect = on_connect, options.on_message = on_message;
    options.flags = EGRET_WS_ACCEPT_ANY_CERTIFICATE;
    EXPECT(count == 2);
#ifdef PANICS
    setenv("EGRET_WS_FAULT", "loop", 1);
    EXPECT(egret_ws_loop_new(NULL, &loop) == EGRET_WS_OK); /* reads the variable */
    unsetenv("EGRET_WS_FAULT");
    egret_ws_loop_free(loop, NULL);
    EXPECT(egret_ws_loop_new(NULL, &loop) == EGRET_WS_ERR_INTERNAL);
#endif
    others_catch();
#ifdef OTHER_OPENSSL
    own_openssl_works();
#endif
    EXPECT(egret_ws_loop_new(NULL, &loop) == EGRET_WS_OK);
    EXPECT(egret_ws_connect(loop, arguments[1], &options, &ws) == EGRET_WS_OK);
    while (egret_ws_state(ws) != EGRET_WS_STATE_CLOSED) EXPECT(egret_ws_loop_poll(loop, -1) >= 0);
    egret_ws_loop_free(loop, NULL);
    EXPECT(echoed);
#ifdef OTHER_OPENSSL
    own_openssl_works();
    printf("%s\n", OpenSSL_version(OPENSSL_VERSION));
#endif
    return 0;
}
