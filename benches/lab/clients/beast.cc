// A client with Boost.Beast, synchronous, as in its client example (websocket/client/sync). LAB_TUNED=1: messages are not split
// into frames, and the masking buffer has room for a whole message.
#include "blocking.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>

namespace beast = boost::beast;
namespace net = boost::asio;
namespace websocket = beast::websocket;
using tcp = net::ip::tcp;

static net::io_context io;

static net::ssl::context &tls_context() {
    static net::ssl::context *context = nullptr;
    if (context) return *context;
    context = new net::ssl::context(net::ssl::context::tls_client);
    context->load_verify_file(lab.ca);
    context->set_verify_mode(net::ssl::verify_peer);
    return *context;
}

static websocket::stream<tcp::socket> *make(tcp::socket *) { return new websocket::stream<tcp::socket>(io); }
static websocket::stream<beast::ssl_stream<tcp::socket>> *make(beast::ssl_stream<tcp::socket> *) {
    return new websocket::stream<beast::ssl_stream<tcp::socket>>(io, tls_context());
}
static void secure(tcp::socket &) {}
static void secure(beast::ssl_stream<tcp::socket> &tls) { tls.handshake(net::ssl::stream_base::client); }

template <class Next> struct Beast {
    std::unique_ptr<websocket::stream<Next>> stream;
    beast::flat_buffer buffer;

    void connect() {
        stream.reset(make(static_cast<Next *>(nullptr)));
        auto &socket = beast::get_lowest_layer(*stream);
        socket.connect(tcp::endpoint(net::ip::make_address(lab.host), static_cast<uint16_t>(lab.port)));
        socket.set_option(tcp::no_delay(true));
        secure(stream->next_layer());
        stream->handshake(std::string(lab.host) + ":" + std::to_string(lab.port), lab.path);
        if (getenv("LAB_TUNED")) {
            stream->auto_fragment(false);
            stream->write_buffer_bytes(131072);
        }
    }
    void send(const uint8_t *payload, size_t size, bool text) {
        stream->text(text);
        stream->write(net::buffer(payload, size));
    }
    void queue(const uint8_t *payload, size_t size) { send(payload, size, false); }
    void flush() {}
    const uint8_t *receive(size_t &size) {
        buffer.consume(buffer.size());
        size = stream->read(buffer);
        return static_cast<const uint8_t *>(buffer.data().data());
    }
    void close() {
        beast::error_code ignored;
        stream->close(websocket::close_code::normal, ignored);
    }
};

int main(int argc, char **argv) {
    lab_init(argc, argv);
    try {
        return lab.tls ? lab_blocking<Beast<beast::ssl_stream<tcp::socket>>>() : lab_blocking<Beast<tcp::socket>>();
    } catch (const std::exception &error) {
        lab_fail(error.what());
    }
}
