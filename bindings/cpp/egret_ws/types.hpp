// SPDX-License-Identifier: MIT OR Apache-2.0
// Types of arguments: bytes, messages, the close report. Part of egret_ws.hpp.

#ifndef EGRET_WS_TYPES_HPP
#define EGRET_WS_TYPES_HPP

#include "result.hpp"
#include "time.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>
#include <utility>

namespace egret {

// generated: constants, by "make header"; do not edit
inline constexpr std::size_t max_pending_sockets = EGRET_WS_MAX_PENDING_SOCKETS;
inline constexpr std::size_t max_message_bytes = EGRET_WS_MAX_MESSAGE_BYTES;

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

// A view of bytes that also exists in C++17. It converts from any vector, array, string or span of one-byte elements, but not from
// a string literal, because it would not be clear whether the NUL counts. In C++20 it converts to std::span<const std::uint8_t>.
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
    // These bytes as characters. In a text message they are valid UTF-8, and a NUL follows them.
    std::string_view text() const noexcept {
        return {reinterpret_cast<const char *>(bytes_.data()), bytes_.size()};
    }

private:
    Kind kind_;
    ByteSpan bytes_;
};

// How and why a connection ended: egret_ws_close_info. The texts are valid until the callback returns. In the
// result of WebSocketRef::close_report they are valid until the socket is freed.
class CloseInfo {
public:
    CloseInfo() noexcept {
        info_.struct_size = sizeof info_;
        info_.reason = info_.message = "";
    }
    explicit CloseInfo(const egret_ws_close_info &info) noexcept : CloseInfo() {
        // An older library has fewer fields, and a newer one has more.
        const std::size_t size = std::min<std::size_t>(info.struct_size, sizeof info_);
        std::memcpy(&info_, &info, size);
        info_.struct_size = static_cast<std::uint32_t>(size);
    }

    Error error() const noexcept { return static_cast<Error>(info_.error); }
    const char *error_name() const noexcept { return name(error()); }
    // Equal to `wasClean` in a browser's close event.
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
    // A sentence for a log, with a NUL at its end.
    const char *message() const noexcept { return info_.message; }
    // Another attempt makes sense: egret_ws_is_retryable.
    bool is_retryable() const noexcept { return egret_ws_is_retryable(&info_) == 1; }

private:
    egret_ws_close_info info_{};
};

// The answer of on_request.
enum class RequestAction : std::int32_t {
    // Connect, but stop after an answer that makes another attempt useless, such as 401.
    proceed = EGRET_WS_REQUEST_CONTINUE,
    // Connect, also after such an answer.
    connect = EGRET_WS_REQUEST_CONNECT,
    // Wait. After WebSocketRef::retry_now, on_request is called again.
    wait = EGRET_WS_REQUEST_WAIT,
    // Do not connect. on_close follows.
    stop = EGRET_WS_REQUEST_STOP,
};

// The direction of a frame.
enum class Direction : std::int32_t {
    sent = EGRET_WS_FRAME_SENT,
    received = EGRET_WS_FRAME_RECEIVED,
    // Sent frames were not recorded: `length` is their number.
    lost = EGRET_WS_FRAME_LOST,
};

// A frame for on_frame: egret_ws_on_frame_fn.
struct Frame {
    Direction direction = Direction::sent;
    std::uint32_t opcode = 0;
    // True for the last frame of its message.
    bool is_final = false;
    bool is_compressed = false;
    // The bytes of the payload on the wire.
    std::uint64_t length = 0;
};

// The statistics of a socket: egret_ws_statistics, with durations.
struct Statistics {
    // generated: statistics, by "make header"; do not edit
    std::uint32_t http_status{};
    std::uint32_t tls_version{};
    std::uint32_t redirects{};
    std::chrono::microseconds resolve_time{};
    std::chrono::microseconds connect_time{};
    std::chrono::microseconds proxy_time{};
    std::chrono::microseconds tls_time{};
    std::chrono::microseconds handshake_time{};
    std::uint32_t connections{};
    std::uint32_t retries{};
    std::uint64_t messages_sent{};
    std::uint64_t bytes_sent{};
    std::uint64_t wire_bytes_sent{};
    std::uint64_t messages_received{};
    std::uint64_t bytes_received{};
    std::uint64_t wire_bytes_received{};
    std::uint64_t send_queue_bytes{};
    std::uint64_t send_queue_peak_bytes{};
    std::uint64_t receive_queue_bytes{};
    std::uint64_t receive_queue_peak_bytes{};
    std::chrono::microseconds rtt{};
    std::chrono::microseconds rtt_smoothed{};
    std::uint32_t tls_resumed{};
    std::uint32_t addresses_tried{};
    // generated: end

    Statistics() noexcept = default;
    explicit Statistics(const egret_ws_statistics &c) noexcept {
        // generated: statistics of C, by "make header"; do not edit
        http_status = c.http_status;
        tls_version = c.tls_version;
        redirects = c.redirects;
        resolve_time = std::chrono::microseconds(c.resolve_us);
        connect_time = std::chrono::microseconds(c.connect_us);
        proxy_time = std::chrono::microseconds(c.proxy_us);
        tls_time = std::chrono::microseconds(c.tls_us);
        handshake_time = std::chrono::microseconds(c.handshake_us);
        connections = c.connections;
        retries = c.retries;
        messages_sent = c.messages_sent;
        bytes_sent = c.bytes_sent;
        wire_bytes_sent = c.wire_bytes_sent;
        messages_received = c.messages_received;
        bytes_received = c.bytes_received;
        wire_bytes_received = c.wire_bytes_received;
        send_queue_bytes = c.send_queue_bytes;
        send_queue_peak_bytes = c.send_queue_peak_bytes;
        receive_queue_bytes = c.receive_queue_bytes;
        receive_queue_peak_bytes = c.receive_queue_peak_bytes;
        rtt = std::chrono::microseconds(c.rtt_us);
        rtt_smoothed = std::chrono::microseconds(c.rtt_smoothed_us);
        tls_resumed = c.tls_resumed;
        addresses_tried = c.addresses_tried;
        // generated: end
    }
};

} // namespace egret

#endif
