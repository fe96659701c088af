// SPDX-License-Identifier: MIT OR Apache-2.0
// The functions that a socket calls: a listener class, or callables. Part of egret_ws.hpp.

#ifndef EGRET_WS_CALLBACKS_HPP
#define EGRET_WS_CALLBACKS_HPP

#include "websocket.hpp"

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace egret {

// Like std::function, but it also holds move-only callables. A call of an empty one does nothing and returns R().
template <class Signature>
class Callback;

template <class R, class... Arguments>
class Callback<R(Arguments...)> {
public:
    Callback() noexcept = default;
    Callback(std::nullptr_t) noexcept {}

    template <class F, std::enable_if_t<!std::is_same_v<std::decay_t<F>, Callback> &&
                                            std::is_invocable_r_v<R, std::decay_t<F> &, Arguments...>,
                                        int> = 0>
    Callback(F &&callable) {
        using Callable = std::decay_t<F>;
        Callable mine(std::forward<F>(callable));
        if constexpr (std::is_pointer_v<Callable>) {
            if (mine == nullptr)
                return;
        }
        object_ = new Callable(std::move(mine));
        call_ = [](void *object, Arguments... arguments) -> R {
            Callable &self = *static_cast<Callable *>(object);
            if constexpr (std::is_void_v<R>)
                static_cast<void>(self(std::forward<Arguments>(arguments)...));
            else
                return self(std::forward<Arguments>(arguments)...);
        };
        destroy_ = [](void *object) noexcept { delete static_cast<Callable *>(object); };
    }

    Callback(Callback &&other) noexcept { swap(other); }
    Callback &operator=(Callback &&other) noexcept {
        Callback(std::move(other)).swap(*this);
        return *this;
    }
    ~Callback() {
        if (destroy_)
            destroy_(object_);
    }

    explicit operator bool() const noexcept { return call_ != nullptr; }

    R operator()(Arguments... arguments) const {
        if (call_)
            return call_(object_, std::forward<Arguments>(arguments)...);
        return R();
    }

    void swap(Callback &other) noexcept {
        std::swap(object_, other.object_);
        std::swap(call_, other.call_);
        std::swap(destroy_, other.destroy_);
    }

private:
    void *object_ = nullptr;
    R (*call_)(void *, Arguments...) = nullptr;
    void (*destroy_)(void *) noexcept = nullptr;
};

// The request that on_request may change, for this attempt to connect and later ones. Valid until on_request returns.
class Request {
public:
    explicit Request(egret_ws_request *handle) noexcept : handle_(handle) {}

    egret_ws_request *get() const noexcept { return handle_; }

    Result<void> set_url(std::string_view url) const {
        return with(url, [&](const char *text) { return egret_ws_request_set_url(handle_, text); });
    }
    Result<void> set_header(std::string_view name, std::string_view value) const {
        return with(name, [&](const char *name_text) {
            return with(value, [&](const char *text) { return egret_ws_request_set_header(handle_, name_text, text); });
        });
    }
    Result<void> remove_header(std::string_view name) const {
        return with(name, [&](const char *text) { return egret_ws_request_set_header(handle_, text, nullptr); });
    }
    Result<void> set_subprotocols(std::string_view list) const {
        return with(list, [&](const char *text) { return egret_ws_request_set_subprotocols(handle_, text); });
    }
    // A list as in Options::addresses.
    Result<void> set_addresses(std::string_view list) const {
        return with(list, [&](const char *text) { return egret_ws_request_set_addresses(handle_, text); });
    }
    // The name is looked up again.
    Result<void> remove_addresses() const { return result_of(egret_ws_request_set_addresses(handle_, nullptr)); }

private:
    static Result<void> result_of(std::int32_t result) noexcept { return detail::status(result); }
    static Result<void> result_of(Result<void> result) noexcept { return result; }

    // Calls `set` with the text as a NUL-terminated string for C.
    template <class Set>
    static Result<void> with(std::string_view text, Set set) {
        if (!detail::has_no_nul(text))
            return {Error::invalid_argument, detail::nul_inside};
        return result_of(set(std::string(text).c_str()));
    }

    egret_ws_request *handle_;
};

// The base of a listener. Nothing is virtual: a function of a derived class hides the function here with an equal name.
// egret_ws_on_connect_fn and the similar types describe when the functions are called. on_request and on_frame are called only if
// the derived class defines them. With on_request each connection waits for the poll; with on_frame each frame is recorded.
//
// Pass a listener to Loop::connect by value or by pointer: std::unique_ptr, std::shared_ptr, or a plain pointer, which must
// stay valid until the last callback has returned.
struct Listener {
    void on_connect(WebSocketRef) {}
    void on_message(WebSocketRef, const Message &) {}
    void on_close(WebSocketRef, const CloseInfo &) {}
    void on_drain(WebSocketRef) {}
    // `delay == egret::unlimited`: the next attempt begins after Loop::resume.
    void on_retry(WebSocketRef, const CloseInfo &, std::uint32_t /*attempt*/, std::chrono::milliseconds /*delay*/) {}
    // `attempt` is 0 and `last` is nullptr at the first attempt.
    RequestAction on_request(WebSocketRef, std::uint32_t /*attempt*/, const CloseInfo * /*last*/, Request) {
        return RequestAction::proceed;
    }
    void on_pong(WebSocketRef, ByteSpan /*payload*/) {}
    void on_frame(WebSocketRef, const Frame &) {}
};

// A listener that consists of callables. Set the callables that you need.
struct Callbacks {
    Callback<void(WebSocketRef)> on_connect{};
    Callback<void(WebSocketRef, const Message &)> on_message{};
    Callback<void(WebSocketRef, const CloseInfo &)> on_close{};
    Callback<void(WebSocketRef)> on_drain{};
    Callback<void(WebSocketRef, const CloseInfo &, std::uint32_t attempt, std::chrono::milliseconds delay)> on_retry{};
    Callback<RequestAction(WebSocketRef, std::uint32_t attempt, const CloseInfo *last, Request)> on_request{};
    Callback<void(WebSocketRef, ByteSpan payload)> on_pong{};
    Callback<void(WebSocketRef, const Frame &)> on_frame{};
};

} // namespace egret

#endif
