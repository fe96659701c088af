# Defines the targets, for an installed library and for one that is built here. Needs _egret_ws_include, _egret_ws_shared,
# _egret_ws_static (paths), EGRET_WS_TLS and EGRET_WS_VENDORED. The targets are GLOBAL, because FetchContent declares them in a
# separate directory.

# The libraries that the static library needs: the libraries of Rust's standard library and of TLS.
set(_egret_ws_needs)
if(WIN32)
    set(_egret_ws_needs ws2_32 userenv ntdll dbghelp)
elseif(APPLE)
    if(EGRET_WS_TLS)
        set(_egret_ws_needs "-framework Security" "-framework CoreFoundation")
    endif()
else()
    set(THREADS_PREFER_PTHREAD_FLAG ON)
    find_package(Threads REQUIRED)
    set(_egret_ws_needs Threads::Threads ${CMAKE_DL_LIBS} m)
    if(ANDROID)
        list(APPEND _egret_ws_needs log)
    endif()
    if(EGRET_WS_TLS AND NOT EGRET_WS_VENDORED)
        list(PREPEND _egret_ws_needs ssl crypto)
    endif()
endif()

if(NOT TARGET egret_ws::shared AND (EXISTS "${_egret_ws_shared}" OR EGRET_WS_BUILT_HERE))
    add_library(egret_ws::shared SHARED IMPORTED GLOBAL)
    set_target_properties(egret_ws::shared PROPERTIES
        IMPORTED_LOCATION "${_egret_ws_shared}"
        INTERFACE_INCLUDE_DIRECTORIES "${_egret_ws_include}")
    if(WIN32)
        set_target_properties(egret_ws::shared PROPERTIES IMPORTED_IMPLIB "${_egret_ws_implib}")
    endif()
endif()

if(NOT TARGET egret_ws::static AND (EXISTS "${_egret_ws_static}" OR EGRET_WS_BUILT_HERE))
    add_library(egret_ws::static STATIC IMPORTED GLOBAL)
    set_target_properties(egret_ws::static PROPERTIES
        IMPORTED_LOCATION "${_egret_ws_static}"
        INTERFACE_INCLUDE_DIRECTORIES "${_egret_ws_include}"
        INTERFACE_LINK_LIBRARIES "${_egret_ws_needs}")
endif()

if(NOT TARGET egret_ws::egret_ws)
    if(TARGET egret_ws::static AND (EGRET_WS_STATIC OR NOT TARGET egret_ws::shared))
        add_library(egret_ws::egret_ws ALIAS egret_ws::static)
    elseif(TARGET egret_ws::shared)
        add_library(egret_ws::egret_ws ALIAS egret_ws::shared)
    endif()
endif()
