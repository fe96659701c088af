// frame_loop [URL [SECONDS]]: a game loop at 60 frames a second with two sockets, and the cost of their polls.
//
// Both sockets send messages with a time stamp to an echo server. The status shows the average and the longest time of a
// poll, including callbacks. For each socket it shows the state, the last round trip of a message of the game (including
// the wait for the next frame), and the bytes in the send queue. The program runs until Ctrl-C, or for SECONDS.

#include <egret_ws.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#ifdef _WIN32
#include <io.h>
#define isatty _isatty
#define fileno _fileno
#else
#include <unistd.h>
#endif

using Clock = std::chrono::steady_clock;

// On a terminal each status replaces the previous one. Otherwise each status is a new line.
static const bool terminal = isatty(fileno(stdout));
static const char *const line_start = terminal ? "\r\x1b[K" : "";
static const char *const status_end = terminal ? "" : "\n";

static void check(int32_t result, const char *what)
{
    if (result < 0)
        throw std::runtime_error(std::string(what) + ": " + egret_ws_error_name(result));
}

struct FreeLoop {
    void operator()(egret_ws_loop *loop) const { egret_ws_loop_free(loop, nullptr); }
};
using Loop = std::unique_ptr<egret_ws_loop, FreeLoop>;

static Loop make_loop()
{
    egret_ws_loop *loop = nullptr;
    check(egret_ws_loop_new(nullptr, &loop), "egret_ws_loop_new");
    return Loop(loop);
}

// A socket that sends a message of `size` bytes every `period` frames. The library keeps its address, so it must not move.
class Channel {
public:
    Channel(const Loop &loop, const char *url, const char *name, unsigned period, std::size_t size)
        : name_(name), period_(period), message_(std::max(size, sizeof(Clock::rep)))
    {
        egret_ws_options options;
        egret_ws_options_init(&options, sizeof options);
        options.user = this;
        options.on_message = on_message;
        options.on_close = on_close;
        check(egret_ws_connect(loop.get(), url, &options, &ws_), url);
    }
    ~Channel() { egret_ws_free(ws_); }
    Channel(const Channel &) = delete;
    Channel &operator=(const Channel &) = delete;

    void update(unsigned frame)
    {
        if (frame % period_ != 0 || egret_ws_state(ws_) != EGRET_WS_STATE_OPEN)
            return;
        const Clock::rep now = Clock::now().time_since_epoch().count();
        std::memcpy(message_.data(), &now, sizeof now);
        // If the send is refused (EGRET_WS_ERR_BACKPRESSURE), the server is too slow. The message is dropped: the next one is
        // newer.
        if (egret_ws_send(ws_, EGRET_WS_BINARY, message_.data(), message_.size()) == EGRET_WS_OK)
            ++sent_;
    }

    void close() { egret_ws_close(ws_, 1000, nullptr, 0); }
    bool closed() const { return egret_ws_state(ws_) == EGRET_WS_STATE_CLOSED; }
    bool closed_cleanly() const { return closed_cleanly_; }

    void print_status() const
    {
        static const char *const states[] = {"connecting", "open", "closing", "closed"};
        std::printf(" | %s %s %.1f ms, %lld B queued", name_, states[egret_ws_state(ws_)], latency_ms_,
                    static_cast<long long>(egret_ws_buffered_amount(ws_)));
    }

private:
    static void on_message(void *user, egret_ws *, int32_t, const uint8_t *data, size_t len) noexcept
    {
        Channel &self = *static_cast<Channel *>(user);
        Clock::rep stamp;
        if (len < sizeof stamp)
            return;
        std::memcpy(&stamp, data, sizeof stamp);
        const Clock::duration latency = Clock::now().time_since_epoch() - Clock::duration(stamp);
        self.latency_ms_ = std::chrono::duration<double, std::milli>(latency).count();
        ++self.received_;
    }

    static void on_close(void *user, egret_ws *, const egret_ws_close_info *info) noexcept
    {
        Channel &self = *static_cast<Channel *>(user);
        self.closed_cleanly_ = info->error == EGRET_WS_OK;
        std::printf("%s%s: %s (%s, code %d); %u messages sent, %u received\n", line_start, self.name_, info->message,
                    egret_ws_error_name(info->error), info->code, self.sent_ - info->unsent_messages, self.received_);
    }

    const char *name_;
    unsigned period_;
    std::vector<uint8_t> message_;
    egret_ws *ws_ = nullptr;
    double latency_ms_ = 0;
    unsigned sent_ = 0;
    unsigned received_ = 0;
    bool closed_cleanly_ = false;
};

// The time that the polls since the last status have taken.
struct PollCost {
    double total_us = 0;
    double worst_us = 0;
    unsigned polls = 0;

    void poll(const Loop &loop)
    {
        const Clock::time_point before = Clock::now();
        check(egret_ws_loop_poll(loop.get(), 0), "egret_ws_loop_poll");
        const double us = std::chrono::duration<double, std::micro>(Clock::now() - before).count();
        total_us += us;
        worst_us = std::max(worst_us, us);
        ++polls;
    }
};

static volatile std::sig_atomic_t interrupted = 0;

static bool play(const char *url, Clock::duration length)
{
    const Clock::duration frame_time = std::chrono::duration_cast<Clock::duration>(std::chrono::seconds(1)) / 60;
    const unsigned frames_per_status = terminal ? 6 : 60;
    const Loop loop = make_loop();
    Channel world(loop, url, "world", 3, 64);
    Channel chat(loop, url, "chat", 30, 512);
    PollCost cost;

    const Clock::time_point start = Clock::now();
    Clock::time_point next = start;
    for (unsigned frame = 1; !interrupted && next - start < length && !(world.closed() && chat.closed()); ++frame) {
        cost.poll(loop);
        // A game would update and draw its scene here.
        world.update(frame);
        chat.update(frame);
        if (frame % frames_per_status == 0) {
            std::printf("%spoll %.1f/%.1f us", line_start, cost.total_us / cost.polls, cost.worst_us);
            world.print_status();
            chat.print_status();
            std::printf("%s", status_end);
            std::fflush(stdout);
            cost = PollCost();
        }
        next = std::max(next + frame_time, Clock::now()); // after a long frame, continue from now; do not try to catch up
        std::this_thread::sleep_until(next);
    }

    world.close();
    chat.close();
    while (!(world.closed() && chat.closed()))
        check(egret_ws_loop_poll(loop.get(), -1), "egret_ws_loop_poll");
    return world.closed_cleanly() && chat.closed_cleanly();
}

int main(int argc, char **argv)
{
    const char *url = argc > 1 ? argv[1] : "ws://127.0.0.1:9000/";
    const Clock::duration length = argc > 2 ? std::chrono::seconds(std::atoi(argv[2])) : Clock::duration::max();
    std::signal(SIGINT, [](int) { interrupted = 1; });
    try {
        return play(url, length) ? EXIT_SUCCESS : EXIT_FAILURE;
    } catch (const std::exception &error) {
        std::fprintf(stderr, "frame_loop: %s\n", error.what());
        return EXIT_FAILURE;
    }
}
