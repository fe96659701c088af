// Thousands of sockets, opened and ended in every way, leave nothing behind: no listener, descriptor, thread or memory.
// EGRET_WS_TEST_SOCKETS says how many (2000 unless told).
#include "check.hpp"

#include <dirent.h>
#include <malloc.h>

enum { WINDOW = 50, WAYS = 5 };

struct Player : egret::Listener, Counted {
    explicit Player(int way) : way_(way) {}
    void on_connect(egret::WebSocketRef at) {
        if (way_ == 1) ws.reset();
        if (way_ >= 2) CHECK_DONE(at.send_text("hello"));
    }
    void on_message(egret::WebSocketRef at, const egret::Message &message) {
        CHECK(message.text() == "hello");
        if (way_ == 2) ws.reset();
        if (way_ >= 3) CHECK_DONE(at.close());
    }
    void on_close(egret::WebSocketRef, const egret::CloseInfo &info) {
        CHECK(info.clean());
        if (way_ == 3) ws.reset(); // else its destructor does it
    }
    egret::WebSocket ws;

private:
    int way_;
};

static void play(egret::Loop &loop, int sockets) {
    for (int begun = 0; begun < sockets || Counted::alive > 0;) {
        for (; begun < sockets && Counted::alive < WINDOW; ++begun) {
            auto player = std::make_unique<Player>(begun % WAYS);
            Player &same = *player;
            same.ws = connect_to(loop, echo_url, std::move(player));
            if (begun % WAYS == 0) same.ws.reset(); // while it connects
        }
        UNTIL(loop, Counted::alive < WINDOW && (begun < sockets || Counted::alive == 0));
    }
}

static int entries_of(const char *path) {
    DIR *const directory = opendir(path);
    CHECK(directory != nullptr);
    int entries = 0;
    while (readdir(directory)) ++entries;
    closedir(directory);
    return entries;
}

int main(int argc, char **argv) {
    begin(argc, argv);
    const char *const told = getenv("EGRET_WS_TEST_SOCKETS");
    const int sockets = told ? atoi(told) : 2000;
    CHECK(sockets > 0);
    egret::Loop loop = make_loop();
    play(loop, 500);
    works(loop);
    const int descriptors = entries_of("/proc/self/fd"), threads = entries_of("/proc/self/task");
    const size_t before = mallinfo2().uordblks;
    play(loop, sockets);
    works(loop);
    // Those that were let go open or connecting are still saying goodbye.
    UNTIL(loop, entries_of("/proc/self/fd") <= descriptors);
    UNTIL(loop, entries_of("/proc/self/task") <= threads);
    CHECK_EQ(Counted::alive, 0);
    const int64_t grown = static_cast<int64_t>(mallinfo2().uordblks) - static_cast<int64_t>(before);
    printf("%d sockets, %lld bytes\n", sockets, static_cast<long long>(grown));
    // Buffers that are kept come and go, in either measurement.
    if (!SANITIZED) CHECK(grown < 256 * 1024);
    return 0;
}
