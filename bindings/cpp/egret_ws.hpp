// SPDX-License-Identifier: MIT OR Apache-2.0
//
// egret_ws.hpp - the C++17 face of egret_ws.h. Header-only; needs neither exceptions nor RTTI.
//
//     egret::Callbacks on;
//     on.on_connect = [](egret::WebSocketRef ws) { ws.send_text("hello"); };
//     on.on_message = [](egret::WebSocketRef ws, const egret::Message &message) { use(message.text()); };
//     on.on_close = [](egret::WebSocketRef ws, const egret::CloseInfo &info) { log(info.message()); };
//
//     auto loop = egret::Loop::create();                                    // Result<Loop>
//     auto ws = loop->connect_url("wss://example.com/", {}, std::move(on)); // Result<WebSocket>
//     loop->poll();                                                         // once a frame: callbacks run in here
//
// Names, limits, threads and errors are those of egret_ws.h, which stays the manual; this adds ownership and types:
//
//   Loop, WebSocket      own a handle, move only, and free it when they are destroyed, in any callback too.
//   WebSocketRef         the handle alone, copied freely. One that was freed gives Error::bad_handle, as in C.
//   Result<T>            a value or an Error, with the names of std::expected. Nothing throws, but memory that runs out.
//   Options, LoopOptions the options as plain structs; what is not set has the library's default.
//   Callbacks, Listener  what is called: callables, or a class of yours without virtual functions.
//
// The library owns what is called, from the connect call until the socket's last callback has returned; then it is
// destroyed, in Loop::poll or with the Loop. So a callback may destroy the WebSocket, and the Loop, that called it.
//
// A callback that throws stops nothing: LoopOptions::on_exception gets the exception, else it is written to stderr.

#ifndef EGRET_WS_HPP
#define EGRET_WS_HPP

#if (defined(_MSVC_LANG) ? _MSVC_LANG : __cplusplus) < 201703L
#error "egret_ws.hpp needs C++17 or newer: compile with -std=c++17 (Visual C++: /std:c++17)"
#include "egret_ws/needs_cplusplus_17" // no such file: ends the compilation here
#else
#include "egret_ws/connect.hpp" // IWYU pragma: export
#endif

#endif
