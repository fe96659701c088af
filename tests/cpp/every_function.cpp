// Calls each function of egret_ws.h through the binding and checks its effect. (The test that runs this program checks that the
// object file uses all functions.)
#include "check.hpp"

#include <atomic>
#include <thread>

// A server that chooses a subprotocol and answers with headers.
static void answer_one(int listening) {
    char head[4096], accept_key[29], answer[512];
    const int fd = accept(listening, nullptr, nullptr);
    CHECK(fd >= 0 && receive_request(fd, head, sizeof head));
    CHECK(strstr(head, "Sec-WebSocket-Protocol: chat, superchat\r\n") != nullptr);
    CHECK(strstr(head, "X-Game: egret\r\n") != nullptr);
    const char *const name = "Sec-WebSocket-Key: ";
    const char *const key = strstr(head, name);
    CHECK(key != nullptr);
    websocket_accept(key + strlen(name), strcspn(key + strlen(name), "\r"), accept_key);
    snprintf(answer, sizeof answer,
             "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-Server: one\r\n"
             "X-Server: two\r\nSet-Cookie: a=1; Path=/\r\nSec-WebSocket-Protocol: superchat\r\nSec-WebSocket-Extensions: permessage-deflate\r\n"
             "Sec-WebSocket-Accept: %s\r\n\r\n",
             accept_key);
    CHECK(send_all(fd, answer, strlen(answer)));
    uint8_t data[256];
    size_t len;
    while (receive_frame(fd, data, sizeof data, &len) >= 0) continue;
    close(fd);
}

static void getters_of_the_handshake() {
    listener server = listen_silently();
    std::thread thread(answer_one, server.fd);
    {
        egret::Loop loop = make_loop();
        egret::Options options;
        options.subprotocols = "chat, superchat";
        options.headers = {{"X-Game", "egret"}};
        Seen seen;
        auto ws = loop.connect_host("127.0.0.1", server.port, options, note(seen));
        CHECK_DONE(ws);
        CHECK(*ws->subprotocol() == "");
        CHECK_ERROR(ws->response_header("X-Server"), egret::Error::not_found);
        UNTIL(loop, seen.connects == 1);
        CHECK(*ws->subprotocol() == "superchat");
        CHECK(*ws->extensions() == "permessage-deflate");
        CHECK(*ws->response_header("x-server") == "one, two");
        CHECK_ERROR(ws->response_header("X-Other"), egret::Error::not_found);
        CHECK(ws->response_headers()->find("X-Server: one\nX-Server: two\n") != std::string::npos);
        const auto stats = ws->stats();
        CHECK_DONE(stats);
        CHECK_EQ(stats->http_status, 101);
        CHECK(*ws->remote_address() == "127.0.0.1:" + std::to_string(server.port));
        CHECK(ws->local_address()->find("127.0.0.1:") == 0 && *ws->local_address() != *ws->remote_address());
        CHECK(*ws->tried_addresses() == *ws->remote_address() + " connected\n" && stats->addresses_tried == 1);
        CHECK(*ws->proxy() == "" && *ws->response_body() == "");
        CHECK(*ws->response_cookies() == "ws://127.0.0.1:" + std::to_string(server.port) + "/ a=1; Path=/\n");
        CHECK(*ws->tls_cipher() == "" && *ws->tls_alpn() == "" && stats->tls_resumed == 0);
        CHECK(ws->peer_certificates()->empty());
        CHECK_ERROR(ws->peer_certificate(0), egret::Error::not_found);
    }
    thread.join();
    close_listener(&server);
}

