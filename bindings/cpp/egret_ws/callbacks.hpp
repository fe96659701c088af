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

// Like std::function, but it also takes callables that can only be moved, and calling an empty one does nothing.
template <class Signature>
class Callback;

template <class... Arguments>
class Callback<void(Arguments...)> {
public:
    Callback() noexcept = default;
    Callback(std::nullptr_t) noexcept {}

    template <class F, std::enable_if_t<!std::is_same_v<std::decay_t<F>, Callback> &&
                                            std::is_invocable_v<std::decay_t<F> &, Arguments...>,
                                        int> = 0>
    Callback(F &&callable) {
        using Callable = std::decay_t<F>;
        Callable mine(std::forward<F>(callable));
        if constexpr (std::is_pointer_v<Callable>) {
            if (mine == nullptr)
                return;
        }
        object_ = new Callable(std::move(mine));
        call_ = [](void *object, Arguments... arguments) {
            static_cast<void>((*static_cast<Callable *>(object))(std::forward<Arguments>(arguments)...));
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

    void operator()(Arguments... arguments) const {
        if (call_)
            call_(object_, std::forward<Arguments>(arguments)...);
    }

    void swap(Callback &other) noexcept {
        std::swap(object_, other.object_);
        std::swap(call_, other.call_);
        std::swap(destroy_, other.destroy_);
    }

private:
    void *object_ = nullptr;
    void (*call_)(void *, Arguments...) = nullptr;
    void (*destroy_)(void *) noexcept = nullptr;
};

// The base of a listener. Nothing is virtual: a function of the same name in the derived class hides the one here. See
// egret_ws_on_connect_fn, _data, _close, _drain and _retry for when they are called.
//
// Pass a listener to Loop::connect by value or by pointer: std::unique_ptr, std::shared_ptr, or a plain pointer, which must
// stay valid until the last callback has returned.
struct Listener {
    void on_connect(WebSocketRef) {}
    void on_message(WebSocketRef, const Message &) {}
    void on_close(WebSocketRef, const CloseInfo &) {}
    void on_drain(WebSocketRef) {}
    void on_retry(WebSocketRef, const CloseInfo &, std::uint32_t /*attempt*/, std::uint32_t /*delay_ms*/) {}
};

// A listener made of callables; set those that you need.
struct Callbacks {
    Callback<void(WebSocketRef)> on_connect{};
    Callback<void(WebSocketRef, const Message &)> on_message{};
    Callback<void(WebSocketRef, const CloseInfo &)> on_close{};
    Callback<void(WebSocketRef)> on_drain{};
    Callback<void(WebSocketRef, const CloseInfo &, std::uint32_t attempt, std::uint32_t delay_ms)> on_retry{};
};

} // namespace egret

#endif
