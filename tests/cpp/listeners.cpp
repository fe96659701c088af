// Tests that a listener, which is a class or callables, owned or borrowed, is destroyed exactly once, after its last callback.
#include "check.hpp"

// Counts its calls. Defines only the functions that it needs.
struct Game : egret::Listener, Counted {
    explicit Game(Seen &seen) : seen_(seen) {}
    void on_connect(egret::WebSocketRef ws) {
        ++seen_.connects;
        CHECK_DONE(ws.send_text("from a class"));
    }
    void on_message(egret::WebSocketRef ws, const egret::Message &message) {
        ++seen_.messages;
        seen_.last = message.text();
        CHECK_DONE(ws.close());
    }
    void on_close(egret::WebSocketRef, const egret::CloseInfo &info) {
        ++seen_.closes;
        seen_.error = info.error();
    }

private:
    Seen &seen_;
};

template <class Listener>
static void run_socket(egret::Loop &loop, Seen &seen, Listener listener) {
    egret::WebSocket ws = connect_to(loop, echo_url, std::move(listener));
    UNTIL(loop, seen.closes == 1);
    CHECK_EQ(seen.connects, 1);
    CHECK_EQ(seen.messages, 1);
    CHECK(seen.last == "from a class" && seen.error == egret::Error::ok);
}

static void a_listener_is_passed_by_value_or_by_any_pointer() {
    egret::Loop loop = make_loop();
    {
        Seen seen;
        run_socket(loop, seen, Game(seen));
        UNTIL(loop, Counted::alive == 0);
    }
    {
        Seen seen;
        run_socket(loop, seen, std::make_unique<Game>(seen));
        UNTIL(loop, Counted::alive == 0);
    }
    {
        Seen seen;
        const auto shared = std::make_shared<Game>(seen);
        run_socket(loop, seen, shared);
        UNTIL(loop, shared.use_count() == 1);
        CHECK_EQ(Counted::alive, 1);
    }
    {
        Seen seen;
        Game game(seen);
        run_socket(loop, seen, &game);
        works(loop);
        CHECK_EQ(Counted::alive, 1);
    }
    CHECK_EQ(Counted::alive, 0);
}

static void function(egret::WebSocketRef ws) {
    CHECK_DONE(ws.close(4000));
}

static void callables_are_of_any_kind() {
    egret::Loop loop = make_loop();
    // A callable that can only be moved, and a callable that returns a value.
    int closes = 0;
    egret::Callbacks on;
    on.on_connect = [](egret::WebSocketRef ws) { return ws.send_text("x"); };
    on.on_message = [owned = std::make_unique<Counted>()](egret::WebSocketRef ws, const egret::Message &) mutable {
        owned.reset();
        CHECK_DONE(ws.close());
    };
    on.on_close = [&closes](auto, auto &) { ++closes; };
    egret::WebSocket ws = connect_to(loop, echo_url, std::move(on));
    UNTIL(loop, closes == 1);
    CHECK_EQ(Counted::alive, 0);

    // A function, and an empty callable.
    egret::Callbacks few;
    few.on_connect = function;
    few.on_message = nullptr;
    CHECK(few.on_connect && !few.on_message && !few.on_close);
    ws = connect_to(loop, echo_url, std::move(few));
    UNTIL(loop, ws.state() == egret::State::closed);

    void (*no_function)(egret::WebSocketRef) = nullptr;
    const egret::Callback<void(egret::WebSocketRef)> empty = no_function;
    CHECK(!empty);
    empty(ws); // does nothing
    works(loop);
}

static void a_connect_that_fails_destroys_the_listener() {
    egret::Loop loop = make_loop();
    Seen seen;
    CHECK_ERROR(loop.connect("http://127.0.0.1/", {}, Game(seen)), egret::Error::invalid_url);
    CHECK_EQ(Counted::alive, 0);
    CHECK_ERROR(loop.connect_host("a b", 1, {}, std::make_unique<Game>(seen)), egret::Error::invalid_url);
    CHECK_EQ(Counted::alive, 0);
    egret::Options options;
    options.origin = std::string("a\0b", 3);
    CHECK_ERROR(loop.connect(echo_url, options, Game(seen)), egret::Error::invalid_argument);
    CHECK_ERROR(egret::Loop().connect(echo_url, {}, Game(seen)), egret::Error::bad_handle);
    CHECK_EQ(Counted::alive, 0);
    works(loop);
    CHECK_EQ(seen.connects + seen.messages + seen.closes, 0);
}

