// SPDX-License-Identifier: MIT OR Apache-2.0
// The loop. Part of egret_ws.hpp.

#ifndef EGRET_WS_LOOP_HPP
#define EGRET_WS_LOOP_HPP

#include "loop_state.hpp"
#include "options.hpp"

namespace egret {

// A loop and its sockets: egret_ws_loop. One thread at a time polls or destroys it; all functions except poll and reset may be
// called from any thread. An empty Loop returns Error::bad_handle.
//
// Destroying a Loop waits until no other thread is inside its on_log or on_wakeup: see egret_ws_loop_free.
//
// A Loop that is destroyed in one of its callbacks calls no other callback and is freed when that poll ends. Do not destroy it
// in on_log or on_wakeup, nor while another thread polls it: then it is never freed.
class Loop {
public:
    [[nodiscard]] static Result<Loop> create(LoopOptions options = {}) {
        Loop loop;
        loop.state_ = new detail::LoopState;
        loop.state_->on_log = std::move(options.on_log);
        loop.state_->on_exception = std::move(options.on_exception);
        egret_ws_loop_options c;
        egret_ws_loop_options_init(&c, sizeof c);
        // generated: loop options for C, by "make header"; do not edit
        c.flags = (options.run_inline ? EGRET_WS_LOOP_INLINE : 0u) |
                  (options.close_on_suspend ? EGRET_WS_LOOP_CLOSE_ON_SUSPEND : 0u);
        c.log_level = static_cast<std::int32_t>(options.log_level);
        c.poll_max_callbacks = options.poll_max_callbacks;
        c.poll_max_us = options.poll_max_us;
        c.linger_ms = options.linger_ms;
        // generated: end
        c.user = loop.state_;
        c.on_log = loop.state_->on_log ? detail::log : nullptr;
        if (const std::int32_t result = egret_ws_loop_new(&c, &loop.state_->handle); result != EGRET_WS_OK)
            return static_cast<Error>(result);
        return loop;
    }

    Loop() noexcept = default;
    Loop(Loop &&other) noexcept { swap(other); }
    Loop &operator=(Loop &&other) noexcept {
        Loop(std::move(other)).swap(*this);
        return *this;
    }
    ~Loop() {
        if (reset().error() == Error::reentrant)
            state_->free_after_poll = true;
    }

    egret_ws_loop *get() const noexcept { return state_ ? state_->handle : nullptr; }
    explicit operator bool() const noexcept { return get() != nullptr; }

    // egret_ws_loop_free. After an error nothing was freed, and the loop still works.
    Result<void> reset() noexcept {
        if (!state_)
            return {};
        const Error error = free(state_);
        if (error == Error::ok)
            state_ = nullptr;
        return error;
    }

    void swap(Loop &other) noexcept { std::swap(state_, other.state_); }

    // Runs the callbacks that are due and returns their number: egret_ws_loop_poll.
    Result<std::int32_t> poll(std::int32_t timeout_ms = 0) noexcept {
        if (!state_)
            return Error::bad_handle;
        // A callback may destroy this object.
        detail::LoopState &state = *state_;
        const std::int32_t callbacks = egret_ws_loop_poll(state.handle, timeout_ms);
        if (state.free_after_poll)
            free(&state);
        return detail::value_or_error<std::int32_t>(callbacks);
    }

    Result<void> wake() const noexcept { return detail::status(egret_ws_loop_wake(get())); }

    // Waits until no other thread is inside an earlier on_wakeup: see egret_ws_loop_set_wakeup.
    // `on_wakeup` is called from other threads: see egret_ws_on_wakeup_fn. An empty one removes it.
    Result<void> set_wakeup(Callback<void()> on_wakeup) {
        if (!state_)
            return Error::bad_handle;
        const bool none = !on_wakeup;
        auto replacement = std::make_shared<const Callback<void()>>(std::move(on_wakeup));
        {
            const std::lock_guard<std::mutex> guard(state_->wakeup_lock);
            state_->on_wakeup.swap(replacement);
        }
        return detail::status(egret_ws_loop_set_wakeup(get(), none ? nullptr : detail::wake_up, state_));
    }

    // A file descriptor to wait on, for at most timeout() milliseconds.
    Result<int> descriptor() const noexcept { return detail::value_or_error<int>(egret_ws_loop_descriptor(get())); }
    Result<std::int32_t> timeout() const noexcept {
        return detail::value_or_error<std::int32_t>(egret_ws_loop_next_poll_ms(get()));
    }

    Result<void> suspend() const noexcept { return detail::status(egret_ws_loop_suspend(get())); }
    Result<void> resume() const noexcept { return detail::status(egret_ws_loop_resume(get())); }
    Result<void> network_changed() const noexcept { return detail::status(egret_ws_loop_network_changed(get())); }

    // Begin to connect: egret_ws_connect_host and egret_ws_connect. `listener` is Callbacks, a class derived from Listener, or
    // a pointer to one. It is moved in, and destroyed after its last callback, or at once if the call fails.
    template <class L>
    [[nodiscard]] Result<WebSocket> connect(std::string_view host, std::uint16_t port, const Options &options,
                                            L listener) const;
    template <class L>
    [[nodiscard]] Result<WebSocket> connect_url(std::string_view url, const Options &options, L listener) const;

private:
    // Frees the loop, then its state. After an error both stay.
    static Error free(detail::LoopState *state) noexcept {
        if (state->handle) {
            if (const std::int32_t result = egret_ws_loop_free(state->handle, nullptr); result != EGRET_WS_OK)
                return static_cast<Error>(result);
        }
        delete state;
        return Error::ok;
    }

    // Owned. If a callback destroys this object, the poll deletes it.
    detail::LoopState *state_ = nullptr;
};

} // namespace egret

#endif
