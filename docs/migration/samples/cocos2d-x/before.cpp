// The connection of a game: sends a message to a server, prints the answer, and closes.
#include "network/WebSocket.h"

#include <cstdio>
#include <memory>
#include <string>

using cocos2d::network::WebSocket;

class Connection : public WebSocket::Delegate {
public:
    bool connect(const std::string &url) {
        socket_.reset(new WebSocket);
        return socket_->init(*this, url);
    }

    // The scene calls this once a frame.
    void update(float) {
        if (isFinished_)
            socket_.reset(); // not in onClose, which uses the socket
    }

    bool isFinished() const { return isFinished_; }
    bool hasFailed() const { return hasFailed_; }

    void onOpen(WebSocket *socket) override { socket->send("Hello Egret WebSocket"); }

    void onMessage(WebSocket *socket, const WebSocket::Data &data) override {
        std::printf("received: %s\n", data.bytes);
        socket->closeAsync();
    }

    void onError(WebSocket *, const WebSocket::ErrorCode &error) override {
        std::fprintf(stderr, "failed: %d\n", static_cast<int>(error));
        isFinished_ = hasFailed_ = true;
    }

    void onClose(WebSocket *) override { isFinished_ = true; }

private:
    std::unique_ptr<WebSocket> socket_;
    bool isFinished_ = false;
    bool hasFailed_ = false;
};
