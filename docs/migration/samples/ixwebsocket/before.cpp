// Sends a message to a server, prints the answer, and closes.
#include <ixwebsocket/IXNetSystem.h>
#include <ixwebsocket/IXWebSocket.h>

#include <future>
#include <iostream>

int main(int, char **argv) {
    ix::initNetSystem();
    std::promise<bool> end; // is it a failure?
    ix::WebSocket socket;
    socket.setUrl(argv[1]);
    socket.disableAutomaticReconnection();
    socket.setPingInterval(20);
    socket.setOnMessageCallback([&](ix::WebSocketMessagePtr const &message) { // on the thread of this socket
        switch (message->type) {
        case ix::WebSocketMessageType::Open:
            if (!socket.sendText("Hello Egret WebSocket").success)
                std::cerr << "not sent\n";
            break;
        case ix::WebSocketMessageType::Message:
            std::cout << "received: " << message->str << '\n';
            socket.close();
            break;
        case ix::WebSocketMessageType::Close:
            end.set_value(message->closeInfo.code == ix::WebSocketCloseConstants::kAbnormalCloseCode);
            break;
        case ix::WebSocketMessageType::Error:
            std::cerr << "failed: " << message->errorInfo.reason << '\n';
            end.set_value(true);
            break;
        default:
            break;
        }
    });
    socket.start();
    bool const has_failed = end.get_future().get();
    socket.stop();
    ix::uninitNetSystem();
    return has_failed ? 1 : 0;
}
