// Tests that errors are values: empty and freed handles and wrong arguments return an error, and reading the value of an error is
// safe.
#include "check.hpp"

#ifdef __has_include
#if __has_include(<version>)
#include <version>
#endif
#endif
#ifdef __cpp_lib_span
#include <span>
#endif

static void empty_handles() {
    const egret::WebSocketRef none;
    CHECK(!none && none.get() == nullptr && none == egret::WebSocketRef() && !none.is_open());
    CHECK_ERROR(none.send_text("x"), egret::Error::bad_handle);
    CHECK_ERROR(none.send_binary({}), egret::Error::bad_handle);
    CHECK_ERROR(none.close(), egret::Error::bad_handle);
    CHECK_ERROR(none.free_handle(), egret::Error::bad_handle);
    CHECK_ERROR(none.state(), egret::Error::bad_handle);
    CHECK_ERROR(none.buffered_amount(), egret::Error::bad_handle);
    CHECK_ERROR(none.generation(), egret::Error::bad_handle);
    CHECK_ERROR(none.retry_now(), egret::Error::bad_handle);
    CHECK_ERROR(none.send(egret::Kind::text, {}), egret::Error::bad_handle);
    CHECK_ERROR(none.ping(), egret::Error::bad_handle);
    CHECK_ERROR(none.abort(), egret::Error::bad_handle);
    CHECK_ERROR(none.pause_receive(), egret::Error::bad_handle);
    CHECK_ERROR(none.resume_receive(), egret::Error::bad_handle);
    CHECK_ERROR(none.close_report(), egret::Error::bad_handle);
    CHECK_ERROR(none.remote_address(), egret::Error::bad_handle);
    CHECK(none.listener<egret::Listener>() == nullptr);
    CHECK_ERROR(none.subprotocol(), egret::Error::bad_handle);
    CHECK_ERROR(none.extensions(), egret::Error::bad_handle);
    CHECK_ERROR(none.response_header("a"), egret::Error::bad_handle);
    CHECK_ERROR(none.response_headers(), egret::Error::bad_handle);
    CHECK_ERROR(none.stats(), egret::Error::bad_handle);

    egret::Loop loop;
    CHECK(!loop && loop.get() == nullptr);
    CHECK_ERROR(loop.poll(), egret::Error::bad_handle);
    CHECK_ERROR(loop.wake(), egret::Error::bad_handle);
    CHECK_ERROR(loop.set_wakeup([] {}), egret::Error::bad_handle);
    CHECK_ERROR(loop.descriptor(), egret::Error::bad_handle);
    CHECK_ERROR(loop.next_poll(), egret::Error::bad_handle);
    CHECK_ERROR(loop.suspend(), egret::Error::bad_handle);
    CHECK_ERROR(loop.resume(), egret::Error::bad_handle);
    CHECK_ERROR(loop.network_changed(), egret::Error::bad_handle);
    const auto ws = loop.connect_host("127.0.0.1", 1, {}, egret::Listener());
    CHECK_ERROR(ws, egret::Error::bad_handle);
    CHECK(strcmp(ws.error_message(), "the Loop is empty") == 0);
    const auto lost = loop.reset();
    CHECK_DONE(lost);
    CHECK(lost->sockets == 0 && lost->unsent_messages == 0 && lost->unsent_bytes == 0);
}

static void results() {
    const egret::Result<int> number = 3, other = 4, error = egret::Error::busy;
    CHECK(number && number.has_value() && number.error() == egret::Error::ok && *number == 3);
    CHECK(!error && !error.has_value() && error.error() == egret::Error::busy && *error == 0);
    CHECK(strcmp(error.error_name(), "EGRET_WS_ERR_BUSY") == 0 && strcmp(number.error_name(), "EGRET_WS_OK") == 0);
    CHECK_EQ(number.value_or(7), 3);
    CHECK_EQ(error.value_or(7), 7);
    CHECK(number == 3 && number != *other && error != 0 && !(error == 0));

    egret::Result<std::unique_ptr<int>> owner = std::make_unique<int>(5);
    CHECK_EQ(*owner->get(), 5);
    const std::unique_ptr<int> taken = *std::move(owner);
    CHECK_EQ(*taken, 5);
    CHECK(egret::Result<std::unique_ptr<int>>(egret::Error::busy).value_or(nullptr) == nullptr);

    const egret::Result<void> done, failed = egret::Error::timeout;
    CHECK(done && done.has_value() && !failed && failed.error() == egret::Error::timeout);
    CHECK(strcmp(egret::name(egret::Error::tls_pin), "EGRET_WS_ERR_TLS_PIN") == 0);
    CHECK(strcmp(egret::name(static_cast<egret::Error>(-9999)), "EGRET_WS_ERR_?") == 0);
}

