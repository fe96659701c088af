// echo [URL]: says hello to an echo server, prints the answer and closes.
#include <egret_ws.hpp>
#include <cstdio>

int main(int argc, char **argv) {
    const char *url = argc > 1 ? argv[1] : "ws://127.0.0.1:9000/";
    bool is_clean = false;
    egret::Callbacks on;
    on.on_connect = [](egret::WebSocketRef ws) { ws.send_text("Hello Egret WebSocket"); };
    on.on_message = [](egret::WebSocketRef ws, const egret::Message &message) {
        std::printf("received: %s\n", message.text().data());
        ws.close();
    };
    on.on_close = [&](egret::WebSocketRef, const egret::CloseInfo &info) {
        std::puts(info.message());
        is_clean = info.clean();
    };

    auto loop = egret::Loop::create();
    auto ws = loop->connect_url(url, {}, std::move(on));
    if (!ws)
        return std::fprintf(stderr, "%s: %s\n", url, ws.error_name()), 1;
    while (ws->state() != egret::State::closed)
        loop->poll(-1); // a game polls once a frame, without waiting
    return is_clean ? 0 : 1;
}
