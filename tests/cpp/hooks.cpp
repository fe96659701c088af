// Tests the hooks of a loop: each kind of answer, immediate and later, also from another thread; no answer; exceptions; and the
// lifetime of the callables.
#include "check.hpp"

#include <mutex>
#include <thread>

#ifdef __cpp_exceptions
#include <stdexcept>
#endif

// The URL of the echo server with a name that only a hook can resolve.
static std::string named_url() {
    const std::string url(echo_url);
    return "ws://game.test" + url.substr(url.rfind(':'));
}

static egret::Loop loop_with(egret::Hooks hooks) {
    egret::LoopOptions options;
    options.hooks = std::move(hooks);
    return make_loop(std::move(options));
}

// The end of a connection.
struct End {
    bool has_connected = false, has_ended = false;
    egret::Error error = egret::Error::ok;
    egret::Phase phase{};
    std::string message;
};

static egret::Callbacks note_end(End &end) {
    egret::Callbacks on;
    on.on_connect = [&end](egret::WebSocketRef ws) {
        end.has_connected = true;
        CHECK_DONE(ws.close());
    };
    on.on_close = [&end](egret::WebSocketRef, const egret::CloseInfo &info) {
        end.has_ended = true;
        end.error = info.error();
        end.phase = info.phase();
        end.message = info.message();
    };
    return on;
}

static End run(egret::Loop &loop, const std::string &url, const egret::Options &options = {}) {
    End end;
    const egret::WebSocket ws = connect_to(loop, url.c_str(), note_end(end), options);
    UNTIL(loop, end.has_ended);
    return end;
}

static void connects(egret::Loop loop, const std::string &url = named_url()) {
    const End end = run(loop, url);
    CHECK(end.has_connected && end.error == egret::Error::ok);
}

static void fails(egret::Loop loop, egret::Error error, egret::Phase phase, const char *part = "") {
    const End end = run(loop, named_url());
    CHECK_EQ(static_cast<int32_t>(end.error), static_cast<int32_t>(error));
    CHECK_EQ(static_cast<int32_t>(end.phase), static_cast<int32_t>(phase));
    CHECK(!end.has_connected && end.message.find(part) != std::string::npos);
}

static void a_name_is_resolved_at_once() {
    egret::Hooks hooks;
    hooks.on_resolve = [](egret::WebSocketRef ws, std::string_view host, egret::ResolveAnswer answer) {
        CHECK(host == "game.test" && ws.state() == egret::State::connecting && answer && answer.get() != nullptr);
        // A refused answer leaves the question open.
        CHECK_ERROR(answer.addresses("no address"), egret::Error::invalid_argument);
        const auto nul = answer.addresses(std::string_view("127.0.0.1\0", 10));
        CHECK(nul.error() == egret::Error::invalid_argument && strlen(nul.error_message()) > 0);
        CHECK(answer);
        CHECK_DONE(answer.addresses("127.0.0.1"));
        CHECK(!answer);
        CHECK_ERROR(answer.addresses("127.0.0.1"), egret::Error::bad_handle);
        CHECK_ERROR(answer.use_system(), egret::Error::bad_handle);
    };
    connects(loop_with(std::move(hooks)));
}

static void a_name_is_resolved_later_by_another_thread() {
    std::thread thread;
    egret::Hooks hooks;
    hooks.on_resolve = [&thread](egret::WebSocketRef, std::string_view, egret::ResolveAnswer answer) {
        thread = std::thread([answer = std::move(answer)]() mutable {
            // Only the moved-to answer is valid.
            egret::ResolveAnswer moved = std::move(answer);
            CHECK(!answer && moved);
            CHECK_ERROR(answer.not_found(), egret::Error::bad_handle);
            CHECK_DONE(moved.addresses("192.0.2.1:1, 127.0.0.1"));
        });
    };
    egret::Options options;
    options.attempt_delay = egret::at_once;
    {
        egret::Loop loop = loop_with(std::move(hooks));
        const End end = run(loop, named_url(), options);
        CHECK(end.has_connected);
    }
    thread.join();
}

static void a_name_has_no_address() {
    for (const bool is_answered : {true, false}) {
        egret::Hooks hooks;
        hooks.on_resolve = [is_answered](egret::WebSocketRef, std::string_view, egret::ResolveAnswer answer) {
            if (is_answered) CHECK_DONE(answer.not_found());
        };
        fails(loop_with(std::move(hooks)), egret::Error::resolve, egret::Phase::resolve, "on_resolve");
    }
}

