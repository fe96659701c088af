// Tests that times are std::chrono durations and never overflow: a negative or too long time is refused, with the name of its
// option.
#include "check.hpp"

#include <chrono>
#include <limits>

using namespace std::chrono_literals;
using egret::Microseconds;
using egret::Milliseconds;

static_assert(Milliseconds().number() == 0, "the default of the library");
static_assert(Milliseconds(5s).number() == 5000 && Milliseconds(1h).number() == 3600000);
static_assert(Milliseconds(250ms).number() == 250 && Microseconds(250ms).number() == 250000);
static_assert(Milliseconds(std::chrono::duration<double>(0.25)).number() == 250);
static_assert(Milliseconds(std::chrono::duration<int, std::ratio<1, 60>>(6)).number() == 100, "frames");

// A fraction of a unit is rounded up.
static_assert(Milliseconds(1ns).number() == 1 && Milliseconds(1001us).number() == 2 && Milliseconds(1000us).number() == 1);

// Zero does not select the default.
static_assert(Milliseconds(0s).number() == EGRET_WS_AT_ONCE && Milliseconds(egret::at_once).number() == EGRET_WS_AT_ONCE);
static_assert(Milliseconds(egret::unlimited).number() == EGRET_WS_UNLIMITED);

// The limits.
constexpr std::uint32_t refused = Milliseconds::out_of_range;
static_assert(refused > INT32_MAX && refused != EGRET_WS_UNLIMITED && refused != EGRET_WS_AT_ONCE);
static_assert(Milliseconds(std::chrono::milliseconds(INT32_MAX)).number() == INT32_MAX);
static_assert(Milliseconds(std::chrono::nanoseconds(INT32_MAX * INT64_C(1000000))).number() == INT32_MAX);
static_assert(Milliseconds(std::chrono::nanoseconds(INT32_MAX * INT64_C(1000000) + 1)).number() == refused);
static_assert(Milliseconds(std::chrono::milliseconds(INT64_C(1) << 31)).number() == refused);
static_assert(Milliseconds(std::chrono::milliseconds((INT64_C(1) << 32) + 5)).number() == refused, "the value does not overflow to 5");
static_assert(Milliseconds(-1ns).number() == refused && Milliseconds(-1ms).number() == refused);
static_assert(Milliseconds(std::chrono::hours::max()).number() == refused);
static_assert(Milliseconds(std::chrono::hours::min()).number() == refused);
static_assert(Milliseconds(std::chrono::milliseconds::max()).number() == refused);
static_assert(Milliseconds(std::chrono::duration<float>(-0.f)).number() == EGRET_WS_AT_ONCE);

// A plain number, which could be seconds by mistake, does not compile as a duration.
static_assert(!std::is_convertible_v<int, Milliseconds> && !std::is_convertible_v<Milliseconds, std::uint32_t>);

static void numbers_that_are_none_are_refused() {
    using Seconds = std::chrono::duration<double>;
    for (const double odd : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(),
                             -std::numeric_limits<double>::infinity()})
        CHECK_EQ(Milliseconds(Seconds(odd)).number(), refused);
}

static void numbers_have_the_same_names() {
    egret::Options options;
    options.retry_attempts = egret::unlimited;
    options.deflate.threshold_bytes = egret::at_once;
    CHECK_EQ(options.retry_attempts, EGRET_WS_UNLIMITED);
    CHECK_EQ(options.deflate.threshold_bytes, EGRET_WS_AT_ONCE);
}

static void a_poll_waits_as_long_as_it_is_asked_to() {
    egret::Loop loop = make_loop();
    CHECK(loop.poll() == 0 && loop.poll(0s) == 0 && loop.poll(egret::at_once) == 0 && loop.poll(Milliseconds()) == 0);
    const auto start = std::chrono::steady_clock::now();
    CHECK(loop.poll(20ms) == 0);
    CHECK(std::chrono::steady_clock::now() - start >= 20ms);
    CHECK_DONE(loop.wake());
    CHECK(loop.poll(egret::unlimited) == 0);
    CHECK_DONE(loop.wake());
    CHECK(loop.poll(24h) == 0);
    for (const Milliseconds bad : {Milliseconds(-1ms), Milliseconds(std::chrono::hours::max())}) {
        const auto polled = loop.poll(bad);
        CHECK_ERROR(polled, egret::Error::invalid_argument);
        CHECK(strstr(polled.error_message(), "time-out") != nullptr);
    }
}

int main(int argc, char **argv) {
    begin(argc, argv);
    numbers_that_are_none_are_refused();
    numbers_have_the_same_names();
    a_poll_waits_as_long_as_it_is_asked_to();
    return 0;
}
