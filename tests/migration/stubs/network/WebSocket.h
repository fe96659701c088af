// The declarations of cocos2d-x 3 and 4 that docs/migration/samples/cocos2d-x/before.cpp uses, to check its syntax and types.
#pragma once

#include <string>
#include <sys/types.h>
#include <vector>

namespace cocos2d {
namespace network {

class WebSocket {
public:
    struct Data {
        char *bytes;
        ssize_t len, issued;
        bool isBinary;
        void *ext;
    };
    enum class ErrorCode { TIME_OUT, CONNECTION_FAILURE, UNKNOWN };
    class Delegate {
    public:
        virtual ~Delegate() {}
        virtual void onOpen(WebSocket *) = 0;
        virtual void onMessage(WebSocket *, const Data &) = 0;
        virtual void onClose(WebSocket *) = 0;
        virtual void onError(WebSocket *, const ErrorCode &) = 0;
    };
    WebSocket();
    virtual ~WebSocket();
    bool init(const Delegate &, const std::string &url, const std::vector<std::string> *protocols = nullptr,
              const std::string &caFilePath = "");
    void send(const std::string &);
    void send(const unsigned char *, unsigned int);
    void close();
    void closeAsync();
};

} // namespace network
} // namespace cocos2d
