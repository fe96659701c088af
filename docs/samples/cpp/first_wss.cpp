// first_wss URL [ROOTS]: also connects by TLS. ROOTS is a file with additional trusted certificates.
#include <egret_ws.hpp>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

int main(int argc, char **argv) {
    if (argc < 2) return std::fprintf(stderr, "usage: %s URL [ROOTS]\n", argv[0]), 2;
    bool is_clean = false;
    egret::Callbacks on;
    on.on_connect = [](egret::WebSocketRef ws) {
        std::puts("connected");
        if (auto sent = ws.send_text("hello"); !sent) std::fprintf(stderr, "not sent: %s\n", sent.error_message());
    };
    on.on_message = [](egret::WebSocketRef ws, const egret::Message &message) {
        std::printf("received: %s\n", message.text().data());
        ws.close();
    };
    on.on_close = [&](egret::WebSocketRef, const egret::CloseInfo &info) {
        is_clean = info.clean();
        std::printf("%s (%s)\n", info.message(), info.error_name());
    };
    on.on_retry = [](egret::WebSocketRef, const egret::CloseInfo &info, unsigned attempt, std::chrono::milliseconds delay) {
        std::printf("%s; attempt %u in %lld ms\n", info.message(), attempt, static_cast<long long>(delay.count()));
    };
    egret::Options options;
    options.retry_attempts = 5;
    if (argc > 2) {
        std::ifstream file(argv[2]);
        options.tls_roots = std::string(std::istreambuf_iterator<char>(file), {});
        if (options.tls_roots.empty()) return std::fprintf(stderr, "cannot read %s\n", argv[2]), 2;
    }

    auto loop = egret::Loop::create();
    if (!loop) return std::fprintf(stderr, "no loop: %s\n", loop.error_message()), 1;
    auto ws = loop->connect(argv[1], options, std::move(on));
    if (!ws) return std::fprintf(stderr, "refused: %s (%s)\n", ws.error_message(), ws.error_name()), 1;
    while (ws->state() != egret::State::closed && loop->poll(egret::unlimited)) {} // a game polls once a frame, without waiting
    return is_clean ? 0 : 1;
}