static void a_socket_is_measured() {
    egret::Loop loop = make_loop();
    Seen seen;
    egret::WebSocket ws = connect_to(loop, echo_url, note(seen));
    CHECK(ws.state() == egret::State::connecting && ws.generation() == 0);
    CHECK(ws.listener<egret::Callbacks>() != nullptr && ws.listener<egret::Listener>() == nullptr);
    CHECK_ERROR(ws.ping(), egret::Error::not_open);
    UNTIL(loop, seen.connects == 1);
    CHECK(ws.generation() == 1);
    CHECK_DONE(ws.retry_now()); // no reconnection is pending
    CHECK_DONE(ws.ping());
    UNTIL(loop, ws.stats()->rtt.count() > 0);
    CHECK(ws.stats()->handshake_time.count() > 0 && ws.stats()->tls_time == std::chrono::seconds(0));
    CHECK_DONE(ws.send_text("12345"));
    UNTIL(loop, seen.messages == 1);
    CHECK(ws.buffered_amount() == 0);
    const auto stats = ws.stats();
    CHECK(stats->messages_sent == 1 && stats->bytes_received == 5 && stats->connections == 1);
    CHECK_DONE(ws.close(1000, "done"));
    UNTIL(loop, seen.closes == 1);
}

static void a_loop_can_be_waited_for() {
    egret::Loop loop = make_loop();
    const auto descriptor = loop.descriptor();
    CHECK_DONE(descriptor);
    Seen seen;
    egret::WebSocket ws = connect_to(loop, echo_url, note(seen));
    UNTIL(loop, seen.connects == 1);
    CHECK_DONE(ws.send_text("x"));
    while (seen.messages == 0) {
        struct pollfd readable = {*descriptor, POLLIN, 0};
        const auto next = loop.next_poll();
        CHECK_DONE(next);
        const int wait = static_cast<int>(std::min(*next, std::chrono::milliseconds(WAIT_LIMIT_MS)).count());
        CHECK(poll(&readable, 1, wait) > 0 || wait < WAIT_LIMIT_MS);
        CHECK_DONE(loop.poll());
    }
    CHECK_DONE(loop.wake());
    CHECK_DONE(loop.poll(egret::unlimited)); // returns, because of the wake-up

    static std::atomic<int> wakeups;
    wakeups = 0;
    const auto set = loop.set_wakeup([] { ++wakeups; });
    CHECK_ERROR(set, driver == 0 ? egret::Error::ok : egret::Error::unsupported);
    if (set) {
        CHECK_DONE(ws.send_text("y"));
        WAIT_UNTIL(wakeups > 0);
        UNTIL(loop, seen.messages == 2);
        CHECK_DONE(loop.set_wakeup(nullptr));
    }
}

static void suspend_resume_and_network_changed() {
    egret::Loop loop = make_loop();
    Seen seen;
    egret::Options options;
    options.ping_interval = egret::unlimited;
    egret::WebSocket ws = connect_to(loop, echo_url, note(seen), options);
    UNTIL(loop, seen.connects == 1);
    CHECK_DONE(loop.suspend());
    CHECK_DONE(ws.send_text("asleep"));
    UNTIL(loop, seen.messages == 1);
    CHECK_EQ(ws.stats()->rtt.count(), 0);
    CHECK_DONE(loop.resume());
    UNTIL(loop, ws.stats()->rtt.count() > 0); // the resume has sent a ping
    CHECK_DONE(loop.network_changed());
    works(loop);
    CHECK(ws.is_open());

    egret::LoopOptions closing;
    closing.close_on_suspend = true;
    egret::Loop other = make_loop(std::move(closing));
    Seen closed;
    egret::WebSocket ends = connect_to(other, echo_url, note(closed));
    UNTIL(other, closed.connects == 1);
    CHECK_DONE(other.suspend());
    UNTIL(other, closed.closes == 1);

    // A socket that must reconnect waits for the resume.
    std::chrono::milliseconds delay{};
    egret::Callbacks on;
    on.on_retry = [&delay](auto, auto &, auto, std::chrono::milliseconds given) { delay = given; };
    egret::LoopOptions again;
    again.close_on_suspend = true;
    egret::Loop third = make_loop(std::move(again));
    options.retry_attempts = egret::unlimited;
    egret::WebSocket waits = connect_to(third, echo_url, std::move(on), options);
    UNTIL(third, waits.is_open());
    CHECK_DONE(third.suspend());
    UNTIL(third, delay == egret::unlimited);
}

