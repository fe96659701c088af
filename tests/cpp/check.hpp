// The common part of the programs in this folder: the checks and servers of tests/c, and loops of the binding.
//
// Each program compiles as C++17 and C++20, with and without exceptions and RTTI. It has the arguments of the programs in tests/c.
#ifndef CHECK_HPP
#define CHECK_HPP

#include "server.h"

#include <egret_ws.hpp>

#include <array>
#include <atomic>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

inline egret::Loop make_loop(egret::LoopOptions options = {}) {
    options.run_inline = driver == EGRET_WS_LOOP_INLINE;
    auto loop = egret::Loop::create(std::move(options));
    CHECK_EQ(static_cast<int32_t>(loop.error()), EGRET_WS_OK);
    CHECK(*loop);
    return std::move(*loop);
}

#define CHECK_ERROR(result, should) CHECK_EQ(static_cast<int32_t>((result).error()), static_cast<int32_t>(should))
#define CHECK_DONE(result) CHECK_ERROR(result, egret::Error::ok)

// Polls until the condition is true.
#define UNTIL(loop, condition)                                                                                    \
    do {                                                                                                          \
        const int64_t deadline_us = now_us() + WAIT_LIMIT_MS * INT64_C(1000);                                       \
        while (!(condition)) {                                                                                    \
            if (now_us() > deadline_us) fail(__FILE__, __LINE__, "timed out while waiting for: " #condition);                \
            if (!(loop).poll(std::chrono::milliseconds(5))) fail(__FILE__, __LINE__, "the poll failed, waiting for: " #condition);           \
        }                                                                                                         \
    } while (0)

// Counts the live objects of a program.
struct Counted {
    Counted() { ++alive; }
    Counted(Counted &&) noexcept { ++alive; }
    Counted(const Counted &) { ++alive; }
    Counted &operator=(const Counted &) = default;
    ~Counted() { --alive; }
    static inline std::atomic<int> alive = 0;
};

// The recorded events of one socket.
struct Seen {
    int connects = 0, messages = 0, closes = 0;
    std::string last;
    egret::Error error = egret::Error::ok;
};

// Callables that record events.
inline egret::Callbacks note(Seen &seen) {
    egret::Callbacks on;
    on.on_connect = [&seen](egret::WebSocketRef) { ++seen.connects; };
    on.on_message = [&seen](egret::WebSocketRef, const egret::Message &message) {
        ++seen.messages;
        seen.last = message.text();
    };
    on.on_close = [&seen](egret::WebSocketRef, const egret::CloseInfo &info) {
        ++seen.closes;
        seen.error = info.error();
    };
    return on;
}

template <class Listener>
egret::WebSocket connect_to(const egret::Loop &loop, const char *url, Listener listener,
                            const egret::Options &options = {}) {
    auto ws = loop.connect(url, options, std::move(listener));
    CHECK_DONE(ws);
    CHECK(*ws);
    return std::move(*ws);
}

// Opens and closes another socket, to check that the loop still works.
inline void works(egret::Loop &loop) {
    Seen seen;
    egret::WebSocket ws = connect_to(loop, echo_url, note(seen));
    UNTIL(loop, seen.connects == 1);
    CHECK_DONE(ws.send_text("still there"));
    UNTIL(loop, seen.messages == 1);
    CHECK(seen.last == "still there");
    CHECK_DONE(ws.close());
    UNTIL(loop, seen.closes == 1);
    CHECK(seen.error == egret::Error::ok);
}

#endif
