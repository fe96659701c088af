// Tests that log lines and wake-ups may come from any thread, also while their loop is destroyed. The loop and its callables live
// until their last call has returned.
#include "check.hpp"

#include <atomic>
#include <thread>

enum { ROUNDS = SLOW ? 20 : 60 };

// An object that a callable owns. AddressSanitizer detects a use after its destruction.
struct Alive : Counted {
    int *number = new int(7);
    Alive() = default;
    Alive(Alive &&other) noexcept : number(std::exchange(other.number, nullptr)) {}
    ~Alive() { delete number; }
};

static std::atomic<int64_t> lines, wakeups;

static void a_loop_ends_while_others_log() {
    static const std::string too_big(egret::max_message_bytes + 1, 'x');
    for (int round = 0; round < ROUNDS; ++round) {
        egret::LoopOptions options;
        options.on_log = [alive = Alive()](egret::LogLevel, std::string_view text, egret::WebSocketRef) {
            CHECK_EQ(*alive.number, 7);
            CHECK(!text.empty());
            ++lines;
        };
        egret::Loop loop = make_loop(std::move(options));
        egret::WebSocket ws = connect_to(loop, echo_url, egret::Listener());
        UNTIL(loop, ws.is_open());
        const egret::WebSocketRef ref = ws;
        const int64_t before = lines;
        std::thread thread([ref] {
            while (ref.send_text(too_big).error() == egret::Error::message_too_big) continue;
            CHECK_ERROR(ref.send_text(too_big), egret::Error::bad_handle);
        });
        WAIT_UNTIL(lines > before);
        CHECK_DONE(loop.reset());
        thread.join();
    }
}

// Returns whether the flag is set within 50 ms. In this time a call that does not wait would have returned.
static bool is_set_soon(const std::atomic<bool> &flag) {
    const int64_t deadline_us = now_us() + 50000;
    while (!flag && now_us() < deadline_us) std::this_thread::yield();
    return flag;
}

// The destruction of the loop waits for a running log call, and then destroys the callable.
static void a_loop_outlives_its_log_lines() {
    static std::atomic<bool> has_begun, is_destroyed, has_ended;
    const std::string too_big(egret::max_message_bytes + 1, 'x');
    egret::LoopOptions options;
    options.on_log = [alive = Alive()](egret::LogLevel, std::string_view, egret::WebSocketRef) {
        if (has_begun.exchange(true)) return;
        CHECK(!is_set_soon(is_destroyed));
        CHECK_EQ(*alive.number, 7);
        has_ended = true;
    };
    egret::Loop loop = make_loop(std::move(options));
    egret::WebSocket ws = connect_to(loop, echo_url, egret::Listener());
    UNTIL(loop, ws.is_open());
    std::thread thread([&too_big, ref = egret::WebSocketRef(ws)] { ref.send_text(too_big); });
    WAIT_UNTIL(has_begun);
    CHECK_DONE(loop.reset());
    is_destroyed = true;
    CHECK(has_ended);
    CHECK_EQ(Counted::alive, 0);
    thread.join();
}

// Replacing a callable waits for its running call, and then destroys the callable.
static void a_replacement_waits_for_the_wakeup() {
    if (driver != 0) return;
    static std::atomic<bool> has_begun, is_replaced, has_ended;
    egret::Loop loop = make_loop();
    Seen seen;
    egret::WebSocket ws = connect_to(loop, echo_url, note(seen));
    UNTIL(loop, seen.connects == 1);
    CHECK_DONE(loop.set_wakeup([alive = Alive()] {
        if (has_begun.exchange(true)) return;
        CHECK(!is_set_soon(is_replaced));
        CHECK_EQ(*alive.number, 7);
        has_ended = true;
    }));
    CHECK_DONE(ws.send_text("x"));
    WAIT_UNTIL(has_begun);
    CHECK_DONE(loop.set_wakeup(nullptr));
    is_replaced = true;
    CHECK(has_ended);
    CHECK_EQ(Counted::alive, 0);
}

// A callable that replaces itself lives until its call has returned.
static void a_wakeup_replaces_itself() {
    if (driver != 0) return;
    egret::Loop loop = make_loop();
    std::atomic<bool> has_ended{false};
    CHECK_DONE(loop.set_wakeup([&, alive = Alive()] {
        CHECK_DONE(loop.set_wakeup(nullptr));
        CHECK_EQ(*alive.number, 7);
        has_ended = true;
    }));
    CHECK_DONE(loop.wake());
    CHECK(has_ended);
    CHECK_EQ(Counted::alive, 0);
}

static void a_wakeup_is_replaced_while_it_is_called() {
    if (driver != 0) return;
    egret::Loop loop = make_loop();
    Seen seen;
    egret::WebSocket ws = connect_to(loop, echo_url, note(seen));
    UNTIL(loop, seen.connects == 1);
    for (int round = 0; round < ROUNDS; ++round) {
        const int64_t before = wakeups;
        CHECK_DONE(ws.send_text("x"));
        CHECK_DONE(loop.set_wakeup([alive = Alive()] {
            CHECK_EQ(*alive.number, 7);
            ++wakeups;
        }));
        WAIT_UNTIL(wakeups > before);
        UNTIL(loop, seen.messages == round + 1);
    }
    CHECK_EQ(Counted::alive, 1);
    CHECK_DONE(loop.set_wakeup(nullptr));
    CHECK_EQ(Counted::alive, 0);
}

static void a_loop_is_woken_from_a_thread() {
    egret::Loop loop = make_loop();
    std::thread thread([&loop] { CHECK_DONE(loop.wake()); });
    CHECK_DONE(loop.poll(egret::unlimited));
    thread.join();
}

int main(int argc, char **argv) {
    begin(argc, argv);
    a_loop_ends_while_others_log();
    CHECK_EQ(Counted::alive, 0);
    a_loop_outlives_its_log_lines();
    a_replacement_waits_for_the_wakeup();
    a_wakeup_replaces_itself();
    a_wakeup_is_replaced_while_it_is_called();
    a_loop_is_woken_from_a_thread();
    return 0;
}
