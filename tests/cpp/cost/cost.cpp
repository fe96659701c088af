// cost MESSAGES URL: works like cost.c, but uses the binding: with -DCALLABLES it uses callables, otherwise a listener.
#include <egret_ws.hpp>

#include <cstdio>
#include <cstdlib>

static char text[65] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

struct Game : egret::Listener {
    void send_next(egret::WebSocketRef ws) {
        if (left-- > 0)
            ws.send_text({text, 64});
        else
            ws.close();
    }
    void on_connect(egret::WebSocketRef ws) { send_next(ws); }
    void on_message(egret::WebSocketRef ws, const egret::Message &message) {
        if (message.is_text())
            sum += message.bytes()[0] + static_cast<unsigned>(message.bytes().size());
        send_next(ws);
    }
    void on_close(egret::WebSocketRef, const egret::CloseInfo &info) { clean = info.clean(); }

    long left = 0;
    unsigned sum = 0;
    bool clean = false;
};

int main(int argc, char **argv) {
    if (argc != 3)
        return 2;
    Game game;
    game.left = std::atol(argv[1]);
    egret::LoopOptions options;
    options.run_inline = true;
    auto loop = egret::Loop::create(std::move(options));
#ifdef CALLABLES
    egret::Callbacks on;
    on.on_connect = [&](egret::WebSocketRef ws) { game.on_connect(ws); };
    on.on_message = [&](egret::WebSocketRef ws, const egret::Message &message) { game.on_message(ws, message); };
    on.on_close = [&](egret::WebSocketRef ws, const egret::CloseInfo &info) { game.on_close(ws, info); };
    auto ws = loop->connect(argv[2], {}, std::move(on));
#else
    auto ws = loop->connect(argv[2], {}, &game);
#endif
    if (!ws)
        return 1;
    while (ws->state() != egret::State::closed)
        loop->poll(egret::unlimited);
    std::printf("%u\n", game.sum);
    return game.clean ? 0 : 1;
}