static void the_system_is_asked() {
    egret::Hooks hooks;
    std::atomic<int> asked{0};
    hooks.on_resolve = [&asked](egret::WebSocketRef, std::string_view, egret::ResolveAnswer answer) {
        CHECK_DONE(answer.use_system());
        ++asked;
    };
    egret::Loop loop = loop_with(std::move(hooks));
    egret::Options options;
    options.resolve_timeout = std::chrono::seconds(5); // for systems where no name server answers for this name
    const End end = run(loop, named_url(), options);
    CHECK(!end.has_connected && end.message.find("on_resolve found no address") == std::string::npos);
    CHECK_EQ(asked, 1);
}

// An assignment to an answer object answers the question that the object had before.
static void an_answer_is_replaced() {
    std::mutex lock;
    std::vector<egret::ResolveAnswer> kept;
    egret::Hooks hooks;
    hooks.on_resolve = [&](egret::WebSocketRef, std::string_view, egret::ResolveAnswer answer) {
        const std::lock_guard<std::mutex> guard(lock);
        kept.push_back(std::move(answer));
    };
    const auto count = [&] {
        const std::lock_guard<std::mutex> guard(lock);
        return kept.size();
    };
    egret::Loop loop = loop_with(std::move(hooks));
    End one, two;
    const egret::WebSocket first = connect_to(loop, named_url().c_str(), note_end(one));
    UNTIL(loop, count() == 1);
    const egret::WebSocket second = connect_to(loop, named_url().c_str(), note_end(two));
    UNTIL(loop, count() == 2);
    kept[0] = std::move(kept[1]);
    UNTIL(loop, one.has_ended);
    CHECK(one.error == egret::Error::resolve && !two.has_ended);
    CHECK_DONE(kept[0].addresses("127.0.0.1"));
    UNTIL(loop, two.has_ended);
    CHECK(two.has_connected);
}

static void a_late_answer_is_refused() {
    std::unique_ptr<egret::ResolveAnswer> kept, open;
    std::atomic<int> asked{0};
    egret::Hooks hooks;
    hooks.on_resolve = [&](egret::WebSocketRef, std::string_view, egret::ResolveAnswer answer) {
        (asked == 0 ? kept : open) = std::make_unique<egret::ResolveAnswer>(std::move(answer));
        ++asked;
    };
    egret::Loop loop = loop_with(std::move(hooks));
    egret::Options options;
    // On a busy machine a short time-out may end before the hook was called.
    for (auto time = std::chrono::milliseconds(50); asked == 0; time *= 2) {
        options.resolve_timeout = time;
        const End end = run(loop, named_url(), options);
        CHECK(end.error == egret::Error::timeout);
    }
    CHECK_ERROR(kept->addresses("127.0.0.1"), egret::Error::bad_handle);
    CHECK(!*kept);

    // The loop ends before the answer.
    egret::WebSocket ws = connect_to(loop, named_url().c_str(), egret::Listener());
    UNTIL(loop, asked == 2);
    CHECK_DONE(loop.reset());
    CHECK_ERROR(open->addresses("127.0.0.1"), egret::Error::bad_handle);
    open.reset();
}

static void proxies_are_found() {
    for (const bool is_empty : {true, false}) {
        egret::Hooks hooks;
        hooks.on_proxy = [is_empty](egret::WebSocketRef ws, std::string_view url, egret::ProxyAnswer answer) {
            const std::string_view should(echo_url);
            CHECK(ws.state() == egret::State::connecting && url.substr(0, should.size()) == should);
            CHECK_ERROR(answer.proxies("gopher://proxy"), egret::Error::invalid_argument);
            CHECK_DONE(is_empty ? answer.direct() : answer.proxies("direct"));
            CHECK_ERROR(answer.not_found(), egret::Error::bad_handle);
        };
        connects(loop_with(std::move(hooks)), echo_url);
    }
    // A proxy that cannot be reached.
    listener unused = bind_loopback();
    egret::Hooks hooks;
    hooks.on_proxy = [&unused](egret::WebSocketRef, std::string_view, egret::ProxyAnswer answer) {
        CHECK_DONE(answer.proxies("http://user:secret@127.0.0.1:" + std::to_string(unused.port)));
    };
    egret::Loop loop = loop_with(std::move(hooks));
    End end;
    const egret::WebSocket ws = connect_to(loop, echo_url, note_end(end));
    UNTIL(loop, end.has_ended);
    CHECK(!end.has_connected);
    CHECK(*ws.proxy() == "http://127.0.0.1:" + std::to_string(unused.port));
    CHECK(ws.tried_addresses()->find("127.0.0.1:" + std::to_string(unused.port) + " ") == 0);
    CHECK_EQ(ws.stats()->addresses_tried, 1);
    close_listener(&unused);
}

static void proxies_are_not_found() {
    for (const bool is_answered : {true, false}) {
        egret::Hooks hooks;
        hooks.on_proxy = [is_answered](egret::WebSocketRef, std::string_view, egret::ProxyAnswer answer) {
            if (is_answered) CHECK_DONE(answer.not_found());
        };
        fails(loop_with(std::move(hooks)), egret::Error::proxy, egret::Phase::proxy);
    }
}

