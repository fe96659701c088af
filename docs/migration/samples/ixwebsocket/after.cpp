// Sends a message to a server, prints the answer, and closes.
#include <egret_ws.hpp>

#include <iostream>

int main(int, char **argv) {
    bool has_failed = false;
    egret::Callbacks on; // called in loop->poll(), on the thread of main
    on.on_connect = [](egret::WebSocketRef ws) {
        if (!ws.send_text("Hello Egret WebSocket"))
            std::cerr << "not sent\n";
    };
    on.on_message = [](egret::WebSocketRef ws, egret::Message const &message) {
        std::cout << "received: " << message.text() << '\n';
        ws.close();
    };
    on.on_close = [&](egret::WebSocketRef, egret::CloseInfo const &info) {
        if (!info.clean())
            std::cerr << "failed: " << info.message() << '\n';
        has_failed = !info.clean();
    };
    auto loop = egret::Loop::create();
    if (!loop)
        return 1;
    auto const socket = loop->connect(argv[1], {}, std::move(on));
    if (!socket) {
        std::cerr << "failed: " << socket.error_message() << '\n';
        return 1;
    }
    while (socket->state() != egret::State::closed && loop->poll(egret::unlimited)) {} // a game polls once a frame
    return has_failed ? 1 : 0;
}
