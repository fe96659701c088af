// SPDX-License-Identifier: MIT OR Apache-2.0
// The state of a loop in addition to its handle: the callables of its options. Part of egret_ws.hpp.

#ifndef EGRET_WS_LOOP_STATE_HPP
#define EGRET_WS_LOOP_STATE_HPP

#include "hooks.hpp"

#include <cstdio>
#include <exception>
#include <memory>
#include <mutex>

#if EGRET_WS_HAS_EXCEPTIONS
#define EGRET_WS_TRY try
#define EGRET_WS_CATCH_ALL catch (...)
#else
#define EGRET_WS_TRY if constexpr (true)
#define EGRET_WS_CATCH_ALL else
#endif

namespace egret {

// The options of a loop: egret_ws_loop_options.
struct LoopOptions {
    // generated: loop flags, by "make header"; do not edit
    // The flags, EGRET_WS_LOOP_INLINE and EGRET_WS_LOOP_CLOSE_ON_SUSPEND and EGRET_WS_LOOP_FORGET_TLS_SESSIONS.
    bool run_inline = false;
    bool close_on_suspend = false;
    bool forget_tls_sessions = false;
    // generated: end
    // This callable is called on any thread: see egret_ws_on_log_fn. Use the socket only for comparison.
    Callback<void(LogLevel, std::string_view text, WebSocketRef)> on_log{};
    // generated: loop options, by "make header"; do not edit
    LogLevel log_level = LogLevel::warn;
    std::uint32_t poll_max_callbacks = 0;
    Microseconds poll_max_time{};
    Milliseconds linger{};
    // generated: end
    // Gets each exception of a socket's callback, inside Loop::poll. If it is not set, the exception is written to stderr.
    // Exceptions of on_log, on_wakeup and hooks are always written to stderr.
    Callback<void(std::exception_ptr)> on_exception{};
    Hooks hooks{};
    // The application's own TLS provider, which uses the types of egret_ws.h. It is copied. nullptr: the TLS of the library.
    const egret_ws_tls_provider *tls_provider = nullptr;
};

namespace detail {

// Writes the current exception to stderr.
inline void print_exception() noexcept {
#if EGRET_WS_HAS_EXCEPTIONS
    try {
        throw;
    } catch (const std::exception &exception) {
        std::fprintf(stderr, "egret_ws: a callback threw an exception: %s\n", exception.what());
    } catch (...) {
        std::fprintf(stderr, "egret_ws: a callback threw an exception\n");
    }
#endif
}

// It is the `user` of the loop's callbacks, so its address stays the same when the Loop is moved.
struct LoopState {
    egret_ws_loop *handle = nullptr;
    // The Loop was destroyed in one of its callbacks. Only the polling thread uses this field.
    bool free_after_poll = false;
    Callback<void(LogLevel, std::string_view, WebSocketRef)> on_log;
    Callback<void(std::exception_ptr)> on_exception;
    std::mutex wakeup_lock;
    std::shared_ptr<const Callback<void()>> on_wakeup;

    void report_exception() noexcept {
        EGRET_WS_TRY {
            if (on_exception)
                on_exception(std::current_exception());
            else
                print_exception();
        }
        EGRET_WS_CATCH_ALL { print_exception(); }
    }
};

// Runs a socket's callback, unless its Loop was destroyed. Catches exceptions.
template <class Body>
void guarded(LoopState &loop, Body body) noexcept {
    if (loop.free_after_poll)
        return;
    EGRET_WS_TRY { body(); }
    EGRET_WS_CATCH_ALL { loop.report_exception(); }
}

// C calls these on any thread, but not after egret_ws_loop_free, which waits for running calls.
inline void log(void *state, std::int32_t level, const char *text, egret_ws *ws) noexcept {
    EGRET_WS_TRY { static_cast<LoopState *>(state)->on_log(static_cast<LogLevel>(level), text, WebSocketRef(ws)); }
    EGRET_WS_CATCH_ALL { print_exception(); }
}

inline void wake_up(void *user) noexcept {
    LoopState &state = *static_cast<LoopState *>(user);
    std::shared_ptr<const Callback<void()>> on_wakeup; // this copy lives until it returns, even if it replaces itself
    {
        const std::lock_guard<std::mutex> guard(state.wakeup_lock);
        on_wakeup = state.on_wakeup;
    }
    EGRET_WS_TRY {
        if (on_wakeup)
            (*on_wakeup)();
    }
    EGRET_WS_CATCH_ALL { print_exception(); }
}

inline bool has_any(const Hooks &hooks) noexcept {
    return hooks.max_threads != 0 || hooks.on_resolve || hooks.on_proxy || hooks.on_socket;
}

// The hooks as a C struct; its `user` points to the callables. C owns them from egret_ws_loop_new until release_user, which may
// be called after the end of the loop.
inline egret_ws_hooks hooks_for_c(Hooks &hooks) noexcept {
    egret_ws_hooks c;
    egret_ws_hooks_init(&c, sizeof c);
    c.max_threads = hooks.max_threads;
    c.user = &hooks;
    c.release_user = [](void *user) { delete static_cast<Hooks *>(user); };
    if (hooks.on_resolve) {
        c.on_resolve = [](void *user, egret_ws *ws, const char *host, egret_ws_query *query) {
            ResolveAnswer answer(query);
            EGRET_WS_TRY { static_cast<Hooks *>(user)->on_resolve(WebSocketRef(ws), host, std::move(answer)); }
            EGRET_WS_CATCH_ALL { print_exception(); }
        };
    }
    if (hooks.on_proxy) {
        c.on_proxy = [](void *user, egret_ws *ws, const char *url, egret_ws_query *query) {
            ProxyAnswer answer(query);
            EGRET_WS_TRY { static_cast<Hooks *>(user)->on_proxy(WebSocketRef(ws), url, std::move(answer)); }
            EGRET_WS_CATCH_ALL { print_exception(); }
        };
    }
    if (hooks.on_socket) {
        c.on_socket = [](void *user, egret_ws *ws, std::ptrdiff_t descriptor) {
            std::int32_t result = -1; // the result after an exception
            EGRET_WS_TRY { result = static_cast<Hooks *>(user)->on_socket(WebSocketRef(ws), descriptor); }
            EGRET_WS_CATCH_ALL { print_exception(); }
            return result;
        };
    }
    return c;
}

} // namespace detail
} // namespace egret

#undef EGRET_WS_TRY
#undef EGRET_WS_CATCH_ALL

#endif
