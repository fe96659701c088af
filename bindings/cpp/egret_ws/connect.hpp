// SPDX-License-Identifier: MIT OR Apache-2.0
// Loop::connect, and C callbacks that call a listener. Part of egret_ws.hpp.

#ifndef EGRET_WS_CONNECT_HPP
#define EGRET_WS_CONNECT_HPP

#include "loop.hpp"

#include <new>

namespace egret {
namespace detail {

template <class L, class = void>
inline constexpr bool is_pointer_to_listener = false;
template <class L>
inline constexpr bool is_pointer_to_listener<L, std::void_t<decltype(*std::declval<L &>())>> = true;

// A socket's `user`: the listener and its loop, which lives longer. C owns it from the connect call until release_user.
template <class L>
class Connected {
public:
    Connected(LoopState &loop, L &&listener) : loop_(loop), listener_(std::move(listener)) {}

    void listen(egret_ws_options &options) noexcept {
        options.user = this;
        options.on_connect = [](void *user, egret_ws *ws) {
            call(user, [&](auto &listener) { listener.on_connect(WebSocketRef(ws)); });
        };
        options.on_message = [](void *user, egret_ws *ws, std::int32_t kind, const std::uint8_t *data, std::size_t len) {
            call(user, [&](auto &listener) { listener.on_message(WebSocketRef(ws), Message(kind, data, len)); });
        };
        options.on_close = [](void *user, egret_ws *ws, const egret_ws_close_info *info) {
            call(user, [&](auto &listener) { listener.on_close(WebSocketRef(ws), CloseInfo(*info)); });
        };
        options.on_drain = [](void *user, egret_ws *ws) {
            call(user, [&](auto &listener) { listener.on_drain(WebSocketRef(ws)); });
        };
        options.on_retry = [](void *user, egret_ws *ws, const egret_ws_close_info *info, std::uint32_t attempt,
                              std::uint32_t delay_ms) {
            call(user,
                 [&](auto &listener) { listener.on_retry(WebSocketRef(ws), CloseInfo(*info), attempt, delay_ms); });
        };
        options.release_user = [](void *user) { delete static_cast<Connected *>(user); };
    }

private:
    template <class Body>
    static void call(void *user, Body body) noexcept {
        Connected &self = *static_cast<Connected *>(user);
        guarded(self.loop_, [&] {
            if constexpr (is_pointer_to_listener<L>)
                body(*self.listener_);
            else
                body(self.listener_);
        });
    }

    LoopState &loop_;
    L listener_;
};

// `begin(options, out)` calls one of the connect functions of C.
template <class L, class Begin>
Result<WebSocket> connect(LoopState &loop, const Options &options, L &&listener, Begin begin) {
    COptions c(options);
    if (!c.usable())
        return Error::invalid_argument;
    std::unique_ptr<Connected<L>> connected(new (std::nothrow) Connected<L>(loop, std::move(listener)));
    if (!connected)
        return Error::no_resources;
    connected->listen(c.get());
    egret_ws *handle = nullptr;
    if (const std::int32_t result = begin(&c.get(), &handle); result != EGRET_WS_OK)
        return static_cast<Error>(result);
    static_cast<void>(connected.release()); // the library owns it now
    return WebSocket(handle);
}

} // namespace detail

template <class L>
Result<WebSocket> Loop::connect(std::string_view host, std::uint16_t port, const Options &options, L listener) const {
    if (!state_)
        return Error::bad_handle;
    if (!detail::has_no_nul(host))
        return Error::invalid_url;
    const std::string terminated(host);
    return detail::connect(*state_, options, std::move(listener), [&](const egret_ws_options *c, egret_ws **out) {
        return egret_ws_connect_host(state_->handle, terminated.c_str(), port, c, out);
    });
}

template <class L>
Result<WebSocket> Loop::connect_url(std::string_view url, const Options &options, L listener) const {
    if (!state_)
        return Error::bad_handle;
    if (!detail::has_no_nul(url))
        return Error::invalid_url;
    const std::string terminated(url);
    return detail::connect(*state_, options, std::move(listener), [&](const egret_ws_options *c, egret_ws **out) {
        return egret_ws_connect(state_->handle, terminated.c_str(), c, out);
    });
}

} // namespace egret

#endif
