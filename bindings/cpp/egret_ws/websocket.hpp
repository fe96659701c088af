// SPDX-License-Identifier: MIT OR Apache-2.0
// A socket's handle, without ownership and with it. Part of egret_ws.hpp.

#ifndef EGRET_WS_WEBSOCKET_HPP
#define EGRET_WS_WEBSOCKET_HPP

#include "types.hpp"

#include <string>
#include <vector>

namespace egret {
namespace detail {

// The reason for the refusal of a text that C would end at its first NUL.
inline constexpr const char *nul_inside = "a text has a NUL inside";

// False if the text contains a NUL, because C would ignore the part behind it.
inline bool has_no_nul(std::string_view text) noexcept {
    return text.find('\0') == std::string_view::npos;
}

// Bytes of unknown length. `read(out, capacity)` returns the length, even if `capacity` is 0. `ending` is the number of bytes that
// it writes behind them.
template <class Bytes, class Read>
Result<Bytes> read_bytes(std::size_t ending, Read read) {
    Bytes bytes;
    std::int32_t length = read(nullptr, 0);
    while (length > 0) {
        bytes.resize(static_cast<std::size_t>(length));
        const std::int32_t written = read(bytes.data(), bytes.size() + ending);
        if (written >= 0) {
            bytes.resize(static_cast<std::size_t>(written));
            return bytes;
        }
        // After a reconnection there may be more bytes than before.
        const std::int32_t grown = read(nullptr, 0);
        length = grown >= 0 && grown <= length ? written : grown;
    }
    if (length < 0)
        return static_cast<Error>(length);
    return Bytes();
}

// Text of unknown length. `read(out, capacity)` behaves as egret_ws_subprotocol.
template <class Read>
Result<std::string> read_text(Read read) {
    return read_bytes<std::string>(1, read); // C's NUL overwrites the string's terminating NUL
}

// The address of this variable identifies a type. It is not const, so that no linker merges two of them.
template <class T>
inline char type_tag = 0;

// The `user` of a socket.
struct ListenerOwner {
    const char *type;
    void *object;
};

} // namespace detail

// A socket's handle (egret_ws *) without ownership. It can be copied, and used on any thread at any time. The functions
// correspond to egret_ws.h. If the handle is empty or freed, they return Error::bad_handle.
class WebSocketRef {
public:
    constexpr WebSocketRef() noexcept = default;
    constexpr explicit WebSocketRef(egret_ws *handle) noexcept : handle_(handle) {}

    constexpr egret_ws *get() const noexcept { return handle_; }
    constexpr explicit operator bool() const noexcept { return handle_ != nullptr; }

    // egret_ws_send. For a text, `bytes` are UTF-8.
    Result<void> send(Kind kind, ByteSpan bytes) const noexcept {
        return detail::status(egret_ws_send(handle_, static_cast<std::int32_t>(kind), bytes.data(), bytes.size()));
    }
    Result<void> send_text(std::string_view text) const noexcept {
        return detail::status(egret_ws_send(handle_, EGRET_WS_TEXT, text.data(), text.size()));
    }
    Result<void> send_text(std::nullptr_t) const = delete;
    Result<void> send_binary(ByteSpan bytes) const noexcept { return send(Kind::binary, bytes); }

    Result<void> close(std::uint16_t code = 1000, std::string_view reason = {}) const noexcept {
        return detail::status(egret_ws_close(handle_, code, reason.data(), reason.size()));
    }

    // Drops the connection and all unsent messages immediately: egret_ws_abort. on_close follows.
    Result<void> abort() const noexcept { return detail::status(egret_ws_abort(handle_)); }

    // Between these calls on_message is not called, and the socket stops reading.
    Result<void> pause_receive() const noexcept { return detail::status(egret_ws_pause_receive(handle_)); }
    Result<void> resume_receive() const noexcept { return detail::status(egret_ws_resume_receive(handle_)); }

