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

// Is on_request, or on_frame, to be called? `Callbacks` report it; another class needs the call if it defines the function.
inline bool has_on_request(const Callbacks &listener) noexcept {
    return static_cast<bool>(listener.on_request);
}
inline bool has_on_frame(const Callbacks &listener) noexcept {
    return static_cast<bool>(listener.on_frame);
}

template <class L, class = void>
inline constexpr bool inherits_on_request = false; // overloaded, or a template
template <class L>
inline constexpr bool inherits_on_request<L, std::void_t<decltype(&L::on_request)>> =
    std::is_same_v<decltype(&L::on_request), decltype(&Listener::on_request)>;

template <class L>
constexpr bool has_on_request(const L &) noexcept {
    return !inherits_on_request<L>;
}

template <class L, class = void>
inline constexpr bool inherits_on_frame = false; // overloaded, or a template
template <class L>
inline constexpr bool inherits_on_frame<L, std::void_t<decltype(&L::on_frame)>> =
    std::is_same_v<decltype(&L::on_frame), decltype(&Listener::on_frame)>;

template <class L>
constexpr bool has_on_frame(const L &) noexcept {
    return !inherits_on_frame<L>;
}

// A socket's `user`: the listener and its loop, which lives longer. C owns it from the connect call until release_user.
template <class L>
class Connected : private ListenerOwner {
public:
    Connected(LoopState &loop, L &&given)
        : ListenerOwner{&type_tag<L>, &listener_}, loop_(loop), listener_(std::move(given)) {}

    void listen(egret_ws_options &options) noexcept {
        options.user = static_cast<ListenerOwner *>(this);
        options.on_connect = [](void *user, egret_ws *ws) {
            call(user, [&](auto &to) { to.on_connect(WebSocketRef(ws)); });
        };
        options.on_message = [](void *user, egret_ws *ws, std::int32_t kind, const std::uint8_t *data, std::size_t len) {
            call(user, [&](auto &to) { to.on_message(WebSocketRef(ws), Message(kind, data, len)); });
        };
        options.on_close = [](void *user, egret_ws *ws, const egret_ws_close_info *info) {
            call(user, [&](auto &to) { to.on_close(WebSocketRef(ws), CloseInfo(*info)); });
        };
        options.on_drain = [](void *user, egret_ws *ws) {
            call(user, [&](auto &to) { to.on_drain(WebSocketRef(ws)); });
        };
        options.on_retry = [](void *user, egret_ws *ws, const egret_ws_close_info *info, std::uint32_t attempt,
                              std::uint32_t delay_ms) {
            call(user, [&](auto &to) {
                to.on_retry(WebSocketRef(ws), CloseInfo(*info), attempt, std::chrono::milliseconds(delay_ms));
            });
        };
        options.on_pong = [](void *user, egret_ws *ws, const std::uint8_t *data, std::size_t len) {
            call(user, [&](auto &to) { to.on_pong(WebSocketRef(ws), ByteSpan(data, len)); });
        };
        if (has_on_request(target())) {
            options.on_request = [](void *user, egret_ws *ws, std::uint32_t attempt, const egret_ws_close_info *last,
                                    egret_ws_request *request) {
                // The answer after an exception, and after the Loop was destroyed.
                RequestAction action = RequestAction::stop;
                call(user, [&](auto &to) {
                    const CloseInfo info = last ? CloseInfo(*last) : CloseInfo();
                    action = to.on_request(WebSocketRef(ws), attempt, last ? &info : nullptr, Request(request));
                });
                return static_cast<std::int32_t>(action);
            };
        }
        if (has_on_frame(target())) {
            options.on_frame = [](void *user, egret_ws *ws, std::int32_t direction, std::uint32_t opcode, std::uint32_t flags,
                                  std::uint64_t length) {
                const Frame frame{static_cast<Direction>(direction), opcode, (flags & EGRET_WS_FRAME_FIN) != 0,
                                  (flags & EGRET_WS_FRAME_COMPRESSED) != 0, length};
                call(user, [&](auto &to) { to.on_frame(WebSocketRef(ws), frame); });
            };
        }
        options.release_user = [](void *user) { delete &of(user); };
    }

private:
    static Connected &of(void *user) noexcept {
        return static_cast<Connected &>(*static_cast<ListenerOwner *>(user));
    }

    auto &target() noexcept {
        if constexpr (is_pointer_to_listener<L>)
            return *listener_;
        else
            return listener_;
    }

    template <class Body>
    static void call(void *user, Body body) noexcept {
        Connected &self = of(user);
        guarded(self.loop_, [&] { body(self.target()); });
    }

    LoopState &loop_;
    L listener_;
};

// `begin(options, out)` calls one of the connect functions of C.
template <class L, class Begin>
Result<WebSocket> connect(LoopState &loop, const Options &options, L &&listener, Begin begin) {
    COptions c(options);
    if (c.refusal())
        return {Error::invalid_argument, c.refusal()};
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
Result<WebSocket> Loop::connect(std::string_view url, const Options &options, L listener) const {
    if (!state_)
        return {Error::bad_handle, detail::empty_loop};
    if (!detail::has_no_nul(url))
        return {Error::invalid_url, detail::nul_inside};
    const std::string terminated(url);
    return detail::connect(*state_, options, std::move(listener), [&](const egret_ws_options *c, egret_ws **out) {
        return egret_ws_connect(state_->handle, terminated.c_str(), c, out);
    });
}

template <class L>
Result<WebSocket> Loop::connect_host(std::string_view host, std::uint16_t port, const Options &options,
                                     L listener) const {
    if (!state_)
        return {Error::bad_handle, detail::empty_loop};
    if (!detail::has_no_nul(host))
        return {Error::invalid_url, detail::nul_inside};
    const std::string terminated(host);
    return detail::connect(*state_, options, std::move(listener), [&](const egret_ws_options *c, egret_ws **out) {
        return egret_ws_connect_host(state_->handle, terminated.c_str(), port, c, out);
    });
}

} // namespace egret

#endif
