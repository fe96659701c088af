// SPDX-License-Identifier: MIT OR Apache-2.0
//
// egret_ws.hpp - the C++17 interface of egret_ws.h. Header-only; needs neither exceptions nor RTTI.
//
//     egret::Callbacks on;
//     on.on_connect = [](egret::WebSocketRef ws) { ws.send_text("hello"); };
//     on.on_message = [](egret::WebSocketRef ws, const egret::Message &message) { use(message.text()); };
//     on.on_close = [](egret::WebSocketRef ws, const egret::CloseInfo &info) { log(info.message()); };
//
//     auto loop = egret::Loop::create();                                // Result<Loop>
//     auto ws = loop->connect("wss://example.com/", {}, std::move(on)); // Result<WebSocket>
//     if (!ws) log(ws.error_message());
//     loop->poll();                                                     // once per frame: callbacks run inside this call
//
// Names, limits, threads and errors are those of egret_ws.h, which describes them. This header adds ownership and types:
//
//   Loop, WebSocket      own a handle and free it in their destructors, which may run inside a callback. Move only.
//   WebSocketRef         a handle without ownership; it can be copied. If the handle was freed, calls return Error::bad_handle.
//   Result<T>            a value or an Error, with the member names of std::expected, and the reason of a refusal. Only
//                        Result::value throws; std::bad_alloc may pass through all functions.
//   Options, LoopOptions the options as plain structs; a field that is not set has the library's default. Times are std::chrono
//                        durations.
//   Callbacks, Listener  the functions that a socket calls: callables, or your own class, without virtual functions.
//
// The library owns the listener from the connect call until the socket's last callback has returned. Then it destroys the
// listener, in Loop::poll or with the Loop. So a callback may destroy the WebSocket, and the Loop, that called it.
//
// If a callback throws, the poll continues. LoopOptions::on_exception gets the exception; without it, the exception is written
// to stderr.

#ifndef EGRET_WS_HPP
#define EGRET_WS_HPP

#if (defined(_MSVC_LANG) ? _MSVC_LANG : __cplusplus) < 201703L
#error "egret_ws.hpp needs C++17 or newer: compile with -std=c++17 (Visual C++: /std:c++17)"
#include "egret_ws/needs_cplusplus_17" // there is no such file, which ends the compilation here
#else
#include "egret_ws/connect.hpp" // IWYU pragma: export
#endif

#endif
