/* A TLS provider with OpenSSL 3, for the option `tls_provider` of a loop. */
#ifndef OPENSSL_PROVIDER_H
#define OPENSSL_PROVIDER_H

#include <egret_ws.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Fills in a provider. Any number of loops may use it. */
egret_ws_error_t openssl_provider(egret_ws_tls_provider *provider);

#ifdef __cplusplus
}
#endif

#endif