    // egret_ws_free, for a socket that no WebSocket owns any more (see WebSocket::release).
    Result<void> free_handle() const noexcept { return detail::status(egret_ws_free(handle_)); }

    Result<State> state() const noexcept { return detail::value_or_error<State>(egret_ws_state(handle_)); }
    bool is_open() const noexcept { return egret_ws_state(handle_) == EGRET_WS_STATE_OPEN; }
    Result<std::int64_t> buffered_amount() const noexcept {
        return detail::value_or_error<std::int64_t>(egret_ws_buffered_amount(handle_));
    }
    Result<std::int32_t> generation() const noexcept {
        return detail::value_or_error<std::int32_t>(egret_ws_generation(handle_));
    }
    Result<void> retry_now() const noexcept { return detail::status(egret_ws_retry_now(handle_)); }
    // `payload` has at most 125 bytes. on_pong returns it.
    Result<void> ping(ByteSpan payload = {}) const noexcept {
        return detail::status(egret_ws_ping(handle_, payload.data(), payload.size()));
    }

    Result<std::string> subprotocol() const {
        return detail::read_text([this](char *out, std::size_t capacity) {
            return egret_ws_subprotocol(handle_, out, capacity);
        });
    }
    Result<std::string> extensions() const {
        return detail::read_text([this](char *out, std::size_t capacity) {
            return egret_ws_extensions(handle_, out, capacity);
        });
    }
    Result<std::string> response_header(std::string_view name) const {
        if (!detail::has_no_nul(name))
            return {Error::invalid_argument, detail::nul_inside};
        const std::string terminated(name);
        return detail::read_text([this, &terminated](char *out, std::size_t capacity) {
            return egret_ws_response_header(handle_, terminated.c_str(), out, capacity);
        });
    }
    Result<std::string> response_headers() const {
        return detail::read_text([this](char *out, std::size_t capacity) {
            return egret_ws_response_headers(handle_, out, capacity);
        });
    }

    // The address of the server, or of the proxy, such as "192.0.2.1:443".
    Result<std::string> remote_address() const {
        return detail::read_text([this](char *out, std::size_t capacity) {
            return egret_ws_remote_address(handle_, out, capacity);
        });
    }

    Result<std::string> local_address() const {
        return detail::read_text([this](char *out, std::size_t capacity) {
            return egret_ws_local_address(handle_, out, capacity);
        });
    }
    // A line for each address that was tried, with the result: egret_ws_tried_addresses.
    Result<std::string> tried_addresses() const {
        return detail::read_text([this](char *out, std::size_t capacity) {
            return egret_ws_tried_addresses(handle_, out, capacity);
        });
    }
    // The URL of the proxy; empty if there is none.
    Result<std::string> proxy() const {
        return detail::read_text([this](char *out, std::size_t capacity) {
            return egret_ws_proxy(handle_, out, capacity);
        });
    }

    // The body of a refusal, for on_retry and on_close. It may contain any bytes.
    Result<std::string> response_body() const {
        return detail::read_text([this](char *out, std::size_t capacity) {
            return egret_ws_response_body(handle_, out, capacity);
        });
    }
    // A line for each cookie that a server has set, with its URL: egret_ws_response_cookies.
    Result<std::string> response_cookies() const {
        return detail::read_text([this](char *out, std::size_t capacity) {
            return egret_ws_response_cookies(handle_, out, capacity);
        });
    }

