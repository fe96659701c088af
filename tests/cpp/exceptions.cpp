// Tests that an exception of a callback is reported once and the other callbacks still run. Compiled without exceptions, this
// program tests nothing.
#include "check.hpp"

#ifdef __cpp_exceptions

#include <stdexcept>

// Runs `body` and returns its output on stderr.
template <class Body>
static std::string stderr_of(Body body) {
    std::FILE *const file = std::tmpfile();
    CHECK(file != nullptr);
    std::fflush(stderr);
    const int saved = dup(STDERR_FILENO);
    CHECK(dup2(fileno(file), STDERR_FILENO) >= 0);
    body();
    std::fflush(stderr);
    CHECK(dup2(saved, STDERR_FILENO) >= 0);
    close(saved);
    std::string text(static_cast<size_t>(std::ftell(file)), '\0');
    std::rewind(file);
    CHECK_EQ(std::fread(text.data(), 1, text.size(), file), text.size());
    std::fclose(file);
    return text;
}

// Throws from every callback after its normal work.
struct Thrower : egret::Listener {
    explicit Thrower(Seen &seen) : seen_(seen) {}
    void on_connect(egret::WebSocketRef ws) {
        ++seen_.connects;
        CHECK_DONE(ws.send_text("one"));
        CHECK_DONE(ws.send_text("two"));
        throw std::runtime_error("from on_connect");
    }
    void on_message(egret::WebSocketRef ws, const egret::Message &message) {
        ++seen_.messages;
        if (message.text() == "two") ws.close();
        throw 42;
    }
    void on_close(egret::WebSocketRef, const egret::CloseInfo &info) {
        ++seen_.closes;
        seen_.error = info.error();
        throw std::runtime_error("from on_close");
    }

private:
    Seen &seen_;
};

static void run_socket(egret::Loop &loop) {
    Seen seen;
    egret::WebSocket ws = connect_to(loop, echo_url, Thrower(seen));
    UNTIL(loop, seen.closes == 1);
    CHECK_EQ(seen.connects, 1);
    CHECK_EQ(seen.messages, 2);
    CHECK(seen.error == egret::Error::ok);
}

static void on_exception_gets_exceptions() {
    std::vector<std::string> caught;
    egret::LoopOptions options;
    options.on_exception = [&caught](std::exception_ptr exception) {
        try {
            std::rethrow_exception(exception);
        } catch (const std::exception &e) {
            caught.push_back(e.what());
        } catch (int number) {
            caught.push_back(std::to_string(number));
        }
    };
    egret::Loop loop = make_loop(std::move(options));
    CHECK(stderr_of([&] { run_socket(loop); }).empty());
    CHECK(caught == std::vector<std::string>({"from on_connect", "42", "42", "from on_close"}));
    works(loop);
}

static size_t count(const std::string &text, const std::string &part) {
    size_t times = 0;
    for (size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++times;
    return times;
}

static void without_on_exception_they_are_written_to_stderr() {
    egret::Loop loop = make_loop();
    const std::string text = stderr_of([&] { run_socket(loop); });
    CHECK_EQ(count(text, "egret_ws: a callback threw"), 4);
    CHECK_EQ(count(text, "from on_connect"), 1);
    CHECK_EQ(count(text, "from on_close"), 1);
    works(loop);
}

static void exceptions_of_on_exception_are_written_to_stderr() {
    egret::LoopOptions options;
    options.on_exception = [](std::exception_ptr) { throw std::runtime_error("from on_exception"); };
    egret::Loop loop = make_loop(std::move(options));
    CHECK_EQ(count(stderr_of([&] { run_socket(loop); }), "from on_exception"), 4);
    works(loop);
}

static void the_log_and_the_wakeup_may_throw() {
    egret::LoopOptions options;
    options.on_log = [](egret::LogLevel, std::string_view, egret::WebSocketRef) { throw std::runtime_error("from on_log"); };
    options.log_level = egret::LogLevel::info;
    egret::Loop loop = make_loop(std::move(options));
    const auto set = loop.set_wakeup([] { throw std::runtime_error("from on_wakeup"); });
    CHECK_ERROR(set, driver == 0 ? egret::Error::ok : egret::Error::unsupported);
    const std::string text = stderr_of([&] {
        CHECK_ERROR(loop.connect("no URL", {}, egret::Listener()), egret::Error::invalid_url);
        works(loop);
    });
    CHECK(count(text, "from on_log") > 1);
    CHECK(count(text, "from on_wakeup") > 0 || driver != 0);
}

int main(int argc, char **argv) {
    begin(argc, argv);
    on_exception_gets_exceptions();
    without_on_exception_they_are_written_to_stderr();
    exceptions_of_on_exception_are_written_to_stderr();
    the_log_and_the_wakeup_may_throw();
    return 0;
}

#else

int main() {
    return 0;
}

#endif
