// The minimal client, which is the lower bound: a TCP client that implements only the parts of WebSocket that these measurements
// need. It checks nothing, handles no error, and makes as few reads and writes as possible.
#include "../common/frame.h"
#include "blocking.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

static const size_t READ_BYTES = 64 * 1024, MIN_READ_BYTES = 16 * 1024, WRITE_BYTES = 64 * 1024, HEAD_BYTES = 4096;
static const char UPGRADE[] = "GET %s HTTP/1.1\r\nHost: %s:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

static SSL_CTX *tls_context() {
    static SSL_CTX *context = nullptr;
    if (context) return context;
    context = SSL_CTX_new(TLS_client_method());
    if (SSL_CTX_load_verify_locations(context, lab.ca, nullptr) != 1) lab_fail("the authority cannot be read");
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_read_ahead(context, 1);
    if (lab.mode != IDLE && lab.mode != OPEN_CLOSE) SSL_CTX_set_default_read_buffer_len(context, READ_BYTES);
    return context;
}

static uint32_t masking_key() {
    static uint64_t state = 0x9E3779B97F4A7C15u; // xorshift: this client needs no secret keys
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return static_cast<uint32_t>(state >> 16);
}

struct Raw {
    int fd = -1;
    SSL *tls = nullptr;
    std::vector<uint8_t> in, out;
    size_t begin = 0, end = 0; // the unread bytes of `in`
    size_t queued = 0;         // the used bytes of `out`

    // Reads at most `size` bytes. Returns 0 if there are none and the socket does not block.
    size_t read(uint8_t *to, size_t size) {
        if (tls) {
            const int got = SSL_read(tls, to, static_cast<int>(size));
            if (got > 0) return static_cast<size_t>(got);
            if (SSL_get_error(tls, got) == SSL_ERROR_WANT_READ) return 0;
        } else {
            const ssize_t got = recv(fd, to, size, 0);
            if (got > 0) return static_cast<size_t>(got);
            if (got < 0 && errno == EAGAIN) return 0;
        }
        lab_fail("the connection is lost");
    }

    void write(const uint8_t *from, size_t size) {
        while (size > 0) {
            const ssize_t wrote =
                tls ? SSL_write(tls, from, static_cast<int>(size)) : ::send(fd, from, size, MSG_NOSIGNAL);
            if (wrote <= 0) lab_fail("the connection is lost");
            from += wrote;
            size -= static_cast<size_t>(wrote);
        }
    }

    void connect() {
        const bool is_one_of_many = lab.mode == IDLE || lab.mode == OPEN_CLOSE;
        const int on = 1;
        sockaddr_in address{};
        in.resize(is_one_of_many ? HEAD_BYTES : READ_BYTES + (lab.size < READ_BYTES ? READ_BYTES : lab.size + 64));
        out.resize(is_one_of_many ? 512 : lab.size + WRITE_BYTES + MAX_FRAME_HEADER);
        if (lab.mode == BACKLOG) out.resize((lab.size + MAX_FRAME_HEADER) * lab.count, 1);

        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<uint16_t>(lab.port));
        inet_pton(AF_INET, lab.host, &address.sin_addr);
        fd = socket(AF_INET, SOCK_STREAM, 0);
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (::connect(fd, reinterpret_cast<sockaddr *>(&address), sizeof address)) lab_fail("the client cannot connect");
        if (lab.tls) {
            tls = SSL_new(tls_context());
            SSL_set_fd(tls, fd);
            SSL_set1_host(tls, lab.host);
            if (SSL_connect(tls) != 1) lab_fail("the TLS handshake failed");
        }
        upgrade();
        if (lab.mode == FRAME || lab.mode == POLL) fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    }

    void upgrade() {
        char request[512];
        const int size = snprintf(request, sizeof request, UPGRADE, lab.path, lab.host, lab.port);
        const char *head_end = nullptr;
        write(reinterpret_cast<uint8_t *>(request), static_cast<size_t>(size));
        while (!head_end) {
            end += read(in.data() + end, HEAD_BYTES - 1 - end);
            in[end] = '\0';
            head_end = strstr(reinterpret_cast<char *>(in.data()), "\r\n\r\n");
        }
        if (memcmp(in.data(), "HTTP/1.1 101", 12)) lab_fail("the upgrade was refused");
        begin = static_cast<size_t>(reinterpret_cast<const uint8_t *>(head_end) + 4 - in.data());
    }

    void frame(int opcode, const uint8_t *payload, size_t size) {
        uint8_t *at = out.data() + queued;
        const size_t header = frame_write_header(at, opcode, size, 1);
        const uint32_t key = masking_key();
        memcpy(at + header, &key, 4);
        frame_mask(at + header + 4, payload, size, key);
        queued += header + 4 + size;
    }

    void flush() {
        if (queued > 0) write(out.data(), queued);
        queued = 0;
    }

    bool has_room() const { return queued + lab.size + MAX_FRAME_HEADER <= out.size(); }

    void queue(const uint8_t *payload, size_t size) {
        frame(OPCODE_BINARY, payload, size);
        if (lab.mode != BACKLOG && queued >= WRITE_BYTES) flush();
    }

    void send(const uint8_t *payload, size_t size, bool text) {
        frame(text ? OPCODE_TEXT : OPCODE_BINARY, payload, size);
        // With several messages in flight, one write answers all messages of one read, before the next read.
        if (lab.mode != IN_FLIGHT || !has_room()) flush();
    }

    // Returns the next complete frame that was read, or NULL.
    const uint8_t *next(size_t &size) {
        frame_header header;
        const uint8_t *at = in.data() + begin;
        if (!frame_read_header(at, end - begin, &header)) return nullptr;
        if (end - begin < header.header + header.payload) {
            if (begin + header.header + header.payload > in.size()) move_to_start();
            return nullptr;
        }
        begin += header.header + header.payload;
        size = header.payload;
        return at + header.header;
    }

    void move_to_start() {
        memmove(in.data(), in.data() + begin, end - begin);
        end -= begin;
        begin = 0;
    }

    // Reads up to READ_BYTES and appends them to the incomplete frame.
    size_t read_more(size_t least) {
        if (begin == end)
            begin = end = 0;
        else if (in.size() - end < least)
            move_to_start();
        const size_t got = read(in.data() + end, std::min(in.size() - end, READ_BYTES));
        end += got;
        return got;
    }

    const uint8_t *receive(size_t &size) {
        for (;;) {
            if (const uint8_t *payload = next(size)) return payload;
            if (queued > 0) flush();
            read_more(MIN_READ_BYTES);
        }
    }

    void poll() {
        size_t got;
        do {
            size_t size;
            got = read_more(READ_BYTES);
            while (const uint8_t *payload = next(size)) lab_frame_message(payload, size);
        } while (tls ? got > 0 : got == READ_BYTES);
    }

    void close() {
        const uint8_t code[2] = {1000 >> 8, 1000 & 255};
        uint8_t rest[64];
        frame(OPCODE_CLOSE, code, sizeof code);
        flush();
        if (tls) {
            SSL_read(tls, rest, sizeof rest);
            SSL_free(tls);
        } else {
            while (recv(fd, rest, sizeof rest, 0) > 0) continue;
        }
        ::close(fd);
    }
};

int main(int argc, char **argv) {
    lab_init(argc, argv);
    return lab_blocking<Raw>();
}
