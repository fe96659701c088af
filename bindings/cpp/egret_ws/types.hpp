// SPDX-License-Identifier: MIT OR Apache-2.0
// Types of arguments: bytes, messages, the close report. Part of egret_ws.hpp.

#ifndef EGRET_WS_TYPES_HPP
#define EGRET_WS_TYPES_HPP

#include "result.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

namespace egret {

// generated: constants, by "make header"; do not edit
inline constexpr std::size_t max_message_bytes = EGRET_WS_MAX_MESSAGE_BYTES;
inline constexpr std::size_t max_pending_sockets = EGRET_WS_MAX_PENDING_SOCKETS;

enum class Kind : std::int32_t {
    text = EGRET_WS_TEXT,
    binary = EGRET_WS_BINARY,
};

enum class State : std::int32_t {
    connecting = EGRET_WS_STATE_CONNECTING,
    open = EGRET_WS_STATE_OPEN,
    closing = EGRET_WS_STATE_CLOSING,
    closed = EGRET_WS_STATE_CLOSED,
};

enum class Phase : std::int32_t {
    request = EGRET_WS_PHASE_REQUEST,
    resolve = EGRET_WS_PHASE_RESOLVE,
    connect = EGRET_WS_PHASE_CONNECT,
    proxy = EGRET_WS_PHASE_PROXY,
    tls = EGRET_WS_PHASE_TLS,
    handshake = EGRET_WS_PHASE_HANDSHAKE,
    open = EGRET_WS_PHASE_OPEN,
    flush = EGRET_WS_PHASE_FLUSH,
    closing = EGRET_WS_PHASE_CLOSING,
};

enum class Initiator : std::int32_t {
    local = EGRET_WS_INITIATOR_LOCAL,
    peer = EGRET_WS_INITIATOR_PEER,
    transport = EGRET_WS_INITIATOR_TRANSPORT,
};

enum class LogLevel : std::int32_t {
    error = EGRET_WS_LOG_ERROR,
    warn = EGRET_WS_LOG_WARN,
    info = EGRET_WS_LOG_INFO,
    debug = EGRET_WS_LOG_DEBUG,
};

// For Options::tls_min_version; Stats::tls_version has the same numbers.
inline constexpr std::uint32_t tls_1_2 = EGRET_WS_TLS_1_2;
inline constexpr std::uint32_t tls_1_3 = EGRET_WS_TLS_1_3;
// generated: end

// A view of bytes: std::span<const std::uint8_t> for C++17. Converts from any vector, array, string or span of one-byte
// elements, but not from a string literal, where it would not be clear whether the NUL counts.
class ByteSpan {
    template <class T>
    static constexpr bool is_byte = sizeof(T) == 1 && std::is_trivially_copyable_v<T>;

    template <class Container>
    using element = std::remove_pointer_t<decltype(std::declval<const Container &>().data())>;

public:
    constexpr ByteSpan() noexcept = default;
    ByteSpan(const void *data, std::size_t size) noexcept : data_(static_cast<const std::uint8_t *>(data)), size_(size) {}

    template <class Container, std::enable_if_t<is_byte<element<Container>>, int> = 0>
    ByteSpan(const Container &bytes) noexcept : ByteSpan(bytes.data(), bytes.size()) {}

    template <class T, std::size_t N, std::enable_if_t<is_byte<T> && !std::is_same_v<T, char>, int> = 0>
    ByteSpan(const T (&bytes)[N]) noexcept : ByteSpan(bytes, N) {}

    constexpr const std::uint8_t *data() const noexcept { return data_; }
    constexpr std::size_t size() const noexcept { return size_; }
    constexpr bool empty() const noexcept { return size_ == 0; }
    constexpr const std::uint8_t *begin() const noexcept { return data_; }
    constexpr const std::uint8_t *end() const noexcept { return data_ + size_; }
    constexpr const std::uint8_t &operator[](std::size_t at) const noexcept { return data_[at]; }

private:
    const std::uint8_t *data_ = nullptr;
    std::size_t size_ = 0;
};

// A received message. Its bytes are borrowed until the callback returns.
class Message {
public:
    Message(std::int32_t kind, const std::uint8_t *data, std::size_t size) noexcept
        : kind_(static_cast<Kind>(kind)), bytes_(data, size) {}

    Kind kind() const noexcept { return kind_; }
    bool is_text() const noexcept { return kind_ == Kind::text; }
    ByteSpan bytes() const noexcept { return bytes_; }
    // These bytes as characters. Of a text message they are valid UTF-8, and a NUL follows them.
    std::string_view text() const noexcept {
        return {reinterpret_cast<const char *>(bytes_.data()), bytes_.size()};
    }

private:
    Kind kind_;
    ByteSpan bytes_;
};

// How and why a connection ended: egret_ws_close_info, borrowed until the callback returns.
class CloseInfo {
public:
    explicit CloseInfo(const egret_ws_close_info &info) noexcept : info_(info) {}

    Error error() const noexcept { return static_cast<Error>(info_.error); }
    const char *error_name() const noexcept { return name(error()); }
    // `wasClean` of a browser's close event.
    bool clean() const noexcept { return error() == Error::ok; }
    Phase phase() const noexcept { return static_cast<Phase>(info_.phase); }
    Initiator initiator() const noexcept { return static_cast<Initiator>(info_.initiator); }
    std::int32_t http_status() const noexcept { return info_.http_status; }
    std::int32_t os_error() const noexcept { return info_.os_error; }
    std::uint16_t code() const noexcept { return info_.code; }
    std::uint16_t sent_code() const noexcept { return info_.sent_code; }
    std::uint32_t unsent_messages() const noexcept { return info_.unsent_messages; }
    std::uint64_t unsent_bytes() const noexcept { return info_.unsent_bytes; }
    std::string_view reason() const noexcept { return {info_.reason, info_.reason_len}; }
    // A sentence for a log; ends in a NUL.
    const char *message() const noexcept { return info_.message; }

private:
    const egret_ws_close_info &info_;
};

using Stats = egret_ws_statistics;

} // namespace egret

#endif
