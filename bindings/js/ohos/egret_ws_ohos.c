/*
 * The module for HarmonyOS: it registers the glue for Node-API (../node) when the library is loaded. HarmonyOS finds a module
 * by its name, which is the name of the file: libegret_ws_napi.so.
 */
#include "include/node_api.h"

static napi_module module = {
    .nm_version = 1,
    .nm_register_func = egret_ws_ohos_init,
    .nm_modname = "egret_ws_napi",
};

__attribute__((constructor)) static void register_module(void) {
    napi_module_register(&module);
}
