/* A TLS provider with OpenSSL 3, which works on BIOs in memory: the library moves their bytes from and to the network. */
#include "openssl_provider.h"
#include "kept_sessions.h"
#include <openssl/err.h>
#include <openssl/pkcs12.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct { /* TLS options, and the sessions that were made with them */
    SSL_CTX *ssl;
    kept_sessions kept;
} context;

typedef struct { /* a connection */
    context *owner;
    SSL *ssl;
    BIO *from_peer, *to_peer; /* `ssl` frees them */
    BIO *waiting;             /* plaintext: OpenSSL sends none while it has only a part of a message such as a ticket */
    BIO *chain;               /* the certificates of the peer in DER */
    char peer[MAX_PEER];      /* host, port and name; empty: nothing is resumed */
    int has_offered, has_data;
    uint32_t state; /* the bits that stay set */
} session;

static int last_error_is(int library, int reason) {
    return ERR_GET_LIB(ERR_peek_last_error()) == library && ERR_GET_REASON(ERR_peek_last_error()) == reason;
}

static egret_ws_error_t fail(egret_ws_error_t error, const char *text, char *message) {
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    snprintf(message, EGRET_WS_TLS_MESSAGE_BYTES, "%s%s", text, reason != NULL ? reason : "OpenSSL gives no reason");
    return error;
}

static egret_ws_error_t fail_session(const session *s, char *message) {
    const long verified = SSL_get_verify_result(s->ssl);
    const int is_time = verified == X509_V_ERR_CERT_NOT_YET_VALID || verified == X509_V_ERR_CERT_HAS_EXPIRED;
    const int is_name = verified == X509_V_ERR_HOSTNAME_MISMATCH || verified == X509_V_ERR_IP_ADDRESS_MISMATCH;
    if (!last_error_is(ERR_LIB_SSL, SSL_R_CERTIFICATE_VERIFY_FAILED)) return fail(EGRET_WS_ERR_TLS, "", message);
    snprintf(message, EGRET_WS_TLS_MESSAGE_BYTES, "%s", X509_verify_cert_error_string(verified));
    return is_time ? EGRET_WS_ERR_TLS_EXPIRED : is_name ? EGRET_WS_ERR_TLS_HOST : EGRET_WS_ERR_TLS_ISSUER;
}

static void write_chain(session *s, const STACK_OF(X509) *chain) {
    for (int at = 0; at < sk_X509_num(chain); at++) i2d_X509_bio(s->chain, sk_X509_value(chain, at));
}

static int verify(X509_STORE_CTX *store, void *unused) { /* keeps refused certificates; OpenSSL does not */
    const SSL *ssl = (SSL *)X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    (void)unused, write_chain((session *)SSL_get_app_data(ssl), X509_STORE_CTX_get0_untrusted(store));
    return X509_verify_cert(store);
}

static int keep_session(SSL *ssl, SSL_SESSION *issued) {
    session *s = (session *)SSL_get_app_data(ssl);
    return keep(&s->owner->kept, s->peer, issued);
}

static int set_roots(SSL_CTX *ssl, const egret_ws_tls_settings *settings) {
    BIO *pem = BIO_new_mem_buf(settings->roots, (int)settings->roots_len);
    int count = 0, is_good = pem != NULL;
    for (X509 *root; is_good && (root = PEM_read_bio_X509(pem, NULL, NULL, (void *)"")) != NULL; count++) /* no prompt */
        is_good = X509_STORE_add_cert(SSL_CTX_get_cert_store(ssl), root), X509_free(root);
    BIO_free(pem);
    return is_good && count > 0 && last_error_is(ERR_LIB_PEM, PEM_R_NO_START_LINE); /* which is the end */
}

static int set_identity(SSL_CTX *ssl, const egret_ws_tls_settings *settings) {
    const unsigned char *der = settings->identity;
    PKCS12 *pkcs12 = d2i_PKCS12(NULL, &der, (long)settings->identity_len);
    EVP_PKEY *key = NULL;
    X509 *own = NULL;
    STACK_OF(X509) *others = NULL;
    const int is_set = pkcs12 != NULL && PKCS12_parse(pkcs12, settings->identity_password, &key, &own, &others) &&
                       key != NULL && own != NULL && SSL_CTX_use_cert_and_key(ssl, own, key, others, 1);
    sk_X509_pop_free(others, X509_free), X509_free(own), EVP_PKEY_free(key), PKCS12_free(pkcs12);
    return is_set;
}

