// SPDX-License-Identifier: MIT OR Apache-2.0
// The loop. Part of egret_ws.hpp.

#ifndef EGRET_WS_LOOP_HPP
#define EGRET_WS_LOOP_HPP

#include "loop_state.hpp"
#include "options.hpp"

namespace egret {
namespace detail {

inline constexpr const char *empty_loop = "the Loop is empty";

// The time-out for egret_ws_loop_poll: 0 for none, -1 for no limit.
constexpr std::int32_t poll_timeout(Milliseconds timeout) noexcept {
    const std::uint32_t number = timeout.number();
    if (number == EGRET_WS_UNLIMITED)
        return -1;
    return number == EGRET_WS_AT_ONCE ? 0 : static_cast<std::int32_t>(number);
}

} // namespace detail

// The messages that Loop::reset could not send: egret_ws_free_report.
struct FreeReport {
    std::uint32_t sockets = 0; // the number of sockets that lost messages
    std::uint64_t unsent_messages = 0;
    std::uint64_t unsent_bytes = 0;
};

// A loop and its sockets: egret_ws_loop. One thread at a time polls or destroys it; all functions except poll and reset may be
// called from any thread. An empty Loop returns Error::bad_handle.
//
// A Loop that is destroyed in one of its callbacks calls no other callback and is freed when that poll ends. Do not destroy it
// in on_log, on_wakeup or a hook, or while another thread polls it: then it is never freed. The destructor waits until calls of
// on_log and on_wakeup on other threads have returned, but it does not wait for hooks.
class Loop {
public:
    [[nodiscard]] static Result<Loop> create(LoopOptions options = {}) {
        Loop loop;
        loop.state_ = new detail::LoopState;
        detail::LoopState *const state = loop.state_;
        state->on_log = std::move(options.on_log);
        state->on_exception = std::move(options.on_exception);
        egret_ws_loop_options c;
        egret_ws_loop_options_init(&c, sizeof c);
        using detail::fitting;
        const char *refusal = nullptr;
        // generated: loop options for C, by "make header"; do not edit
        c.flags = (options.run_inline ? EGRET_WS_LOOP_INLINE : 0u) |
                  (options.close_on_suspend ? EGRET_WS_LOOP_CLOSE_ON_SUSPEND : 0u) |
                  (options.forget_tls_sessions ? EGRET_WS_LOOP_FORGET_TLS_SESSIONS : 0u);
        c.log_level = static_cast<std::int32_t>(options.log_level);
        c.poll_max_callbacks = options.poll_max_callbacks;
        c.poll_max_us = fitting(options.poll_max_time, "poll_max_time is negative or longer than 2147483647 us", refusal);
        c.linger_ms = fitting(options.linger, "linger is negative or longer than 2147483647 ms", refusal);
        // generated: end
        if (refusal)
            return {Error::invalid_argument, refusal};
        c.user = state;
        c.on_log = state->on_log ? detail::log : nullptr;
        c.tls_provider = options.tls_provider;
        std::unique_ptr<Hooks> hooks;
        egret_ws_hooks hooks_of_c;
        if (detail::has_any(options.hooks)) {
            hooks = std::make_unique<Hooks>(std::move(options.hooks));
            hooks_of_c = detail::hooks_for_c(*hooks);
            c.hooks = &hooks_of_c;
        }
        if (const std::int32_t result = egret_ws_loop_new(&c, &state->handle); result != EGRET_WS_OK)
            return static_cast<Error>(result);
        static_cast<void>(hooks.release()); // the library owns them now
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

    // egret_ws_loop_free: sends the accepted messages, for at most LoopOptions::linger, and reports those that were lost. After
    // an error nothing was freed, and the loop still works.
    Result<FreeReport> reset() noexcept {
        if (!state_)
            return FreeReport();
        const Result<FreeReport> lost = free(state_);
        if (lost)
            state_ = nullptr;
        return lost;
    }

    void swap(Loop &other) noexcept {
        std::swap(state_, other.state_);
    }

    // Runs the pending callbacks and returns their number: egret_ws_loop_poll. It waits for callbacks at most for `timeout`, a
    // duration or egret::unlimited. By default it does not wait.
    Result<std::int32_t> poll(Milliseconds timeout = at_once) noexcept {
        if (!state_)
            return {Error::bad_handle, detail::empty_loop};
        if (timeout.number() == Milliseconds::out_of_range)
            return {Error::invalid_argument, "the time-out of a poll is negative or longer than 24 days"};
        // A callback may destroy this object.
        detail::LoopState &state = *state_;
        const std::int32_t callbacks = egret_ws_loop_poll(state.handle, detail::poll_timeout(timeout));
        if (state.free_after_poll)
            free(&state);
        return detail::value_or_error<std::int32_t>(callbacks);
    }

    Result<void> wake() const noexcept { return detail::status(egret_ws_loop_wake(get())); }

    // `on_wakeup` is called on other threads: see egret_ws_on_wakeup_fn. An empty one removes the callback. When this returns, the
    // previous callback has returned and is destroyed, unless it runs on this thread.
    Result<void> set_wakeup(Callback<void()> on_wakeup) {
        if (!state_)
            return {Error::bad_handle, detail::empty_loop};
        const bool none = !on_wakeup;
        auto replacement = std::make_shared<const Callback<void()>>(std::move(on_wakeup));
        {
            const std::lock_guard<std::mutex> guard(state_->wakeup_lock);
            state_->on_wakeup.swap(replacement);
        }
        return detail::status(egret_ws_loop_set_wakeup(get(), none ? nullptr : detail::wake_up, state_));
    }

    // A file descriptor to wait on, for at most next_poll().
    Result<int> descriptor() const noexcept { return detail::value_or_error<int>(egret_ws_loop_descriptor(get())); }
    // Returns 2^31 - 1 ms if there is no limit, so that the result fits into an `int`.
    Result<std::chrono::milliseconds> next_poll() const noexcept {
        return detail::value_or_error<std::chrono::milliseconds>(egret_ws_loop_next_poll_ms(get()));
    }

    Result<void> suspend() const noexcept { return detail::status(egret_ws_loop_suspend(get())); }
    Result<void> resume() const noexcept { return detail::status(egret_ws_loop_resume(get())); }
    Result<void> network_changed() const noexcept { return detail::status(egret_ws_loop_network_changed(get())); }

    // Begin to connect: egret_ws_connect and egret_ws_connect_host. `listener` is Callbacks, a class derived from Listener, or
    // a pointer to one. It is moved, and destroyed after the last callback, or immediately if the call fails.
    template <class L>
    [[nodiscard]] Result<WebSocket> connect(std::string_view url, const Options &options, L listener) const;
    template <class L>
    [[nodiscard]] Result<WebSocket> connect_host(std::string_view host, std::uint16_t port, const Options &options,
                                                 L listener) const;

private:
    static Result<FreeReport> free(detail::LoopState *state) noexcept {
        egret_ws_free_report lost{};
        lost.struct_size = sizeof lost;
        if (state->handle) {
            if (const std::int32_t result = egret_ws_loop_free(state->handle, &lost); result != EGRET_WS_OK)
                return static_cast<Error>(result);
        }
        delete state; // nothing calls it any more
        return FreeReport{lost.sockets, lost.unsent_messages, lost.unsent_bytes};
    }

    // Owned by this object.
    detail::LoopState *state_ = nullptr;
};

} // namespace egret

#endif
