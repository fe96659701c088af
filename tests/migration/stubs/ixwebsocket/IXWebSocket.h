// The declarations of IXWebSocket 11 that docs/migration/samples/ixwebsocket/before.cpp uses, to check its syntax and types.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace ix {

struct WebSocketCloseConstants {
    static const uint16_t kNormalClosureCode;
    static const uint16_t kAbnormalCloseCode;
    static const std::string kNormalClosureMessage;
};
struct WebSocketSendInfo {
    bool success;
};
enum class WebSocketMessageType { Message = 0, Open = 1, Close = 2, Error = 3, Ping = 4, Pong = 5, Fragment = 6 };
struct WebSocketErrorInfo {
    int http_status;
    std::string reason;
};
struct WebSocketCloseInfo {
    uint16_t code;
    std::string reason;
    bool remote;
};
struct WebSocketMessage {
    WebSocketMessageType type;
    const std::string &str;
    WebSocketErrorInfo errorInfo;
    WebSocketCloseInfo closeInfo;
};
using WebSocketMessagePtr = std::unique_ptr<WebSocketMessage>;

class WebSocket {
public:
    WebSocket();
    ~WebSocket();
    void setUrl(const std::string &);
    void setPingInterval(int seconds);
    void disableAutomaticReconnection();
    void setOnMessageCallback(const std::function<void(const WebSocketMessagePtr &)> &);
    void start();
    void stop(uint16_t code = WebSocketCloseConstants::kNormalClosureCode,
              const std::string &reason = WebSocketCloseConstants::kNormalClosureMessage);
    WebSocketSendInfo sendText(const std::string &);
    void close(uint16_t code = WebSocketCloseConstants::kNormalClosureCode,
               const std::string &reason = WebSocketCloseConstants::kNormalClosureMessage);
};

} // namespace ix
