/* TLS sessions of OpenSSL that can be resumed, each with its peer. A provider without EGRET_WS_TLS_CAN_RESUME needs none of this. */
#ifndef KEPT_SESSIONS_H
#define KEPT_SESSIONS_H

#include <egret_ws.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>

enum { MAX_KEPT = 32, MAX_PEER = 600 };

typedef struct {
    SSL_SESSION *session; /* NULL: none */
    char peer[MAX_PEER];
} kept_session;

typedef struct { /* a ring: a new session replaces the oldest one. All zeros: empty */
    kept_session sessions[MAX_KEPT];
    unsigned next;
} kept_sessions;

/* Host, port and name identify a peer. Returns 0 if they are too long. */
static inline int name_peer(char *text, const egret_ws_tls_destination *peer) {
    const int len = snprintf(text, MAX_PEER, "%s %u %s %u", peer->host, (unsigned)peer->port, peer->name,
                             (unsigned)peer->is_proxy);
    if (len >= MAX_PEER) text[0] = '\0';
    return len < MAX_PEER;
}

static inline void drop_kept(kept_session *kept) {
    SSL_SESSION_free(kept->session);
    kept->session = NULL;
}

static inline void drop_all_kept(kept_sessions *all) {
    unsigned at;
    for (at = 0; at < MAX_KEPT; at++) drop_kept(&all->sessions[at]);
}

/* Keeps a session that the peer has issued. Returns 1 if the ring now owns the reference. With an empty peer nothing is kept. */
static inline int keep(kept_sessions *all, const char *peer, SSL_SESSION *session) {
    kept_session *kept = &all->sessions[all->next % MAX_KEPT];
    if (peer[0] == '\0' || !SSL_SESSION_is_resumable(session)) return 0;
    drop_kept(kept);
    kept->session = session;
    memcpy(kept->peer, peer, MAX_PEER);
    all->next++;
    return 1;
}

/* Returns the newest session with this peer, or NULL. */
static inline kept_session *find_kept(kept_sessions *all, const char *peer) {
    unsigned age;
    for (age = 1; age <= MAX_KEPT; age++) {
        kept_session *kept = &all->sessions[(all->next - age) % MAX_KEPT];
        if (kept->session != NULL && strcmp(kept->peer, peer) == 0) return kept;
    }
    return NULL;
}

/* Offers a session in a new handshake, if there is one. A TLS 1.3 session is used only once (RFC 8446 appendix C.4). */
static inline int offer_kept(kept_sessions *all, const char *peer, SSL *ssl) {
    kept_session *kept = find_kept(all, peer);
    const int is_set = kept != NULL && SSL_set_session(ssl, kept->session);
    if (is_set && SSL_SESSION_get_protocol_version(kept->session) == TLS1_3_VERSION) drop_kept(kept);
    return is_set;
}

static inline void forget_kept(kept_sessions *all, const char *peer) {
    kept_session *kept;
    while ((kept = find_kept(all, peer)) != NULL) drop_kept(kept);
}

#endif
