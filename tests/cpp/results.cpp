// Errors are values: empty and freed handles and wrong arguments return an error, and reading the value of an error is safe.
#include "check.hpp"

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
    CHECK_ERROR(none.ping(), egret::Error::bad_handle);
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
    CHECK_ERROR(loop.timeout(), egret::Error::bad_handle);
    CHECK_ERROR(loop.suspend(), egret::Error::bad_handle);
    CHECK_ERROR(loop.resume(), egret::Error::bad_handle);
    CHECK_ERROR(loop.network_changed(), egret::Error::bad_handle);
    CHECK_ERROR(loop.connect("127.0.0.1", 1, {}, egret::Listener()), egret::Error::bad_handle);
    CHECK_DONE(loop.reset());
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

static void bytes() {
    static_assert(!std::is_convertible_v<const char (&)[4], egret::ByteSpan>, "does the NUL count?");
    static_assert(!std::is_convertible_v<std::vector<int>, egret::ByteSpan>, "not bytes");
    const uint8_t three[] = {1, 2, 3};
    const egret::ByteSpan span = three;
    int sum = 0;
    for (const uint8_t byte : span) sum += byte;
    CHECK_EQ(sum, 6);
    CHECK(span.size() == 3 && span[2] == 3 && !span.empty() && egret::ByteSpan().empty());
}

// C would end the text there and connect to another host.
static void a_nul_inside_is_refused() {
    egret::Loop loop = make_loop();
    const std::string_view cut("127.0.0.1\0.example.com", 22);
    const std::string with_nul(cut);
    CHECK_ERROR(loop.connect(cut, 9, {}, egret::Listener()), egret::Error::invalid_url);
    CHECK_ERROR(loop.connect_url("ws://" + with_nul, {}, egret::Listener()), egret::Error::invalid_url);
    CHECK_ERROR(egret::normalize_url("ws://" + with_nul), egret::Error::invalid_url);
    egret::Options header;
    header.headers = {{"X-A", "1"}, {"X-B", with_nul}};
    CHECK_ERROR(loop.connect_url(echo_url, header, egret::Listener()), egret::Error::invalid_argument);
    egret::Options name;
    name.headers = {{with_nul, "1"}};
    CHECK_ERROR(loop.connect_url(echo_url, name, egret::Listener()), egret::Error::invalid_argument);
    for (const auto text : {&egret::Options::subprotocols, &egret::Options::origin, &egret::Options::user_agent,
                            &egret::Options::username, &egret::Options::password, &egret::Options::proxy,
                            &egret::Options::tls_pins, &egret::Options::tls_identity_password,
                            &egret::Options::tls_server_name}) {
        egret::Options options;
        options.*text = with_nul;
        CHECK_ERROR(loop.connect_url(echo_url, options, egret::Listener()), egret::Error::invalid_argument);
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
    window.deflate_client_window_bits = 99;
    CHECK_ERROR(loop.connect_url(echo_url, window, egret::Listener()), egret::Error::invalid_argument);
    CHECK_EQ(line.lines, 1);
    CHECK(line.text.find("deflate.client_window_bits") != line.text.npos);
}

int main(int argc, char **argv) {
    begin(argc, argv);
    empty_handles();
    results();
    bytes();
    a_nul_inside_is_refused();
    a_refusal_is_logged();
    return 0;
}