static void free_context(void *user, void *of) {
    context *c = (context *)of;
    (void)user, drop_all_kept(&c->kept), SSL_CTX_free(c->ssl), free(c);
}

static egret_ws_error_t new_context(void *user, const egret_ws_tls_settings *settings, void **made, char *message) {
    context *c = (context *)calloc(1, sizeof *c);
    SSL_CTX *ssl = SSL_CTX_new(TLS_client_method());
    const char *wrong = NULL;
    if (c == NULL || ssl == NULL) return SSL_CTX_free(ssl), free(c), EGRET_WS_ERR_NO_RESOURCES;
    c->ssl = ssl;
    SSL_CTX_set_min_proto_version(ssl, (int)settings->min_version); /* EGRET_WS_TLS_1_2 is TLS1_2_VERSION */
    SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION), SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ssl, keep_session);
    SSL_CTX_set_verify(ssl, settings->any_certificate ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(ssl, verify, NULL);
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(ssl), X509_V_FLAG_PARTIAL_CHAIN); /* a root may be signed by another certificate */
    X509_VERIFY_PARAM_set_hostflags(SSL_CTX_get0_param(ssl), X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    if (settings->alpn != NULL) SSL_CTX_set_alpn_protos(ssl, (const unsigned char *)"\x08http/1.1", 9);
    if (!settings->only_these_roots) SSL_CTX_set_default_verify_paths(ssl);
    ERR_clear_error();
    if (settings->roots_len > 0 && !set_roots(ssl, settings)) wrong = "`tls_roots` cannot be used: ";
    else if (settings->identity != NULL && !set_identity(ssl, settings)) wrong = "`tls_identity` cannot be used: ";
    if (wrong != NULL && last_error_is(ERR_LIB_PKCS12, PKCS12_R_MAC_VERIFY_FAILURE))
        wrong = "`tls_identity_password` is not the password of `tls_identity`: ";
    if (wrong != NULL) return free_context(user, c), fail(EGRET_WS_ERR_TLS_OPTIONS, wrong, message);
    return *made = c, EGRET_WS_OK;
}

static void free_session(void *user, void *of) {
    session *s = (session *)of;
    if (s->has_offered && !s->has_data) forget_kept(&s->owner->kept, s->peer); /* the peer may not support them */
    if (s->state != 0) SSL_set_shutdown(s->ssl, SSL_SENT_SHUTDOWN); /* else OpenSSL resumes no session of it */
    (void)user, SSL_free(s->ssl), BIO_free(s->waiting), BIO_free(s->chain), free(s);
}

static egret_ws_error_t begin(void *user, void *of, const egret_ws_tls_destination *peer, void **made, char *message) {
    session *s = (session *)calloc(1, sizeof *s);
    if (s == NULL || (s->ssl = SSL_new(((context *)of)->ssl)) == NULL) return free(s), EGRET_WS_ERR_NO_RESOURCES;
    s->owner = (context *)of, s->chain = BIO_new(BIO_s_mem()), s->waiting = BIO_new(BIO_s_mem());
    s->from_peer = BIO_new(BIO_s_mem()), s->to_peer = BIO_new(BIO_s_mem());
    SSL_set_bio(s->ssl, s->from_peer, s->to_peer), SSL_set_app_data(s->ssl, s), SSL_set_connect_state(s->ssl);
    if (s->chain == NULL || s->waiting == NULL || s->from_peer == NULL || s->to_peer == NULL)
        return free_session(user, s), EGRET_WS_ERR_NO_RESOURCES;
    ERR_clear_error();
    if (!X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(s->ssl), peer->name) && /* not an address, so a name */
        (!SSL_set1_host(s->ssl, peer->name) || !SSL_set_tlsext_host_name(s->ssl, peer->name)))
        return free_session(user, s), fail(EGRET_WS_ERR_TLS, "", message);
    if (peer->resumes && name_peer(s->peer, peer)) s->has_offered = offer_kept(&s->owner->kept, s->peer, s->ssl);
    return *made = s, EGRET_WS_OK;
}

