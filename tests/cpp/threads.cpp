// Log lines and wake-ups come from any thread, also while their loop is destroyed. A callable lives until its last call has returned.
#include "check.hpp"

#include <atomic>
#include <thread>

enum { ROUNDS = SLOW ? 20 : 60 };

// An object that a callable owns. AddressSanitizer detects its use after its end.
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

// The log call begins before the loop is destroyed and ends after that.
static void a_log_line_outlives_its_loop() {
    static std::atomic<bool> has_begun, is_destroyed, has_ended;
    const std::string too_big(egret::max_message_bytes + 1, 'x');
    egret::LoopOptions options;
    options.on_log = [alive = Alive()](egret::LogLevel, std::string_view, egret::WebSocketRef) {
        if (has_begun.exchange(true)) return;
        WAIT_UNTIL(is_destroyed);
        CHECK_EQ(*alive.number, 7);
        has_ended = true;
    };
    egret::Loop loop = make_loop(std::move(options));
    egret::WebSocket ws = connect_to(loop, echo_url, egret::Listener());
    UNTIL(loop, ws.is_open());
    std::thread thread([&too_big, ref = egret::WebSocketRef(ws)] { ref.send_text(too_big); });
    WAIT_UNTIL(has_begun);
    CHECK_DONE(loop.reset());
    CHECK_EQ(Counted::alive, 1);
    is_destroyed = true;
    thread.join();
    CHECK(has_ended);
    CHECK_EQ(Counted::alive, 0);
}

// The call begins before another callable replaces this one, and ends after that.
static void a_wakeup_outlives_its_replacement() {
    if (driver != 0) return;
    static std::atomic<bool> has_begun, is_replaced, has_ended;
    egret::Loop loop = make_loop();
    Seen seen;
    egret::WebSocket ws = connect_to(loop, echo_url, note(seen));
    UNTIL(loop, seen.connects == 1);
    CHECK_DONE(loop.set_wakeup([alive = Alive()] {
        if (has_begun.exchange(true)) return;
        WAIT_UNTIL(is_replaced);
        CHECK_EQ(*alive.number, 7);
        has_ended = true;
    }));
    CHECK_DONE(ws.send_text("x"));
    WAIT_UNTIL(has_begun);
    CHECK_DONE(loop.set_wakeup(nullptr));
    CHECK_EQ(Counted::alive, 1);
    is_replaced = true;
    WAIT_UNTIL(has_ended && Counted::alive == 0);
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
    // A running call keeps its callable alive.
    WAIT_UNTIL(Counted::alive == 1);
    CHECK_DONE(loop.set_wakeup(nullptr));
    WAIT_UNTIL(Counted::alive == 0);
}

static void a_loop_is_woken_from_a_thread() {
    egret::Loop loop = make_loop();
    std::thread thread([&loop] { CHECK_DONE(loop.wake()); });
    CHECK_DONE(loop.poll(-1));
    thread.join();
}

int main(int argc, char **argv) {
    begin(argc, argv);
    a_loop_ends_while_others_log();
    CHECK_EQ(Counted::alive, 0);
    a_log_line_outlives_its_loop();
    a_wakeup_outlives_its_replacement();
    a_wakeup_is_replaced_while_it_is_called();
    a_loop_is_woken_from_a_thread();
    return 0;
}
