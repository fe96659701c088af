// clean_quit URL: sends 100 messages, and quits when the server has got all of them.
#include <egret_ws.hpp>
#include <chrono>
#include <cstdio>
#include <string>

int main(int argc, char **argv) {
    if (argc < 2) return std::fprintf(stderr, "usage: %s URL\n", argv[0]), 2;
    bool has_all = false;
    egret::Callbacks on;
    on.on_close = [&](egret::WebSocketRef, const egret::CloseInfo &info) {
        // The server has answered the Close frame, which follows the last message.
        has_all = info.clean() && info.initiator() == egret::Initiator::local;
        std::printf("%s; %lu messages were not sent\n", info.message(), static_cast<unsigned long>(info.unsent_messages()));
    };

    auto loop = egret::Loop::create();
    if (!loop) return std::fprintf(stderr, "no loop: %s\n", loop.error_message()), 1;
    auto ws = loop->connect(argv[1], {}, std::move(on));
    if (!ws) return std::fprintf(stderr, "refused: %s\n", ws.error_message()), 1;
    while (ws->state() == egret::State::connecting && loop->poll(egret::unlimited)) {}
    for (int score = 0; score < 100; ++score) {
        if (auto sent = ws->send_text(std::to_string(score)); !sent) return std::fprintf(stderr, "not sent: %s\n", sent.error_message()), 1;
    }

    ws->close(); // sends what was accepted, then a Close frame
    while (ws->state() != egret::State::closed && loop->poll(std::chrono::milliseconds(16))) {
        // The game can draw a frame here.
    }
    const auto lost = loop->reset(); // frees the loop and its sockets
    if (!lost || lost->sockets > 0) std::fprintf(stderr, "not freed, or messages were lost\n");
    return has_all ? 0 : 1;
}