    // The cipher suite, such as "TLS_AES_256_GCM_SHA384".
    Result<std::string> tls_cipher() const {
        return detail::read_text([this](char *out, std::size_t capacity) {
            return egret_ws_tls_cipher(handle_, out, capacity);
        });
    }
    Result<std::string> tls_alpn() const {
        return detail::read_text([this](char *out, std::size_t capacity) {
            return egret_ws_tls_alpn(handle_, out, capacity);
        });
    }
    // A certificate of the server, in DER: egret_ws_peer_certificate.
    Result<std::vector<std::uint8_t>> peer_certificate(std::uint32_t index) const {
        return detail::read_bytes<std::vector<std::uint8_t>>(0, [this, index](std::uint8_t *out, std::size_t capacity) {
            return egret_ws_peer_certificate(handle_, index, out, capacity);
        });
    }
    // The known certificates of the server; the first one is the server's own. Empty without TLS.
    Result<std::vector<std::vector<std::uint8_t>>> peer_certificates() const {
        std::vector<std::vector<std::uint8_t>> chain;
        for (;;) {
            auto certificate = peer_certificate(static_cast<std::uint32_t>(chain.size()));
            if (certificate)
                chain.push_back(std::move(*certificate));
            else if (certificate.error() == Error::not_found)
                return chain;
            else
                return certificate.error();
        }
    }

    Result<Statistics> stats() const noexcept {
        egret_ws_statistics c{};
        c.struct_size = sizeof c;
        if (const std::int32_t result = egret_ws_stats(handle_, &c); result != EGRET_WS_OK)
            return static_cast<Error>(result);
        return Statistics(c);
    }

    // The report that on_close gets; available from that call on. Its texts are valid until the socket is freed.
    Result<CloseInfo> close_report() const noexcept {
        egret_ws_close_info info{};
        info.struct_size = sizeof info;
        if (const std::int32_t result = egret_ws_close_report(handle_, &info); result != EGRET_WS_OK)
            return static_cast<Error>(result);
        return CloseInfo(info);
    }

    // The listener that was passed to Loop::connect as the type L. nullptr if it has another type, or if the socket was freed.
    // Only for sockets of Loop::connect (egret_ws_user returns the `user` of others), and only on the thread that polls.
    template <class L>
    L *listener() const noexcept {
        auto *const owner = static_cast<detail::ListenerOwner *>(egret_ws_user(handle_));
        return owner && owner->type == &detail::type_tag<L> ? static_cast<L *>(owner->object) : nullptr;
    }

    friend constexpr bool operator==(WebSocketRef a, WebSocketRef b) noexcept { return a.handle_ == b.handle_; }
    friend constexpr bool operator!=(WebSocketRef a, WebSocketRef b) noexcept { return !(a == b); }

protected:
    egret_ws *handle_ = nullptr;
};

// Owns a socket and frees it in its destructor; egret_ws_free describes the effect on an open one. It may be destroyed on any
// thread and in any callback, including those of this socket.
class WebSocket : public WebSocketRef {
public:
    WebSocket() noexcept = default;
    // Takes ownership of a C handle.
    explicit WebSocket(egret_ws *handle) noexcept : WebSocketRef(handle) {}
    WebSocket(WebSocket &&other) noexcept : WebSocketRef(other.release()) {}
    WebSocket &operator=(WebSocket &&other) noexcept {
        if (this != &other)
            reset(other.release().get());
        return *this;
    }
    ~WebSocket() { reset(); }

    // Frees the owned handle and takes ownership of the other one.
    void reset(egret_ws *handle = nullptr) noexcept {
        egret_ws *const old = std::exchange(handle_, handle);
        if (old)
            egret_ws_free(old);
    }

    // Gives up ownership without freeing the handle. Then the socket lives until free_handle, or as long as its loop.
    WebSocketRef release() noexcept { return WebSocketRef(std::exchange(handle_, nullptr)); }
};

// egret_ws_normalize_url: the URL as a browser's WebSocket would normalize it.
inline Result<std::string> normalize_url(std::string_view url) {
    if (!detail::has_no_nul(url))
        return {Error::invalid_url, detail::nul_inside};
    const std::string terminated(url);
    return detail::read_text([&terminated](char *out, std::size_t capacity) {
        return egret_ws_normalize_url(terminated.c_str(), out, capacity);
    });
}

// The version of the library. EGRET_WS_VERSION_NUMBER is the version of this header.
inline std::uint32_t version_number() noexcept {
    return egret_ws_version_number();
}
inline const char *version_string() noexcept {
    return egret_ws_version_string();
}

} // namespace egret

#endif
