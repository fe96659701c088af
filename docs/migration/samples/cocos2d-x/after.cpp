// The connection of a game: sends a message to a server, prints the answer, and closes.
#include <egret_ws.hpp>

#include <cstdio>
#include <string>
#include <utility>

class Connection : public egret::Listener {
public:
    bool connect(const std::string &url) {
        auto loop = egret::Loop::create(); // one for all sockets of a game
        if (!loop)
            return false;
        loop_ = std::move(*loop);
        auto socket = loop_.connect(url, {}, this);
        if (!socket) {
            std::fprintf(stderr, "failed: %s\n", socket.error_message());
            return false;
        }
        socket_ = std::move(*socket);
        return true;
    }

    // The scene calls this once a frame.
    void update(float) {
        loop_.poll(); // calls the functions below
    }

    bool isFinished() const { return isFinished_; }
    bool hasFailed() const { return hasFailed_; }

    void on_connect(egret::WebSocketRef socket) { socket.send_text("Hello Egret WebSocket"); }

    void on_message(egret::WebSocketRef socket, const egret::Message &message) {
        std::printf("received: %s\n", message.text().data());
        socket.close();
    }

    void on_close(egret::WebSocketRef, const egret::CloseInfo &info) {
        isFinished_ = true;
        hasFailed_ = !info.clean();
        if (hasFailed_)
            std::fprintf(stderr, "failed: %s\n", info.message());
    }

private:
    egret::Loop loop_;
    egret::WebSocket socket_;
    bool isFinished_ = false;
    bool hasFailed_ = false;
};