static void the_end_of_a_socket_or_a_loop_destroys_the_listener() {
    egret::Loop loop = make_loop();
    Seen seen;
    egret::WebSocket ws = connect_to(loop, echo_url, Game(seen));
    UNTIL(loop, seen.connects == 1);
    ws.reset();
    UNTIL(loop, Counted::alive == 0);

    egret::WebSocket connecting = connect_to(loop, echo_url, Game(seen));
    egret::WebSocket freed = connect_to(loop, echo_url, Game(seen));
    freed.reset();
    CHECK_EQ(Counted::alive, 2); // they exist until a poll
    CHECK_DONE(loop.reset());
    CHECK_EQ(Counted::alive, 0);
    CHECK_ERROR(connecting.state(), egret::Error::bad_handle);
    CHECK_EQ(seen.closes, 0);
}

// The C library calls on_request only if the listener has it.
struct Asked : egret::Listener {
    egret::RequestAction on_request(egret::WebSocketRef, std::uint32_t, const egret::CloseInfo *, egret::Request) {
        return egret::RequestAction::stop;
    }
};
struct AskedByTemplate : egret::Listener {
    template <class... Arguments>
    egret::RequestAction on_request(Arguments...) {
        return egret::RequestAction::stop;
    }
};

static void only_a_listener_with_on_request_is_asked() {
    CHECK(!egret::detail::has_on_request(egret::Listener()));
    Seen seen;
    CHECK(!egret::detail::has_on_request(Game(seen)));
    CHECK(egret::detail::has_on_request(Asked()) && egret::detail::has_on_request(AskedByTemplate()));
    egret::Callbacks on;
    CHECK(!egret::detail::has_on_request(on));
    on.on_request = [](auto, auto, auto, auto) { return egret::RequestAction::stop; };
    CHECK(egret::detail::has_on_request(on));

    egret::Loop loop = make_loop();
    egret::WebSocket by_class = connect_to(loop, echo_url, Asked()), by_template = connect_to(loop, echo_url, AskedByTemplate()),
                     by_callable = connect_to(loop, echo_url, std::move(on));
    for (const egret::WebSocket *ws : {&by_class, &by_template, &by_callable}) {
        UNTIL(loop, ws->state() == egret::State::closed);
        CHECK(ws->close_report()->phase() == egret::Phase::request);
    }
}

// The handle returns the listener only if the requested type is the type of the listener.
static void a_listener_is_found_by_the_handle() {
    egret::Loop loop = make_loop();
    Seen seen;
    egret::WebSocket ws = connect_to(loop, echo_url, Game(seen));
    egret::WebSocketRef ref = ws;
    CHECK(ref.listener<Game>() != nullptr && ref.listener<Asked>() == nullptr && ref.listener<Game *>() == nullptr);
    ws.reset();
    CHECK(ref.listener<Game>() == nullptr);

    Game game(seen);
    ws = connect_to(loop, echo_url, &game);
    CHECK(*ws.listener<Game *>() == &game && ws.listener<Game>() == nullptr);
}

// Frames are recorded only for a listener that has on_frame.
struct Tracer : egret::Listener {
    void on_frame(egret::WebSocketRef, const egret::Frame &) {}
};

static void frames_are_recorded_for_those_who_want_them() {
    CHECK(egret::detail::has_on_frame(Tracer()) && !egret::detail::has_on_frame(egret::Listener()));
    egret::Callbacks on;
    CHECK(!egret::detail::has_on_frame(on));
    on.on_frame = [](egret::WebSocketRef, const egret::Frame &) {};
    CHECK(egret::detail::has_on_frame(on));
}

int main(int argc, char **argv) {
    begin(argc, argv);
    a_listener_is_passed_by_value_or_by_any_pointer();
    callables_are_of_any_kind();
    a_connect_that_fails_destroys_the_listener();
    the_end_of_a_socket_or_a_loop_destroys_the_listener();
    only_a_listener_with_on_request_is_asked();
    a_listener_is_found_by_the_handle();
    frames_are_recorded_for_those_who_want_them();
    return 0;
}