static void a_connection_is_retried() {
    egret::Loop loop = make_loop();
    listener unused = bind_loopback();
    egret::Options options;
    options.retry_attempts = 2;
    options.retry.min_wait = options.retry.first_wait = std::chrono::minutes(1);
    std::vector<uint32_t> attempts;
    egret::Error error = egret::Error::ok;
    egret::Callbacks on;
    on.on_retry = [&](egret::WebSocketRef ws, const egret::CloseInfo &info, uint32_t attempt, std::chrono::milliseconds delay) {
        CHECK(info.error() == egret::Error::connect && info.is_retryable() && delay == std::chrono::minutes(1));
        CHECK(delay != egret::unlimited);
        attempts.push_back(attempt);
        CHECK_DONE(ws.retry_now());
    };
    on.on_close = [&](egret::WebSocketRef, const egret::CloseInfo &info) { error = info.error(); };
    egret::WebSocket ws = connect_to(loop, unused.url, std::move(on), options);
    UNTIL(loop, error != egret::Error::ok);
    CHECK(error == egret::Error::connect);
    CHECK(attempts == std::vector<uint32_t>({1, 2}));
    close_listener(&unused);
}

static std::atomic<bool> may_read;

static void read_after_signal(server *s, int fd) {
    WAIT_UNTIL(may_read);
    swallow(s, fd);
}

static void a_full_buffer_drains() {
    static server peer;
    may_read = false;
    start_server(&peer, read_after_signal);
    egret::Loop loop = make_loop();
    int connects = 0, drains = 0;
    egret::Callbacks on;
    on.on_connect = [&](egret::WebSocketRef) { ++connects; };
    on.on_drain = [&](egret::WebSocketRef) { ++drains; };
    egret::WebSocket ws = connect_to(loop, peer.at.url, std::move(on));
    UNTIL(loop, connects == 1);
    const std::vector<uint8_t> part(PART);
    egret::Result<void> sent;
    while ((sent = ws.send_binary(part))) CHECK_DONE(loop.poll());
    CHECK_ERROR(sent, egret::Error::backpressure);
    CHECK(*ws.buffered_amount() > 0);
    CHECK_EQ(drains, 0);
    may_read = true;
    UNTIL(loop, drains == 1);
    ws.reset();
    CHECK_DONE(loop.reset());
    stop_server(&peer);
}

static void a_socket_is_aborted() {
    egret::Loop loop = make_loop();
    Seen seen;
    egret::WebSocket ws = connect_to(loop, echo_url, note(seen));
    CHECK_ERROR(ws.close_report(), egret::Error::not_found);
    UNTIL(loop, seen.connects == 1);
    CHECK_DONE(ws.abort());
    UNTIL(loop, seen.closes == 1);
    CHECK(seen.error == egret::Error::aborted);
    const auto report = ws.close_report();
    CHECK_DONE(report);
    CHECK(report->error() == egret::Error::aborted && report->initiator() == egret::Initiator::local);
    CHECK(!report->is_retryable() && strlen(report->message()) > 0 && report->reason() == "");
}

static void a_socket_pauses() {
    egret::Loop loop = make_loop();
    Seen seen;
    int pongs = 0;
    egret::Callbacks on = note(seen);
    on.on_pong = [&pongs](egret::WebSocketRef, egret::ByteSpan payload) {
        if (payload.size() == 3 && std::memcmp(payload.data(), "abc", 3) == 0) ++pongs;
    };
    egret::WebSocket ws = connect_to(loop, echo_url, std::move(on));
    UNTIL(loop, seen.connects == 1);
    CHECK_DONE(ws.ping(std::string_view("abc")));
    UNTIL(loop, pongs == 1);
    CHECK_ERROR(ws.ping(std::string(126, 'x')), egret::Error::invalid_argument);

    CHECK_DONE(ws.pause_receive());
    CHECK_DONE(ws.send(egret::Kind::text, std::string_view("later")));
    UNTIL(loop, ws.stats()->messages_sent == 1);
    CHECK_EQ(seen.messages, 0);
    CHECK_DONE(ws.resume_receive());
    UNTIL(loop, seen.messages == 1);
    CHECK(seen.last == "later");
}