// The message of a refused call is available immediately, and in the exception of `value`.
static void a_refusal_has_a_message() {
    egret::Loop loop = make_loop();
    const auto done = loop.poll();
    CHECK(strcmp(done.error_message(), "") == 0);
    egret::Options options;
    options.deflate.level = 99;
    const auto ws = loop.connect(echo_url, options, egret::Listener());
    CHECK_ERROR(ws, egret::Error::invalid_argument);
    CHECK(strstr(ws.error_message(), "deflate.level") != nullptr);
    CHECK(strcmp(ws.error_message(), egret::last_error_message()) == 0);

    // The binding has refused the call: C was not called, and still has an older message.
    options = {};
    options.origin = std::string("a\0b", 3);
    CHECK(strcmp(loop.connect(echo_url, options, egret::Listener()).error_message(), "origin has a NUL inside") == 0);
    CHECK(strstr(egret::last_error_message(), "deflate.level") != nullptr);
    CHECK(strcmp(loop.connect(std::string_view("ws://a\0b", 8), {}, egret::Listener()).error_message(),
                 "a text has a NUL inside") == 0);
#if EGRET_WS_HAS_EXCEPTIONS
    CHECK_EQ(egret::Result<int>(3).value(), 3);
    loop.poll().value();
    std::string what;
    try {
        loop.connect("no URL", {}, egret::Listener()).value();
    } catch (const egret::Exception &exception) {
        CHECK(exception.error() == egret::Error::invalid_url);
        what = exception.what();
    }
    CHECK(what.rfind("EGRET_WS_ERR_INVALID_URL: ", 0) == 0 && what.size() > 30);
    what.clear();
    try {
        egret::WebSocketRef().close().value();
    } catch (const std::runtime_error &exception) {
        what = exception.what();
    }
    CHECK(what.rfind("EGRET_WS_ERR_BAD_HANDLE: ", 0) == 0);
#endif
}

static void bytes() {
    static_assert(!std::is_convertible_v<const char (&)[4], egret::ByteSpan>, "does the NUL count?");
    static_assert(!std::is_convertible_v<std::vector<int>, egret::ByteSpan>, "not bytes");
    const uint8_t three[] = {1, 2, 3};
    const egret::ByteSpan span = three;
    int sum = 0;
    for (const uint8_t byte : span) sum += byte;
    CHECK_EQ(sum, 6);
    CHECK(span.size() == 3 && span[2] == 3 && !span.empty() && egret::ByteSpan().empty());

#ifdef __cpp_lib_span
    // Converts to std::span and back.
    const std::span<const std::uint8_t> of_std = span;
    CHECK(of_std.size() == 3 && of_std.data() == three);
    const egret::ByteSpan back = of_std, of_bytes = std::as_bytes(of_std);
    CHECK(back.data() == three && back.size() == 3 && of_bytes.data() == three && of_bytes.size() == 3);
    static_assert(!std::is_convertible_v<std::span<const int>, egret::ByteSpan>, "not bytes");
#endif
}

// C would end the text at the NUL and connect to another host.
static void a_nul_inside_is_refused() {
    egret::Loop loop = make_loop();
    const std::string_view cut("127.0.0.1\0.example.com", 22);
    const std::string with_nul(cut);
    CHECK_ERROR(loop.connect_host(cut, 9, {}, egret::Listener()), egret::Error::invalid_url);
    CHECK_ERROR(loop.connect("ws://" + with_nul, {}, egret::Listener()), egret::Error::invalid_url);
    CHECK_ERROR(egret::normalize_url("ws://" + with_nul), egret::Error::invalid_url);
    egret::Options header;
    header.headers = {{"X-A", "1"}, {"X-B", with_nul}};
    CHECK_ERROR(loop.connect(echo_url, header, egret::Listener()), egret::Error::invalid_argument);
    egret::Options name;
    name.headers = {{with_nul, "1"}};
    CHECK_ERROR(loop.connect(echo_url, name, egret::Listener()), egret::Error::invalid_argument);
    for (const auto text : {&egret::Options::subprotocols, &egret::Options::origin, &egret::Options::user_agent,
                            &egret::Options::username, &egret::Options::password, &egret::Options::proxy,
                            &egret::Options::tls_pins, &egret::Options::tls_identity_password,
                            &egret::Options::tls_server_name}) {
        egret::Options options;
        options.*text = with_nul;
        CHECK_ERROR(loop.connect(echo_url, options, egret::Listener()), egret::Error::invalid_argument);
    }
    egret::WebSocket ws = connect_to(loop, echo_url, egret::Listener());
    CHECK_ERROR(ws.response_header(cut), egret::Error::invalid_argument);
}

// The binding returns C's errors, and C's log line is delivered.
static void a_refusal_is_logged() {
    struct Line {
        int lines = 0;
        std::string text;
    } line;
    egret::LoopOptions options;
    options.on_log = [&line](egret::LogLevel level, std::string_view text, egret::WebSocketRef ws) {
        CHECK(level == egret::LogLevel::warn && !ws);
        ++line.lines;
        line.text = text;
    };
    egret::Loop loop = make_loop(std::move(options));
    egret::Options window;
    window.deflate.client_window_bits = 99;
    CHECK_ERROR(loop.connect(echo_url, window, egret::Listener()), egret::Error::invalid_argument);
    CHECK_EQ(line.lines, 1);
    CHECK(line.text.find("deflate.client_window_bits") != line.text.npos);
}

int main(int argc, char **argv) {
    begin(argc, argv);
    empty_handles();
    results();
    a_refusal_has_a_message();
    bytes();
    a_nul_inside_is_refused();
    a_refusal_is_logged();
    return 0;
}
