// Tests that a callback may destroy its socket, its own object, its loop, and all of them together.
#include "check.hpp"

enum class When { connect, message, close, release };

// A game that owns its socket. Only the library owns the game.
struct Game : egret::Listener, Counted {
    Game(When when, int &ends) : when_(when), ends_(ends) {}
    ~Game() {
        ++ends_;
        if (when_ == When::release) ws.reset();
    }
    void on_connect(egret::WebSocketRef at) {
        CHECK(!gone_ && at == ws);
        if (when_ == When::connect) return leave();
        CHECK_DONE(at.send_text("one"));
        CHECK_DONE(at.send_text("two"));
    }
    void on_message(egret::WebSocketRef at, const egret::Message &message) {
        CHECK(!gone_);
        if (when_ == When::message) return leave();
        if (message.text() == "two") CHECK_DONE(at.close());
    }
    void on_close(egret::WebSocketRef, const egret::CloseInfo &) {
        CHECK(!gone_);
        if (when_ == When::close) leave();
    }

    egret::WebSocket ws;

private:
    void leave() {
        ws.reset();
        gone_ = true; // the object is still valid; ASan checks this
    }
    When when_;
    int &ends_;
    bool gone_ = false;
};

static void a_socket_is_destroyed_in_its_callback() {
    egret::Loop loop = make_loop();
    for (const When when : {When::connect, When::message, When::close, When::release}) {
        int ends = 0;
        auto game = std::make_unique<Game>(when, ends);
        Game &same = *game;
        same.ws = connect_to(loop, echo_url, std::move(game));
        UNTIL(loop, ends == 1);
        works(loop);
        CHECK_EQ(ends, 1);
        CHECK_EQ(Counted::alive, 0);
    }
}

// A shell: one object with a loop and a socket.
struct Shell : egret::Listener, Counted {
    Shell(When when, std::unique_ptr<Shell> &owner) : when_(when), owner_(owner) {}
    void on_connect(egret::WebSocketRef at) {
        ++callbacks;
        if (when_ == When::connect) return leave();
        CHECK_DONE(at.send_text("one"));
        CHECK_DONE(at.send_text("two"));
    }
    void on_message(egret::WebSocketRef at, const egret::Message &message) {
        ++callbacks;
        if (when_ == When::message) return leave();
        if (message.text() == "two") CHECK_DONE(at.close());
    }
    void on_close(egret::WebSocketRef, const egret::CloseInfo &) {
        ++callbacks;
        leave();
    }

    // The socket is freed first, then its loop.
    egret::Loop loop = make_loop();
    egret::WebSocket ws;
    static inline int callbacks = 0;

private:
    void leave() { owner_.reset(); }
    When when_;
    std::unique_ptr<Shell> &owner_;
};

static void everything_is_destroyed_in_a_callback() {
    for (const When when : {When::connect, When::message, When::close}) {
        std::unique_ptr<Shell> shell;
        shell = std::make_unique<Shell>(when, shell);
        shell->ws = connect_to(shell->loop, echo_url, shell.get());
        const egret::WebSocketRef ref = shell->ws;
        Shell::callbacks = 0;
        const int64_t deadline_us = now_us() + WAIT_LIMIT_MS * INT64_C(1000);
        while (shell) {
            CHECK(now_us() < deadline_us);
            CHECK_DONE(shell->loop.poll(std::chrono::milliseconds(5))); // returns the callback count although the loop was freed
        }
        CHECK_EQ(Counted::alive, 0);
        CHECK_EQ(Shell::callbacks, when == When::connect ? 1 : when == When::message ? 2 : 4);
        CHECK_ERROR(ref.state(), egret::Error::bad_handle);
    }
}

// The library owns the listener, which owns the loop that calls it: the last callback frees both.
static void a_loop_is_destroyed_with_its_listener() {
    struct Owner : egret::Listener, Counted {
        egret::Loop loop = make_loop();
        egret::WebSocket ws;
    };
    auto owner = std::make_shared<Owner>();
    std::weak_ptr<Owner> alive = owner;
    owner->ws = connect_to(owner->loop, echo_url, owner);
    egret::Loop &loop = owner->loop;
    egret_ws_loop *const handle = loop.get();
    UNTIL(loop, owner->ws.is_open());
    CHECK_DONE(owner->ws.close());
    owner.reset();
    const int64_t deadline_us = now_us() + WAIT_LIMIT_MS * INT64_C(1000);
    while (!alive.expired()) {
        CHECK(now_us() < deadline_us);
        CHECK_DONE(loop.poll(std::chrono::milliseconds(5)));
    }
    CHECK_EQ(Counted::alive, 0);
    CHECK_EQ(egret_ws_loop_poll(handle, 0), EGRET_WS_ERR_BAD_HANDLE); // the loop was freed
}

// Ten messages were received together.
static void nothing_is_called_after_a_loop_was_destroyed() {
    static const uint8_t ten_messages[] = {0x81, 1, '0', 0x81, 1, '1', 0x81, 1, '2', 0x81, 1, '3', 0x81, 1, '4',
                                           0x81, 1, '5', 0x81, 1, '6', 0x81, 1, '7', 0x81, 1, '8', 0x81, 1, '9'};
    static server peer;
    start_answering_server(&peer, send_answer, ten_messages, sizeof ten_messages);
    auto loop = std::make_unique<egret::Loop>(make_loop());
    egret::Loop &same = *loop;
    Seen seen;
    egret::Callbacks on = note(seen);
    on.on_message = [&](egret::WebSocketRef ws, const egret::Message &) {
        ++seen.messages;
        loop.reset();
        CHECK(ws.is_open()); // the socket is freed with the loop, when the poll ends
    };
    egret::WebSocketRef ws = connect_to(same, peer.at.url, std::move(on)).release();
    const int64_t deadline_us = now_us() + WAIT_LIMIT_MS * INT64_C(1000);
    while (loop) {
        CHECK(now_us() < deadline_us);
        CHECK_DONE(same.poll(std::chrono::milliseconds(5)));
    }
    CHECK_EQ(seen.messages, 1);
    CHECK_EQ(seen.closes, 0);
    CHECK_ERROR(ws.state(), egret::Error::bad_handle);
    stop_server(&peer);
}

static void calls_that_are_forbidden_in_a_callback_are_refused() {
    egret::Loop loop = make_loop();
    int closes = 0;
    egret::Callbacks on;
    on.on_connect = [&loop](egret::WebSocketRef ws) {
        CHECK_ERROR(loop.poll(), egret::Error::reentrant);
        CHECK_ERROR(loop.reset(), egret::Error::reentrant);
        CHECK_DONE(ws.close());
    };
    on.on_close = [&closes](egret::WebSocketRef, const egret::CloseInfo &) { ++closes; };
    egret::WebSocket ws = connect_to(loop, echo_url, std::move(on));
    UNTIL(loop, closes == 1);
    works(loop);
}

int main(int argc, char **argv) {
    begin(argc, argv);
    a_socket_is_destroyed_in_its_callback();
    everything_is_destroyed_in_a_callback();
    a_loop_is_destroyed_with_its_listener();
    nothing_is_called_after_a_loop_was_destroyed();
    calls_that_are_forbidden_in_a_callback_are_refused();
    return 0;
}