static void a_request_is_changed() {
    listener server = listen_silently();
    std::thread thread(answer_one, server.fd);
    {
        egret::Loop loop = make_loop();
        listener unused = bind_loopback();
        std::vector<uint32_t> attempts;
        Seen seen;
        egret::Callbacks on = note(seen);
        on.on_request = [&](egret::WebSocketRef, uint32_t attempt, const egret::CloseInfo *last, egret::Request request) {
            attempts.push_back(attempt);
            CHECK((attempt == 0) == (last == nullptr) && request.get() != nullptr);
            if (last) {
                CHECK(last->error() == egret::Error::connect);
                CHECK_DONE(request.set_addresses("192.0.2.1"));
                CHECK_DONE(request.remove_addresses());
                CHECK_DONE(request.set_url("ws://game.test:" + std::to_string(server.port) + "/"));
                CHECK_DONE(request.set_addresses("127.0.0.1"));
                CHECK_ERROR(request.set_addresses("game.test"), egret::Error::invalid_argument);
                CHECK_DONE(request.set_subprotocols("chat, superchat"));
                CHECK_DONE(request.set_header("X-Game", "egret"));
                CHECK_DONE(request.set_header("X-Other", "1"));
                CHECK_DONE(request.remove_header("X-Other"));
                CHECK_ERROR(request.set_url("ws://["), egret::Error::invalid_url);
                CHECK_ERROR(request.set_header("a b", ""), egret::Error::invalid_argument);
                const std::string_view nul("a\0b", 3);
                CHECK_ERROR(request.set_url(nul), egret::Error::invalid_argument);
                CHECK_ERROR(request.set_header(nul, ""), egret::Error::invalid_argument);
                CHECK_ERROR(request.set_header("a", nul), egret::Error::invalid_argument);
                CHECK_ERROR(request.remove_header(nul), egret::Error::invalid_argument);
                CHECK_ERROR(request.set_subprotocols(nul), egret::Error::invalid_argument);
                CHECK_ERROR(request.set_addresses(nul), egret::Error::invalid_argument);
            }
            return egret::RequestAction::proceed;
        };
        egret::Options options;
        options.retry_attempts = 1;
        options.retry.first_wait = egret::at_once;
        egret::WebSocket ws = connect_to(loop, unused.url, std::move(on), options);
        UNTIL(loop, seen.connects == 1);
        CHECK(*ws.subprotocol() == "superchat");
        CHECK(attempts == std::vector<uint32_t>({0, 1}));
        close_listener(&unused);
    }
    thread.join();
    close_listener(&server);
}

// The request waits until retry_now; then on_request is called again.
static void a_request_waits() {
    egret::Loop loop = make_loop();
    Seen seen;
    int asked = 0;
    egret::Callbacks on = note(seen);
    on.on_request = [&](egret::WebSocketRef, uint32_t, const egret::CloseInfo *, egret::Request) {
        return ++asked == 1 ? egret::RequestAction::wait : egret::RequestAction::connect;
    };
    egret::WebSocket ws = connect_to(loop, echo_url, std::move(on));
    UNTIL(loop, asked == 1);
    CHECK_DONE(ws.retry_now());
    UNTIL(loop, seen.connects == 1);
    CHECK_EQ(asked, 2);
}

