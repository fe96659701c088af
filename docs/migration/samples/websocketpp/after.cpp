// Sends a message to a server, prints the answer, and closes.
#include <egret_ws.hpp>

#include <iostream>
#include <string>

int main(int, char **argv) {
    bool has_failed = false;
    egret::Callbacks on;
    on.on_connect = [](egret::WebSocketRef ws) {
        if (auto const sent = ws.send_text("Hello Egret WebSocket"); !sent)
            std::cerr << "not sent: " << sent.error_message() << '\n';
    };
    on.on_message = [](egret::WebSocketRef ws, egret::Message const &message) {
        std::cout << "received: " << message.text() << '\n';
        ws.close();
    };
    on.on_close = [&](egret::WebSocketRef, egret::CloseInfo const &info) {
        if (info.clean())
            return;
        std::cerr << "failed: " << info.message() << '\n';
        has_failed = true;
    };
    auto loop = egret::Loop::create();
    if (!loop)
        return 1;
    auto const ws = loop->connect(argv[1], {}, std::move(on));
    if (!ws) {
        std::cerr << "failed: " << ws.error_message() << '\n';
        return 1;
    }
    while (ws->state() != egret::State::closed && loop->poll(egret::unlimited)) {} // a game polls once a frame
    return has_failed ? 1 : 0;
}
