/* node_api.h for HarmonyOS. There, only the header napi/native_api.h declares all functions. */
#ifndef EGRET_WS_OHOS_NODE_API_H
#define EGRET_WS_OHOS_NODE_API_H

#include <napi/native_api.h>

/* Node's macro registers the module, in some versions of the header with a name that HarmonyOS does not find. */
#undef NAPI_MODULE_INIT
#define NAPI_MODULE_INIT() napi_value egret_ws_ohos_init(napi_env env, napi_value exports)

napi_value egret_ws_ohos_init(napi_env env, napi_value exports);

#endif
