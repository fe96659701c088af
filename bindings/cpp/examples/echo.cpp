// echo [URL]: says hello to an echo server, prints the answer and closes.
#include <egret_ws.hpp>
#include <cstdio>
int main(int argc, char **argv) {
    const char *const url = argc > 1 ? argv[1] : "ws://127.0.0.1:9000/";
    bool is_clean = false;
    egret::Callbacks on;
    on.on_connect = [](egret::WebSocketRef ws) {
        if (const auto sent = ws.send_text("Hello Egret WebSocket"); !sent) std::fprintf(stderr, "%s\n", sent.error_message());
    };
    on.on_message = [](egret::WebSocketRef ws, const egret::Message &message) {
        std::printf("received: %s\n", message.text().data()), ws.close();
    };
    on.on_close = [&](egret::WebSocketRef, const egret::CloseInfo &info) {
        is_clean = info.clean();
        std::printf("%s%s\n", info.message(), info.is_retryable() ? "; try again later" : "");
    };
    egret::Options options;
    options.connect_timeout = std::chrono::seconds(5);
    auto loop = egret::Loop::create();
    auto ws = loop->connect(url, options, std::move(on));
    if (!ws) return std::fprintf(stderr, "%s: %s (%s)\n", url, ws.error_message(), ws.error_name()), 1;
    while (ws->state() != egret::State::closed && loop->poll(egret::unlimited)) {} // a game polls once a frame, without waiting
    return is_clean ? 0 : 1;
}
