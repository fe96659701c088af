// wslay's event API, used as in Godot 4: a poll receives and sends, received messages are copied into a queue, and the game reads
// them from there. Plain only, because wslay has no TLS.
#include "blocking.h"

#include <arpa/inet.h>
#include <cerrno>
#include <deque>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <wslay/wslay.h>

static const size_t QUEUE_BYTES = 1 << 20;

struct Wslay {
    int fd = -1;
    wslay_event_context_ptr context = nullptr;
    std::string early; // bytes after the answer to the upgrade, from the same read
    std::vector<uint8_t> queue_bytes, message;
    size_t queue_begin = 0;
    std::deque<size_t> sizes;

    static ssize_t failed(wslay_event_context_ptr context) {
        wslay_event_set_error(context, errno == EAGAIN ? WSLAY_ERR_WOULDBLOCK : WSLAY_ERR_CALLBACK_FAILURE);
        return -1;
    }
    static ssize_t on_receive(wslay_event_context_ptr context, uint8_t *to, size_t size, int, void *user) {
        Wslay &self = *static_cast<Wslay *>(user);
        if (!self.early.empty()) {
            size = self.early.copy(reinterpret_cast<char *>(to), size);
            self.early.erase(0, size);
            return static_cast<ssize_t>(size);
        }
        const ssize_t got = recv(self.fd, to, size, 0);
        if (got == 0) errno = ECONNRESET;
        return got > 0 ? got : failed(context);
    }
    static ssize_t on_send(wslay_event_context_ptr context, const uint8_t *from, size_t size, int, void *user) {
        const ssize_t sent = ::send(static_cast<Wslay *>(user)->fd, from, size, MSG_NOSIGNAL);
        return sent >= 0 ? sent : failed(context);
    }
    static int on_masking_key(wslay_event_context_ptr, uint8_t *key, size_t size, void *) {
        static uint64_t state = 88172645463325252u;
        for (size_t i = 0; i < size; i++) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            key[i] = static_cast<uint8_t>(state);
        }
        return 0;
    }
    static void on_message(wslay_event_context_ptr, const wslay_event_on_msg_recv_arg *message, void *user) {
        Wslay &self = *static_cast<Wslay *>(user);
        if (wslay_is_ctrl_frame(message->opcode)) return;
        self.queue_bytes.insert(self.queue_bytes.end(), message->msg, message->msg + message->msg_length);
        self.sizes.push_back(message->msg_length);
    }

    void connect() {
        const int on = 1;
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<uint16_t>(lab.port));
        inet_pton(AF_INET, lab.host, &address.sin_addr);
        fd = socket(AF_INET, SOCK_STREAM, 0);
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (::connect(fd, reinterpret_cast<sockaddr *>(&address), sizeof address)) lab_fail("it cannot connect");
        upgrade();
        fcntl(fd, F_SETFL, O_NONBLOCK);

        wslay_event_callbacks callbacks{};
        callbacks.recv_callback = on_receive;
        callbacks.send_callback = on_send;
        callbacks.genmask_callback = on_masking_key;
        callbacks.on_msg_recv_callback = on_message;
        wslay_event_context_client_init(&context, &callbacks, this);
        wslay_event_config_set_max_recv_msg_length(context, QUEUE_BYTES);
    }
    void upgrade() {
        const std::string request = std::string("GET ") + lab.path + " HTTP/1.1\r\nHost: " + lab.host + ":" +
                                    std::to_string(lab.port) +
                                    "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
        size_t head_end;
        ::send(fd, request.data(), request.size(), MSG_NOSIGNAL);
        while ((head_end = early.find("\r\n\r\n")) == std::string::npos) {
            char bytes[4096];
            const ssize_t got = recv(fd, bytes, sizeof bytes, 0);
            if (got <= 0) lab_fail("the upgrade failed");
            early.append(bytes, static_cast<size_t>(got));
        }
        early.erase(0, head_end + 4);
    }

    void poll_once() {
        if (wslay_event_recv(context) || wslay_event_send(context)) lab_fail("wslay");
    }
    void wait(short events) {
        pollfd socket = {fd, events, 0};
        ::poll(&socket, 1, -1);
    }
    void send(const uint8_t *payload, size_t size, bool text) {
        const wslay_event_msg message = {static_cast<uint8_t>(text ? WSLAY_TEXT_FRAME : WSLAY_BINARY_FRAME), payload, size};
        while (wslay_event_get_queued_msg_length(context) > QUEUE_BYTES) {
            wait(POLLOUT);
            poll_once();
        }
        if (wslay_event_queue_msg(context, &message) || wslay_event_send(context)) lab_fail("wslay");
    }
    void queue(const uint8_t *payload, size_t size) { send(payload, size, false); }
    void flush() {
        while (wslay_event_want_write(context)) {
            wait(POLLOUT);
            poll_once();
        }
    }
    const uint8_t *receive(size_t &size) {
        for (poll_once(); sizes.empty(); poll_once())
            wait(static_cast<short>(wslay_event_want_write(context) ? POLLIN | POLLOUT : POLLIN));
        return take(size);
    }
    const uint8_t *take(size_t &size) {
        const auto at = queue_bytes.begin() + static_cast<std::ptrdiff_t>(queue_begin);
        size = sizes.front();
        message.assign(at, at + static_cast<std::ptrdiff_t>(size));
        sizes.pop_front();
        queue_begin += size;
        if (sizes.empty()) {
            queue_bytes.clear();
            queue_begin = 0;
        }
        return message.data();
    }
    void poll() {
        poll_once();
        while (!sizes.empty()) {
            size_t size;
            const uint8_t *payload = take(size);
            lab_frame_message(payload, size);
        }
    }
    void close() {
        wslay_event_queue_close(context, 1000, nullptr, 0);
        wslay_event_send(context);
        while (!wslay_event_get_close_received(context)) {
            wait(POLLIN);
            if (wslay_event_recv(context)) break;
        }
        wslay_event_context_free(context);
        ::close(fd);
    }
};

int main(int argc, char **argv) {
    lab_init(argc, argv);
    if (lab.tls) lab_fail("wslay has no TLS");
    return lab_blocking<Wslay>();
}
