// shell [URL]: the frame loop of a game. It polls once a frame, sends its updates, and ends after three seconds.
#include <egret_ws.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

// The game's part of the connection. The binding calls it only from Loop::poll.
class World : public egret::Listener {
public:
    void on_connect(egret::WebSocketRef ws) {
        std::printf("connected, to %s\n", ws.remote_address()->c_str());
    }
    void on_message(egret::WebSocketRef, const egret::Message &message) {
        ++received;
        last.assign(message.text());
    }
    void on_close(egret::WebSocketRef, const egret::CloseInfo &info) {
        std::printf("%s (%s, code %d)\n", info.message(), info.error_name(), info.code());
        clean = info.clean();
    }

    int received = 0;
    std::string last;
    bool clean = false;
};

int main(int argc, char **argv) {
    const char *const url = argc > 1 ? argv[1] : "ws://127.0.0.1:9000/";
    const int frames = argc > 2 ? std::atoi(argv[2]) : 180;

    egret::LoopOptions loop_options;
    loop_options.on_log = [](egret::LogLevel, std::string_view line, egret::WebSocketRef) {
        std::fprintf(stderr, "egret_ws: %.*s\n", static_cast<int>(line.size()), line.data());
    };
    auto loop = egret::Loop::create(std::move(loop_options));
    if (!loop) {
        std::fprintf(stderr, "no loop: %s\n", loop.error_message());
        return EXIT_FAILURE;
    }

    World world; // must outlive the socket, which uses it
    egret::Options options;
    options.connect_timeout = std::chrono::seconds(5);
    auto ws = loop->connect(url, options, &world);
    if (!ws) {
        std::fprintf(stderr, "%s: %s\n", url, ws.error_message());
        return EXIT_FAILURE;
    }

    int sent = 0;
    auto next = std::chrono::steady_clock::now();
    for (int frame = 0; frame < frames && ws->state() != egret::State::closed; ++frame) {
        // A game would update and draw its scene here.
        if (ws->is_open() && ws->send_text("frame " + std::to_string(frame)))
            ++sent;
        // Polls until the next frame instead of sleeping, so a message that arrives in the meantime is handled immediately.
        next += std::chrono::milliseconds(16);
        do {
            loop->poll(std::max(next - std::chrono::steady_clock::now(), std::chrono::steady_clock::duration::zero()));
        } while (std::chrono::steady_clock::now() < next);
    }

    ws->close();
    while (ws->state() != egret::State::closed)
        loop->poll(egret::unlimited);
    std::printf("%d sent, %d received, the last: %s\n", sent, world.received, world.last.c_str());
    return world.clean && sent == world.received ? EXIT_SUCCESS : EXIT_FAILURE;
}