static egret_ws_error_t end_step(session *s, egret_ws_tls_call *call, int result, int takes_output) {
    const int error = result > 0 ? SSL_ERROR_NONE : SSL_get_error(s->ssl, result); /* `result` comes from OpenSSL */
    char *plaintext;
    const int len = (int)BIO_get_mem_data(s->waiting, &plaintext);
    if (error == SSL_ERROR_SSL || error == SSL_ERROR_SYSCALL) return s->state = 0, fail_session(s, call->message);
    if (SSL_is_init_finished(s->ssl)) s->state |= EGRET_WS_TLS_ESTABLISHED;
    if (SSL_get_shutdown(s->ssl) & SSL_RECEIVED_SHUTDOWN) s->state |= EGRET_WS_TLS_PEER_CLOSED;
    if (len > 0 && SSL_is_init_finished(s->ssl) &&
        (SSL_write(s->ssl, plaintext, len) <= 0 || BIO_reset(s->waiting) <= 0)) return fail_session(s, call->message);
    if (takes_output && BIO_pending(s->to_peer) > 0)
        call->output_len = (size_t)BIO_read(s->to_peer, call->output, (int)call->output_size);
    call->state = s->state | (BIO_pending(s->to_peer) > 0 ? EGRET_WS_TLS_HAS_OUTPUT : 0);
    return EGRET_WS_OK;
}

static egret_ws_error_t receive_record(void *user, void *of, egret_ws_tls_call *call) {
    session *s = (session *)of;
    (void)user, ERR_clear_error();
    if (BIO_write(s->from_peer, call->input, (int)call->input_len) <= 0) return EGRET_WS_ERR_NO_RESOURCES;
    const int count = SSL_read(s->ssl, call->output, (int)call->output_size);
    if (count > 0) call->output_len = (size_t)count, s->has_data = 1;
    return end_step(s, call, count, 0);
}

static egret_ws_error_t send_plaintext(void *user, void *of, egret_ws_tls_call *call) {
    session *s = (session *)of;
    const int len = (int)call->input_len;
    (void)user, ERR_clear_error();
    if (SSL_in_before(s->ssl)) return end_step(s, call, SSL_do_handshake(s->ssl), 1);
    if (BIO_pending(s->waiting) > 1 << 20 || BIO_write(s->waiting, call->input, len) < len) return EGRET_WS_ERR_NO_RESOURCES;
    return end_step(s, call, 1, 1);
}

static egret_ws_error_t close_notify(void *user, void *of, egret_ws_tls_call *call) {
    session *s = (session *)of;
    (void)user, ERR_clear_error();
    if (SSL_is_init_finished(s->ssl)) SSL_shutdown(s->ssl); /* 0: the peer has not sent its own */
    return end_step(s, call, 1, 1);
}

static void get_facts(void *user, void *of, egret_ws_tls_facts *facts) {
    session *s = (session *)of;
    const SSL_CIPHER *cipher = SSL_get_pending_cipher(s->ssl); /* NULL after the handshake of TLS 1.2 */
    const unsigned char *alpn = NULL;
    unsigned alpn_len = 0;
    (void)user, SSL_get0_alpn_selected(s->ssl, &alpn, &alpn_len);
    if (cipher == NULL && s->state & EGRET_WS_TLS_ESTABLISHED) cipher = SSL_get_current_cipher(s->ssl);
    if (cipher == NULL) return; /* the peer has not answered: all values belong to this side */
    if (BIO_pending(s->chain) == 0) write_chain(s, SSL_get_peer_cert_chain(s->ssl)); /* of the resumed session */
    facts->chain_len = (size_t)BIO_get_mem_data(s->chain, &facts->chain);
    facts->version = (uint32_t)SSL_version(s->ssl), facts->is_resumed = (uint32_t)SSL_session_reused(s->ssl);
    facts->cipher = SSL_CIPHER_standard_name(cipher);
    if (alpn_len > 0) facts->alpn = alpn_len == 8 && memcmp(alpn, "http/1.1", 8) == 0 ? "http/1.1" : "another one";
}

egret_ws_error_t openssl_provider(egret_ws_tls_provider *provider) {
    const egret_ws_error_t error = egret_ws_tls_provider_init(provider, sizeof *provider);
    if (error != EGRET_WS_OK) return error;
    /* The process may end while a thread of the library is in new_context, so OpenSSL must not clean up at exit. */
    OPENSSL_init_ssl(OPENSSL_INIT_NO_ATEXIT, NULL);
    provider->capabilities = EGRET_WS_TLS_CAN_ROOTS | EGRET_WS_TLS_CAN_IDENTITY | EGRET_WS_TLS_CAN_ANY_CERTIFICATE |
                             EGRET_WS_TLS_CAN_MIN_VERSION | EGRET_WS_TLS_CAN_CHAIN | EGRET_WS_TLS_CAN_RESUME;
    provider->new_context = new_context, provider->free_context = free_context;
    provider->open = begin, provider->get_facts = get_facts, provider->free_session = free_session;
    provider->receive = receive_record, provider->send = send_plaintext, provider->close_notify = close_notify;
    return EGRET_WS_OK;
}
