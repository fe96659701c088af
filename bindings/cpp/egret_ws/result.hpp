// SPDX-License-Identifier: MIT OR Apache-2.0
// Errors, and results that are a value or an error. Part of egret_ws.hpp.

#ifndef EGRET_WS_RESULT_HPP
#define EGRET_WS_RESULT_HPP

#include <egret_ws.h>

#include <cstdint>
#include <type_traits>
#include <utility>

#if defined(__cpp_exceptions) || defined(__EXCEPTIONS) || defined(_CPPUNWIND)
#define EGRET_WS_HAS_EXCEPTIONS 1
#include <stdexcept>
#include <string>
#else
#define EGRET_WS_HAS_EXCEPTIONS 0
#endif

namespace egret {

// EGRET_WS_OK and EGRET_WS_ERR_*, documented in egret_ws.h. A newer library may return other values.
enum class Error : std::int32_t {
    // generated: errors, by "make header"; do not edit
    ok = EGRET_WS_OK,
    invalid_argument = EGRET_WS_ERR_INVALID_ARGUMENT,
    bad_handle = EGRET_WS_ERR_BAD_HANDLE,
    bad_struct = EGRET_WS_ERR_BAD_STRUCT,
    reentrant = EGRET_WS_ERR_REENTRANT,
    busy = EGRET_WS_ERR_BUSY,
    forked = EGRET_WS_ERR_FORKED,
    no_resources = EGRET_WS_ERR_NO_RESOURCES,
    internal = EGRET_WS_ERR_INTERNAL,
    unsupported = EGRET_WS_ERR_UNSUPPORTED,
    not_open = EGRET_WS_ERR_NOT_OPEN,
    message_too_big = EGRET_WS_ERR_MESSAGE_TOO_BIG,
    invalid_utf8 = EGRET_WS_ERR_INVALID_UTF8,
    backpressure = EGRET_WS_ERR_BACKPRESSURE,
    invalid_url = EGRET_WS_ERR_INVALID_URL,
    invalid_close = EGRET_WS_ERR_INVALID_CLOSE,
    not_found = EGRET_WS_ERR_NOT_FOUND,
    resolve = EGRET_WS_ERR_RESOLVE,
    connect = EGRET_WS_ERR_CONNECT,
    proxy = EGRET_WS_ERR_PROXY,
    handshake = EGRET_WS_ERR_HANDSHAKE,
    http_status = EGRET_WS_ERR_HTTP_STATUS,
    redirect = EGRET_WS_ERR_REDIRECT,
    timeout = EGRET_WS_ERR_TIMEOUT,
    connection_lost = EGRET_WS_ERR_CONNECTION_LOST,
    protocol = EGRET_WS_ERR_PROTOCOL,
    aborted = EGRET_WS_ERR_ABORTED,
    tls = EGRET_WS_ERR_TLS,
    tls_expired = EGRET_WS_ERR_TLS_EXPIRED,
    tls_host = EGRET_WS_ERR_TLS_HOST,
    tls_issuer = EGRET_WS_ERR_TLS_ISSUER,
    tls_pin = EGRET_WS_ERR_TLS_PIN,
    tls_options = EGRET_WS_ERR_TLS_OPTIONS,
    // generated: end
};

// The name in C, such as "EGRET_WS_ERR_NOT_OPEN". A static string.
inline const char *name(Error error) noexcept {
    return egret_ws_error_name(static_cast<std::int32_t>(error));
}

// The reason of the last refused call of this thread, as a sentence; empty if no call was refused. Valid until this thread's
// next call of the library.
inline const char *last_error_message() noexcept {
    return egret_ws_last_error_message();
}

#if EGRET_WS_HAS_EXCEPTIONS
// The exception that Result::value throws.
class Exception : public std::runtime_error {
public:
    Exception(Error error, const char *message) : std::runtime_error(std::string(name(error)) + ": " + message), error_(error) {}
    Error error() const noexcept { return error_; }

private:
    Error error_;
};
#endif

namespace detail {

// The part that all results have.
class Status {
public:
    bool has_value() const noexcept { return error_ == Error::ok; }
    explicit operator bool() const noexcept { return has_value(); }
    Error error() const noexcept { return error_; }
    const char *error_name() const noexcept { return name(error_); }

    // The reason of the refusal, as a sentence; empty without an error. Read it before this thread's next call of the library,
    // because it is last_error_message(), unless the binding itself refused the call.
    const char *error_message() const noexcept {
        return has_value() ? "" : reason_ ? reason_ : last_error_message();
    }

protected:
    Status() noexcept = default;
    Status(Error error, const char *reason) noexcept : reason_(reason), error_(error) {}
    ~Status() = default;
    Status(const Status &) = default;
    Status &operator=(const Status &) = default;

    void require_value() const {
#if EGRET_WS_HAS_EXCEPTIONS
        if (!has_value())
            throw Exception(error_, error_message());
#endif
    }

private:
    // The reason if the binding itself refused the call: a static string.
    const char *reason_ = nullptr;
    Error error_ = Error::ok;
};

} // namespace detail

// A value or an error. If it has an error, the value is empty (no handle, zero, no text), so that it is harmless to read it
// by mistake.
template <class T>
class Result : public detail::Status {
public:
    Result(Error error, const char *reason = nullptr) noexcept : Status(error, reason) {}
    Result(T value) noexcept(std::is_nothrow_move_constructible_v<T>) : value_(std::move(value)) {}

    T &operator*() & noexcept { return value_; }
    const T &operator*() const & noexcept { return value_; }
    T &&operator*() && noexcept { return std::move(value_); }
    T *operator->() noexcept { return &value_; }
    const T *operator->() const noexcept { return &value_; }

#if EGRET_WS_HAS_EXCEPTIONS
    // Returns the value, or throws an Exception with the message. Exists only if the compiler has exceptions enabled.
    T &value() & {
        require_value();
        return value_;
    }
    const T &value() const & {
        require_value();
        return value_;
    }
    T &&value() && {
        require_value();
        return std::move(value_);
    }
#endif

    template <class U>
    T value_or(U &&other) const & {
        return has_value() ? value_ : static_cast<T>(std::forward<U>(other));
    }
    template <class U>
    T value_or(U &&other) && {
        return has_value() ? std::move(value_) : static_cast<T>(std::forward<U>(other));
    }

    // An error is not equal to any value.
    friend bool operator==(const Result &result, const T &value) { return result && *result == value; }
    friend bool operator!=(const Result &result, const T &value) { return !(result == value); }

private:
    T value_{};
};

// Success or an error.
template <>
class Result<void> : public detail::Status {
public:
    Result() noexcept = default;
    Result(Error error, const char *reason = nullptr) noexcept : Status(error, reason) {}

#if EGRET_WS_HAS_EXCEPTIONS
    void value() const { require_value(); }
#endif
};

namespace detail {

inline Result<void> status(std::int32_t result) noexcept {
    return static_cast<Error>(result);
}

// Converts the result of a C function: a negative number is an error.
template <class T, class Number>
Result<T> value_or_error(Number result) noexcept {
    if (result < 0)
        return static_cast<Error>(result);
    return static_cast<T>(result);
}

} // namespace detail
} // namespace egret

#endif
