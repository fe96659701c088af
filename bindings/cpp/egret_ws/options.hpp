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

// A field that is zero, empty or not set has the library's default; egret_ws.h documents it for each field.
struct Options {
    // generated: options, by "make header"; do not edit
    // The flags, EGRET_WS_* in lower case.
    bool only_these_roots = false;
    bool proxy_from_environment = false;
    bool resend = false;
    bool disable_deflate = false;
    bool disable_alpn = false;
    bool accept_any_certificate = false;
    bool allow_private_redirects = false;

    // Deadlines.
    std::uint32_t connect_timeout_ms = 0;
    std::uint32_t handshake_timeout_ms = 0;
    std::uint32_t flush_timeout_ms = 0;
    std::uint32_t close_timeout_ms = 0;
    std::uint32_t resolve_timeout_ms = 0;
    std::uint32_t proxy_timeout_ms = 0;
    std::uint32_t tls_timeout_ms = 0;
    std::uint32_t open_timeout_ms = 0;

    // Bounds.
    std::uint32_t max_message_bytes = 0;
    std::uint32_t max_send_buffer_bytes = 0;
    std::uint32_t max_receive_queue_bytes = 0;

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
    std::uint32_t deflate_level = 0;
    std::uint32_t deflate_threshold_bytes = 0;
    std::uint32_t deflate_client_window_bits = 0;
    std::uint32_t deflate_server_window_bits = 0;
    std::uint32_t deflate_client_no_context_takeover = 0;
    std::uint32_t deflate_server_no_context_takeover = 0;

    // Heartbeat.
    std::uint32_t ping_interval_ms = 0;
    std::uint32_t pong_timeout_ms = 0;
    std::uint32_t probe_timeout_ms = 0;

    // Reconnecting.
    std::uint32_t retry_attempts = 0;
    std::uint32_t retry_min_wait_ms = 0;
    std::uint32_t retry_first_wait_ms = 0;
    std::uint32_t retry_max_wait_ms = 0;
    std::uint32_t retry_total_ms = 0;
    // generated: end
};

namespace detail {

// The options as a C struct. It points into the Options it was made from, and into this object.
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
                   (from.accept_any_certificate ? EGRET_WS_ACCEPT_ANY_CERTIFICATE : 0u) |
                   (from.allow_private_redirects ? EGRET_WS_ALLOW_PRIVATE_REDIRECTS : 0u);
        c_.connect_timeout_ms = from.connect_timeout_ms;
        c_.handshake_timeout_ms = from.handshake_timeout_ms;
        c_.flush_timeout_ms = from.flush_timeout_ms;
        c_.close_timeout_ms = from.close_timeout_ms;
        c_.resolve_timeout_ms = from.resolve_timeout_ms;
        c_.proxy_timeout_ms = from.proxy_timeout_ms;
        c_.tls_timeout_ms = from.tls_timeout_ms;
        c_.open_timeout_ms = from.open_timeout_ms;
        c_.max_message_bytes = from.max_message_bytes;
        c_.max_send_buffer_bytes = from.max_send_buffer_bytes;
        c_.max_receive_queue_bytes = from.max_receive_queue_bytes;
        c_.subprotocols = terminated(from.subprotocols);
        c_.origin = terminated(from.origin);
        c_.user_agent = terminated(from.user_agent);
        c_.username = terminated(from.username);
        c_.password = terminated(from.password);
        c_.max_redirects = from.max_redirects;
        c_.proxy = terminated(from.proxy);
        c_.tls_min_version = from.tls_min_version;
        c_.tls_roots = from.tls_roots.empty() ? nullptr : from.tls_roots.data();
        c_.tls_roots_len = from.tls_roots.size();
        c_.tls_pins = terminated(from.tls_pins);
        c_.tls_identity = from.tls_identity.empty() ? nullptr : from.tls_identity.data();
        c_.tls_identity_len = from.tls_identity.size();
        c_.tls_identity_password = terminated(from.tls_identity_password);
        c_.tls_server_name = terminated(from.tls_server_name);
        deflate_.level = from.deflate_level;
        deflate_.threshold_bytes = from.deflate_threshold_bytes;
        deflate_.client_window_bits = from.deflate_client_window_bits;
        deflate_.server_window_bits = from.deflate_server_window_bits;
        deflate_.client_no_context_takeover = from.deflate_client_no_context_takeover;
        deflate_.server_no_context_takeover = from.deflate_server_no_context_takeover;
        c_.ping_interval_ms = from.ping_interval_ms;
        c_.pong_timeout_ms = from.pong_timeout_ms;
        c_.probe_timeout_ms = from.probe_timeout_ms;
        c_.retry_attempts = from.retry_attempts;
        retry_.min_wait_ms = from.retry_min_wait_ms;
        retry_.first_wait_ms = from.retry_first_wait_ms;
        retry_.max_wait_ms = from.retry_max_wait_ms;
        retry_.total_ms = from.retry_total_ms;
        // generated: end
        for (const Header &header : from.headers)
            headers_.push_back({terminated(header.name), terminated(header.value)});
        c_.headers = headers_.empty() ? nullptr : headers_.data();
        c_.header_count = static_cast<std::uint32_t>(headers_.size());
    }
    COptions(const COptions &) = delete;
    COptions &operator=(const COptions &) = delete;

    egret_ws_options &get() noexcept { return c_; }
    // False if a text has a NUL inside, where C would end it.
    bool usable() const noexcept { return usable_; }

private:
    const char *terminated(const std::string &text) noexcept {
        usable_ = usable_ && has_no_nul(text);
        return text.c_str();
    }
    const char *terminated(const std::optional<std::string> &text) noexcept {
        return text ? terminated(*text) : nullptr;
    }

    egret_ws_options c_;
    egret_ws_retry_options retry_;
    egret_ws_deflate_options deflate_;
    std::vector<egret_ws_header> headers_;
    bool usable_ = true;
};

} // namespace detail
} // namespace egret

#endif
