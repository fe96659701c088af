// SPDX-License-Identifier: MIT OR Apache-2.0
// The options of a socket, with the names, units and limits of egret_ws_options. Part of egret_ws.hpp.

#ifndef EGRET_WS_OPTIONS_HPP
#define EGRET_WS_OPTIONS_HPP

#include "websocket.hpp"

#include <optional>
#include <string>
#include <vector>

namespace egret {

// A header of the request.
struct Header {
    std::string name;
    std::string value;
};

// The waits of reconnecting: egret_ws_retry_options.
struct RetryOptions {
    // generated: retry options, by "make header"; do not edit
    Milliseconds min_wait{};
    Milliseconds first_wait{};
    Milliseconds max_wait{};
    Milliseconds total{};
    // generated: end
};

// The settings of permessage-deflate: egret_ws_deflate_options.
struct DeflateOptions {
    // generated: deflate options, by "make header"; do not edit
    std::uint32_t level = 0;
    std::uint32_t threshold_bytes = 0;
    std::uint32_t client_window_bits = 0;
    std::uint32_t server_window_bits = 0;
    bool client_no_context_takeover = false;
    bool server_no_context_takeover = false;
    // generated: end
};

// A field that is zero, empty or not set has the library's default; egret_ws.h documents it for each field.
struct Options {
    // generated: options, by "make header"; do not edit
    // The flags, EGRET_WS_* in lower case.
    bool only_these_roots = false;
    bool proxy_from_environment = false;
    bool resend = false;
    bool disable_deflate = false;
    bool disable_alpn = false;
    bool disable_tls_resumption = false;
    bool secure_redirects_only = false;
    bool accept_any_certificate = false;
    bool allow_private_redirects = false;

    // Deadlines.
    Milliseconds connect_timeout{};
    Milliseconds handshake_timeout{};
    Milliseconds flush_timeout{};
    Milliseconds close_timeout{};
    Milliseconds resolve_timeout{};
    Milliseconds proxy_timeout{};
    Milliseconds tls_timeout{};
    Milliseconds open_timeout{};

    // Bounds.
    std::uint32_t max_message_bytes = 0;
    std::uint32_t max_send_buffer_bytes = 0;
    std::uint32_t max_receive_queue_bytes = 0;
    std::uint32_t max_refusal_body_bytes = 0;

    // The request. An empty text is not the same as none: see user_agent and proxy.
    std::optional<std::string> subprotocols{};
    std::vector<Header> headers{};
    std::optional<std::string> origin{};
    std::optional<std::string> user_agent{};
    std::optional<std::string> username{};
    std::optional<std::string> password{};
    std::uint32_t max_redirects = 0;
    std::optional<std::string> proxy{};

    // TLS.
    std::uint32_t tls_min_version = 0;
    std::string tls_roots{};
    std::optional<std::string> tls_pins{};
    std::vector<std::uint8_t> tls_identity{};
    std::optional<std::string> tls_identity_password{};
    std::optional<std::string> tls_server_name{};

    // permessage-deflate.
    DeflateOptions deflate{};

    // The network.
    std::optional<std::string> addresses{};
    Milliseconds attempt_delay{};
    std::optional<std::string> local_address{};
    std::optional<std::string> local_interface{};

    // Heartbeat.
    Milliseconds ping_interval{};
    Milliseconds pong_timeout{};
    Milliseconds probe_timeout{};

