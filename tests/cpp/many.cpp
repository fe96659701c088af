// Opens thousands of sockets, ends them in every way, and checks that no listener, descriptor, thread or memory leaks.
// EGRET_WS_TEST_SOCKETS is the number of sockets (default: 2000).
#include "check.hpp"

#include <dirent.h>
#include <malloc.h>

enum { WINDOW = 50, ENDINGS = 5 };

struct Client : egret::Listener, Counted {
    explicit Client(int ending) : ending_(ending) {}
    void on_connect(egret::WebSocketRef at) {
        if (ending_ == 1) ws.reset();
        if (ending_ >= 2) CHECK_DONE(at.send_text("hello"));
    }
    void on_message(egret::WebSocketRef at, const egret::Message &message) {
        CHECK(message.text() == "hello");
        if (ending_ == 2) ws.reset();
        if (ending_ >= 3) CHECK_DONE(at.close());
    }
    void on_close(egret::WebSocketRef, const egret::CloseInfo &info) {
        CHECK(info.clean());
        if (ending_ == 3) ws.reset(); // otherwise the destructor frees the socket
    }
    egret::WebSocket ws;

private:
    int ending_;
};

static void open_and_end(egret::Loop &loop, int sockets) {
    for (int begun = 0; begun < sockets || Counted::alive > 0;) {
        for (; begun < sockets && Counted::alive < WINDOW; ++begun) {
            auto client = std::make_unique<Client>(begun % ENDINGS);
            Client &same = *client;
            same.ws = connect_to(loop, echo_url, std::move(client));
            if (begun % ENDINGS == 0) same.ws.reset(); // while it connects
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
    const char *const value = getenv("EGRET_WS_TEST_SOCKETS");
    const int sockets = value ? atoi(value) : 2000;
    CHECK(sockets > 0);
    egret::Loop loop = make_loop();
    open_and_end(loop, 500);
    works(loop);
    const int descriptors = entries_of("/proc/self/fd"), threads = entries_of("/proc/self/task");
    const size_t before = mallinfo2().uordblks;
    open_and_end(loop, sockets);
    works(loop);
    // Sockets that were freed while open or connecting still perform the closing handshake.
    UNTIL(loop, entries_of("/proc/self/fd") <= descriptors);
    UNTIL(loop, entries_of("/proc/self/task") <= threads);
    CHECK_EQ(Counted::alive, 0);
    const int64_t grown = static_cast<int64_t>(mallinfo2().uordblks) - static_cast<int64_t>(before);
    printf("%d sockets, %lld bytes\n", sockets, static_cast<long long>(grown));
    // The number of kept buffers varies in both measurements.
    if (!SANITIZED) CHECK(grown < 256 * 1024);
    return 0;
}
