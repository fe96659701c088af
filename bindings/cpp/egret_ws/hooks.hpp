// SPDX-License-Identifier: MIT OR Apache-2.0
// Hooks of a loop: functions that the library calls while it makes connections. Part of egret_ws.hpp.

#ifndef EGRET_WS_HOOKS_HPP
#define EGRET_WS_HOOKS_HPP

#include "callbacks.hpp"

#include <cstdint>
#include <string>
#include <utility>

namespace egret {
namespace detail {

// The question of a hook, which accepts one answer. `send` is C's function for the answer; `nothing` is its text if there is none.
class Question {
public:
    Question(Question &&other) noexcept
        : handle_(std::exchange(other.handle_, nullptr)), send_(other.send_), nothing_(other.nothing_) {}
    Question &operator=(Question &&other) noexcept {
        if (this != &other) {
            drop();
            handle_ = std::exchange(other.handle_, nullptr);
        }
        return *this;
    }

    // False if the question was answered, or if an earlier try found that no connection waits for the answer any more.
    explicit operator bool() const noexcept { return handle_ != nullptr; }
    egret_ws_query *get() const noexcept { return handle_; }

protected:
    using Send = std::int32_t (*)(egret_ws_query *, const char *);
    Question(egret_ws_query *handle, Send send, const char *nothing) noexcept
        : handle_(handle), send_(send), nothing_(nothing) {}
    ~Question() { drop(); }

    Result<void> answer(const char *text) noexcept {
        if (!handle_)
            return {Error::bad_handle, "the question of this hook is already answered"};
        const Result<void> result = status(send_(handle_, text));
        // After other errors the question is still open.
        if (result || result.error() == Error::bad_handle || result.error() == Error::forked)
            handle_ = nullptr;
        return result;
    }
    Result<void> answer(std::string_view text) {
        if (!has_no_nul(text))
            return {Error::invalid_argument, nul_inside};
        return answer(std::string(text).c_str());
    }

private:
    void drop() noexcept {
        if (handle_)
            static_cast<void>(answer(nothing_));
    }

    egret_ws_query *handle_;
    Send send_;
    const char *nothing_;
};

} // namespace detail

// The answer to on_resolve. Answer once: inside the hook, or later from any thread, to which you can move this object. If it is
// destroyed without an answer, the name has no address. Error::bad_handle: no connection waits for the answer any more.
class ResolveAnswer : public detail::Question {
public:
    explicit ResolveAnswer(egret_ws_query *handle) noexcept : Question(handle, egret_ws_resolved, "") {}

    // A list as in Options::addresses. After Error::invalid_argument the question is still open.
    Result<void> addresses(std::string_view list) { return answer(list); }
    // The library uses the system's resolver.
    Result<void> use_system() noexcept { return answer(nullptr); }
    // The name has no address: the attempt fails with Error::resolve.
    Result<void> not_found() noexcept { return answer(""); }
};

// The answer to on_proxy, with the rules of ResolveAnswer. If it is destroyed without an answer, no proxy is found and the
// attempt fails.
class ProxyAnswer : public detail::Question {
public:
    explicit ProxyAnswer(egret_ws_query *handle) noexcept : Question(handle, egret_ws_proxy_found, nullptr) {}

    // A comma-separated list of URLs as in Options::proxy, and `direct`. After Error::invalid_argument the question is still open.
    Result<void> proxies(std::string_view list) { return answer(list); }
    // Connects without a proxy.
    Result<void> direct() noexcept { return answer(""); }
    // The proxies could not be found: the attempt fails with Error::proxy.
    Result<void> not_found() noexcept { return answer(nullptr); }
};

// The hooks of a loop: egret_ws_hooks. Set the hooks that you need; the library itself does the work of the others.
//
// They run on threads of the library, several at the same time, so the callables must be thread-safe. They may block: only the
// connection that needs the answer waits. They are destroyed, on any thread, when the loop has ended and none of them runs any
// more. An exception is written to stderr; then there is no address, no proxy, or the descriptor is refused.
struct Hooks {
    // The maximum number of threads for hooks, 1 to 64; 0: 32.
    std::uint32_t max_threads = 0;
    // Finds the addresses of a name: egret_ws_on_resolve_fn. The text is borrowed until the hook returns.
    Callback<void(WebSocketRef, std::string_view host, ResolveAnswer answer)> on_resolve{};
    // Finds the proxies for a URL: egret_ws_on_proxy_fn. The text is borrowed until the hook returns.
    Callback<void(WebSocketRef, std::string_view url, ProxyAnswer answer)> on_proxy{};
    // Changes a descriptor before it connects: egret_ws_on_socket_fn. A result other than 0 refuses its address.
    Callback<std::int32_t(WebSocketRef, std::ptrdiff_t descriptor)> on_socket{};
};

} // namespace egret

#endif