    // Reconnecting.
    std::uint32_t retry_attempts = 0;
    RetryOptions retry{};
    // generated: end
};

namespace detail {

// The options as a C struct. Its pointers point into the Options from which it was made, and into this object.
class COptions {
public:
    explicit COptions(const Options &from) {
        egret_ws_options_init(&c_, sizeof c_);
        egret_ws_retry_options_init(&retry_, sizeof retry_);
        egret_ws_deflate_options_init(&deflate_, sizeof deflate_);
        c_.retry = &retry_;
        c_.deflate = &deflate_;
        // generated: options for C, by "make header"; do not edit
        c_.flags = (from.only_these_roots ? EGRET_WS_ONLY_THESE_ROOTS : 0u) |
                   (from.proxy_from_environment ? EGRET_WS_PROXY_FROM_ENVIRONMENT : 0u) |
                   (from.resend ? EGRET_WS_RESEND : 0u) |
                   (from.disable_deflate ? EGRET_WS_DISABLE_DEFLATE : 0u) |
                   (from.disable_alpn ? EGRET_WS_DISABLE_ALPN : 0u) |
                   (from.disable_tls_resumption ? EGRET_WS_DISABLE_TLS_RESUMPTION : 0u) |
                   (from.secure_redirects_only ? EGRET_WS_SECURE_REDIRECTS_ONLY : 0u) |
                   (from.accept_any_certificate ? EGRET_WS_ACCEPT_ANY_CERTIFICATE : 0u) |
                   (from.allow_private_redirects ? EGRET_WS_ALLOW_PRIVATE_REDIRECTS : 0u);
        c_.connect_timeout_ms = fitting(from.connect_timeout, "connect_timeout is negative or longer than 2147483647 ms", refusal_);
        c_.handshake_timeout_ms = fitting(from.handshake_timeout, "handshake_timeout is negative or longer than 2147483647 ms", refusal_);
        c_.flush_timeout_ms = fitting(from.flush_timeout, "flush_timeout is negative or longer than 2147483647 ms", refusal_);
        c_.close_timeout_ms = fitting(from.close_timeout, "close_timeout is negative or longer than 2147483647 ms", refusal_);
        c_.resolve_timeout_ms = fitting(from.resolve_timeout, "resolve_timeout is negative or longer than 2147483647 ms", refusal_);
        c_.proxy_timeout_ms = fitting(from.proxy_timeout, "proxy_timeout is negative or longer than 2147483647 ms", refusal_);
        c_.tls_timeout_ms = fitting(from.tls_timeout, "tls_timeout is negative or longer than 2147483647 ms", refusal_);
        c_.open_timeout_ms = fitting(from.open_timeout, "open_timeout is negative or longer than 2147483647 ms", refusal_);
        c_.max_message_bytes = from.max_message_bytes;
        c_.max_send_buffer_bytes = from.max_send_buffer_bytes;
        c_.max_receive_queue_bytes = from.max_receive_queue_bytes;
        c_.max_refusal_body_bytes = from.max_refusal_body_bytes;
        c_.subprotocols = terminated(from.subprotocols, "subprotocols has a NUL inside");
        c_.origin = terminated(from.origin, "origin has a NUL inside");
        c_.user_agent = terminated(from.user_agent, "user_agent has a NUL inside");
        c_.username = terminated(from.username, "username has a NUL inside");
        c_.password = terminated(from.password, "password has a NUL inside");
        c_.max_redirects = from.max_redirects;
        c_.proxy = terminated(from.proxy, "proxy has a NUL inside");
        c_.tls_min_version = from.tls_min_version;
        c_.tls_roots = from.tls_roots.empty() ? nullptr : from.tls_roots.data();
        c_.tls_roots_len = from.tls_roots.size();
        c_.tls_pins = terminated(from.tls_pins, "tls_pins has a NUL inside");
        c_.tls_identity = from.tls_identity.empty() ? nullptr : from.tls_identity.data();
        c_.tls_identity_len = from.tls_identity.size();
        c_.tls_identity_password = terminated(from.tls_identity_password, "tls_identity_password has a NUL inside");
        c_.tls_server_name = terminated(from.tls_server_name, "tls_server_name has a NUL inside");
        deflate_.level = from.deflate.level;
        deflate_.threshold_bytes = from.deflate.threshold_bytes;
        deflate_.client_window_bits = from.deflate.client_window_bits;
        deflate_.server_window_bits = from.deflate.server_window_bits;
        deflate_.client_no_context_takeover = from.deflate.client_no_context_takeover ? 1 : 0;
        deflate_.server_no_context_takeover = from.deflate.server_no_context_takeover ? 1 : 0;
        c_.addresses = terminated(from.addresses, "addresses has a NUL inside");
        c_.attempt_delay_ms = fitting(from.attempt_delay, "attempt_delay is negative or longer than 2147483647 ms", refusal_);
        c_.local_address = terminated(from.local_address, "local_address has a NUL inside");
        c_.local_interface = terminated(from.local_interface, "local_interface has a NUL inside");
        c_.ping_interval_ms = fitting(from.ping_interval, "ping_interval is negative or longer than 2147483647 ms", refusal_);
        c_.pong_timeout_ms = fitting(from.pong_timeout, "pong_timeout is negative or longer than 2147483647 ms", refusal_);
        c_.probe_timeout_ms = fitting(from.probe_timeout, "probe_timeout is negative or longer than 2147483647 ms", refusal_);
        c_.retry_attempts = from.retry_attempts;
        retry_.min_wait_ms = fitting(from.retry.min_wait, "min_wait is negative or longer than 2147483647 ms", refusal_);
        retry_.first_wait_ms = fitting(from.retry.first_wait, "first_wait is negative or longer than 2147483647 ms", refusal_);
        retry_.max_wait_ms = fitting(from.retry.max_wait, "max_wait is negative or longer than 2147483647 ms", refusal_);
        retry_.total_ms = fitting(from.retry.total, "total is negative or longer than 2147483647 ms", refusal_);
        // generated: end
        for (const Header &header : from.headers)
            headers_.push_back({terminated(header.name, "the name of a header has a NUL inside"),
                                terminated(header.value, "the value of a header has a NUL inside")});
        c_.headers = headers_.empty() ? nullptr : headers_.data();
        c_.header_count = static_cast<std::uint32_t>(headers_.size());
    }
    COptions(const COptions &) = delete;
    COptions &operator=(const COptions &) = delete;

    egret_ws_options &get() noexcept { return c_; }
    // The reason why the options are refused: a text contains a NUL, where C would end it, or a time is outside the range.
    // Otherwise nullptr.
    const char *refusal() const noexcept { return refusal_; }

private:
    const char *terminated(const std::string &text, const char *refusal) noexcept {
        if (!has_no_nul(text))
            refusal_ = refusal;
        return text.c_str();
    }
    const char *terminated(const std::optional<std::string> &text, const char *refusal) noexcept {
        return text ? terminated(*text, refusal) : nullptr;
    }

    egret_ws_options c_;
    egret_ws_retry_options retry_;
    egret_ws_deflate_options deflate_;
    std::vector<egret_ws_header> headers_;
    const char *refusal_ = nullptr;
};

} // namespace detail
} // namespace egret

#endif