static void a_refusal_is_read() {
    static const char answer[] = "HTTP/1.1 403 Forbidden\r\nSet-Cookie: seen=yes\r\nTransfer-Encoding: chunked\r\n\r\n"
                                 "4\r\nban\0\r\n3\r\nned\r\n0\r\n\r\n";
    listener server = listen_silently();
    std::thread thread([&server] {
        char head[4096];
        const int fd = accept(server.fd, nullptr, nullptr);
        CHECK(fd >= 0 && receive_request(fd, head, sizeof head));
        CHECK(send_all(fd, answer, sizeof answer - 1));
        close(fd);
    });
    {
        egret::Loop loop = make_loop();
        std::string body, cookies;
        egret::Callbacks on;
        on.on_close = [&](egret::WebSocketRef ws, const egret::CloseInfo &info) {
            CHECK(info.error() == egret::Error::http_status && info.http_status() == 403);
            body = *ws.response_body();
            cookies = *ws.response_cookies();
        };
        egret::WebSocket ws = connect_to(loop, server.url, std::move(on));
        UNTIL(loop, ws.state() == egret::State::closed);
        CHECK(body == std::string_view("ban\0ned", 7));
        CHECK(cookies == std::string(server.url) + " seen=yes\n");
    }
    thread.join();
    close_listener(&server);
}

static void frames_are_traced() {
    egret::Loop loop = make_loop();
    std::vector<egret::Frame> sent, received;
    Seen seen;
    egret::Callbacks on = note(seen);
    on.on_frame = [&](egret::WebSocketRef, const egret::Frame &frame) {
        (frame.direction == egret::Direction::sent ? sent : received).push_back(frame);
    };
    egret::Options options;
    options.disable_deflate = true;
    egret::WebSocket ws = connect_to(loop, echo_url, std::move(on), options);
    UNTIL(loop, seen.connects == 1);
    CHECK_DONE(ws.send_text("12345"));
    UNTIL(loop, seen.messages == 1);
    CHECK_DONE(ws.close());
    UNTIL(loop, seen.closes == 1);
    CHECK(sent.size() == 2 && received.size() == 2);
    for (const auto *frames : {&sent, &received}) {
        const egret::Frame text = frames->front(), close = frames->back();
        CHECK(text.opcode == 1 && text.length == 5 && text.is_final && !text.is_compressed);
        CHECK(close.opcode == 8 && close.length == 2);
    }
    CHECK(received.front().direction == egret::Direction::received);
}

static void a_loop_reports_what_it_lost() {
    static server peer;
    may_read = false;
    start_server(&peer, read_after_signal);
    egret::LoopOptions options;
    options.linger = egret::at_once;
    egret::Loop loop = make_loop(std::move(options));
    Seen seen;
    egret::Options socket_options;
    socket_options.max_send_buffer_bytes = 64 << 20;
    egret::WebSocket ws = connect_to(loop, peer.at.url, note(seen), socket_options);
    UNTIL(loop, seen.connects == 1);
    // More than the system's buffers can hold, for a server that does not read.
    const std::vector<uint8_t> part(PART);
    for (size_t sent = 0; sent < 48 << 20; sent += PART) CHECK_DONE(ws.send_binary(part));
    const auto lost = loop.reset();
    CHECK_DONE(lost);
    CHECK(lost->sockets == 1 && lost->unsent_messages > 0);
    CHECK_EQ(lost->unsent_bytes, lost->unsent_messages * PART);
    may_read = true;
    stop_server(&peer);
}

static void functions_without_a_socket() {
    CHECK_EQ(egret::version_number(), EGRET_WS_VERSION_NUMBER);
    CHECK(std::string(egret::version_string()).find('.') != std::string::npos);
    CHECK(*egret::normalize_url("HTTP://Example.com:80/a b") == "ws://example.com/a%20b");
    const auto bad = egret::normalize_url("ftp://example.com");
    CHECK_ERROR(bad, egret::Error::invalid_url);
    CHECK(strlen(bad.error_message()) > 0 && strcmp(bad.error_message(), egret::last_error_message()) == 0);
}

int main(int argc, char **argv) {
    begin(argc, argv);
    getters_of_the_handshake();
    a_socket_is_measured();
    a_loop_can_be_waited_for();
    suspend_resume_and_network_changed();
    a_connection_is_retried();
    a_full_buffer_drains();
    a_socket_is_aborted();
    a_socket_pauses();
    a_request_is_changed();
    a_request_waits();
    a_refusal_is_read();
    frames_are_traced();
    a_loop_reports_what_it_lost();
    functions_without_a_socket();
    return 0;
}
