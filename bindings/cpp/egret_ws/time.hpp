// SPDX-License-Identifier: MIT OR Apache-2.0
// Times and numbers of options. Part of egret_ws.hpp.

#ifndef EGRET_WS_TIME_HPP
#define EGRET_WS_TIME_HPP

#include <egret_ws.h>

#include <chrono>
#include <cstdint>

namespace egret {

// The type of `unlimited`.
struct Unlimited {
    constexpr operator std::uint32_t() const noexcept { return EGRET_WS_UNLIMITED; }

    // For comparison with the wait of on_retry.
    friend constexpr bool operator==(std::chrono::milliseconds time, Unlimited) noexcept {
        return time == std::chrono::milliseconds(EGRET_WS_UNLIMITED);
    }
    friend constexpr bool operator!=(std::chrono::milliseconds time, Unlimited) noexcept {
        return !(time == Unlimited());
    }
};

// The type of `at_once`.
struct AtOnce {
    constexpr operator std::uint32_t() const noexcept { return EGRET_WS_AT_ONCE; }
};

// No limit, or never: for numbers and times of options, and for Loop::poll.
inline constexpr Unlimited unlimited{};
// No wait, or from the first byte on: for the options for which egret_ws.h allows it, and for Loop::poll.
inline constexpr AtOnce at_once{};

// A time of an option: any std::chrono duration, `unlimited`, `at_once`, or, if it is not set, the library's default.
//
// A duration of zero means `at_once`. A fraction of a unit is rounded up, so that a short time never becomes zero. The call that
// takes the options refuses a negative duration, one of more than 2^31 - 1 units, and one that is not a number, with
// Error::invalid_argument and the name of the option.
template <class Unit>
class TimeOption {
public:
    constexpr TimeOption() noexcept = default;
    constexpr TimeOption(Unlimited) noexcept : number_(EGRET_WS_UNLIMITED) {}
    constexpr TimeOption(AtOnce) noexcept : number_(EGRET_WS_AT_ONCE) {}
    template <class Rep, class Period>
    constexpr TimeOption(std::chrono::duration<Rep, Period> time) noexcept : number_(number_of(time)) {}

    // The number for C.
    constexpr std::uint32_t number() const noexcept { return number_; }

    // The number that stands for a duration outside the range. The library refuses it, too.
    static constexpr std::uint32_t out_of_range = 0x80000000;

private:
    template <class Rep, class Period>
    static constexpr std::uint32_t number_of(std::chrono::duration<Rep, Period> time) noexcept {
        // As a floating-point number, because no duration overflows it. It is exact for nanoseconds and longer units.
        const double units = std::chrono::duration<double, typename Unit::period>(time).count();
        if (!(units >= 0 && units <= INT32_MAX)) // also true for NaN
            return out_of_range;
        if (units == 0)
            return EGRET_WS_AT_ONCE;
        const auto whole = static_cast<std::uint32_t>(units);
        return whole < units ? whole + 1 : whole;
    }

    std::uint32_t number_ = 0;
};

namespace detail {

// The number of a time for C. If the time is outside the range, sets `refusal` to `text`.
template <class Unit>
std::uint32_t fitting(TimeOption<Unit> time, const char *text, const char *&refusal) noexcept {
    if (time.number() == time.out_of_range)
        refusal = text;
    return time.number();
}

} // namespace detail

using Milliseconds = TimeOption<std::chrono::milliseconds>;
using Microseconds = TimeOption<std::chrono::microseconds>;

} // namespace egret

#endif