static void a_descriptor_is_changed_or_refused() {
    std::atomic<int> called{0};
    egret::Hooks hooks;
    hooks.on_socket = [&called](egret::WebSocketRef, std::ptrdiff_t descriptor) {
        const int on = 1;
        ++called;
        return setsockopt(static_cast<int>(descriptor), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    };
    connects(loop_with(std::move(hooks)), echo_url);
    CHECK_EQ(called, 1);

    egret::Hooks refusing;
    refusing.on_socket = [](egret::WebSocketRef, std::ptrdiff_t) { return 4711; };
    egret::Loop loop = loop_with(std::move(refusing));
    const End end = run(loop, echo_url);
    CHECK(end.error == egret::Error::connect && end.message.find("4711") != std::string::npos);
}

#ifdef __cpp_exceptions
static void exceptions_are_refusals() {
    egret::Hooks hooks;
    hooks.on_resolve = [](egret::WebSocketRef, std::string_view, egret::ResolveAnswer) { throw std::runtime_error("from on_resolve"); };
    fails(loop_with(std::move(hooks)), egret::Error::resolve, egret::Phase::resolve);
    hooks = egret::Hooks();
    hooks.on_proxy = [](egret::WebSocketRef, std::string_view, egret::ProxyAnswer) { throw 42; };
    fails(loop_with(std::move(hooks)), egret::Error::proxy, egret::Phase::proxy);
    hooks = egret::Hooks();
    hooks.on_resolve = [](egret::WebSocketRef, std::string_view, egret::ResolveAnswer answer) { CHECK_DONE(answer.addresses("127.0.0.1")); };
    hooks.on_socket = [](egret::WebSocketRef, std::ptrdiff_t) -> int32_t { throw std::runtime_error("from on_socket"); };
    fails(loop_with(std::move(hooks)), egret::Error::connect, egret::Phase::connect, "-1");
}
#endif

// The callables are destroyed with their loop, or after the last hook has returned.
static void hooks_are_destroyed_once() {
    {
        egret::Hooks hooks;
        hooks.on_socket = [alive = Counted()](egret::WebSocketRef, std::ptrdiff_t) { return 0; };
        egret::Loop loop = loop_with(std::move(hooks));
        CHECK_EQ(Counted::alive, 1);
        CHECK_DONE(loop.reset());
        WAIT_UNTIL(Counted::alive == 0);
    }
    {
        egret::LoopOptions options;
        options.hooks.max_threads = 65;
        options.hooks.on_socket = [alive = Counted()](egret::WebSocketRef, std::ptrdiff_t) { return 0; };
        const auto bad = egret::Loop::create(std::move(options));
        CHECK_ERROR(bad, egret::Error::invalid_argument);
    }
    CHECK_EQ(Counted::alive, 0);

    std::atomic<bool> is_running{false}, may_return{false};
    egret::Hooks hooks;
    hooks.on_resolve = [&, alive = Counted()](egret::WebSocketRef, std::string_view, egret::ResolveAnswer) {
        is_running = true;
        WAIT_UNTIL(may_return);
        CHECK_EQ(Counted::alive, 1);
    };
    egret::Loop loop = loop_with(std::move(hooks));
    egret::WebSocket ws = connect_to(loop, named_url().c_str(), egret::Listener());
    UNTIL(loop, is_running);
    CHECK_DONE(loop.reset()); // does not wait for the hook
    CHECK_EQ(Counted::alive, 1);
    may_return = true;
    WAIT_UNTIL(Counted::alive == 0);
}

static void a_hook_may_not_poll() {
    std::atomic<bool> was_called{false};
    egret::Loop *same = nullptr;
    egret::Hooks hooks;
    hooks.on_socket = [&](egret::WebSocketRef ws, std::ptrdiff_t) {
        CHECK_ERROR(same->poll(), egret::Error::reentrant);
        CHECK_ERROR(same->reset(), egret::Error::reentrant);
        CHECK_DONE(ws.state());
        was_called = true;
        return 0;
    };
    egret::Loop loop = loop_with(std::move(hooks));
    same = &loop;
    works(loop);
    CHECK(was_called);
}

int main(int argc, char **argv) {
    begin(argc, argv);
    a_name_is_resolved_at_once();
    a_name_is_resolved_later_by_another_thread();
    a_name_has_no_address();
    the_system_is_asked();
    an_answer_is_replaced();
    a_late_answer_is_refused();
    proxies_are_found();
    proxies_are_not_found();
    a_descriptor_is_changed_or_refused();
#ifdef __cpp_exceptions
    exceptions_are_refusals();
#endif
    hooks_are_destroyed_once();
    a_hook_may_not_poll();
    return 0;
}
