// Tests that messages are sent and echoed, as text and as bytes of each kind, and that handles can be moved while their sockets
// are in use.
#include "check.hpp"

#include <type_traits>

static void text_and_bytes() {
    egret::Loop loop = make_loop();
    std::vector<std::string> came;
    std::vector<bool> was_text;
    int connects = 0, closes = 0;
    egret::Callbacks on;
    on.on_connect = [&](egret::WebSocketRef) { ++connects; };
    on.on_message = [&](egret::WebSocketRef, const egret::Message &message) {
        CHECK(message.is_text() == (message.kind() == egret::Kind::text));
        CHECK(message.bytes().size() == message.text().size());
        if (message.is_text()) CHECK_EQ(message.text().data()[message.text().size()], '\0');
        was_text.push_back(message.is_text());
        came.emplace_back(message.bytes().begin(), message.bytes().end());
    };
    on.on_close = [&](egret::WebSocketRef, const egret::CloseInfo &info) {
        ++closes;
        CHECK(info.clean() && info.error() == egret::Error::ok && strcmp(info.error_name(), "EGRET_WS_OK") == 0);
        CHECK_EQ(info.code(), 4001);
        CHECK_EQ(info.sent_code(), 4001);
        CHECK(info.reason() == "enough");
        CHECK(info.initiator() == egret::Initiator::local && info.phase() == egret::Phase::closing);
        CHECK(strlen(info.message()) > 0);
        CHECK_EQ(info.http_status(), 101);
        CHECK_EQ(info.os_error(), 0);
        CHECK_EQ(info.unsent_messages(), 0);
        CHECK_EQ(info.unsent_bytes(), 0);
    };
    egret::WebSocket ws = connect_to(loop, echo_url, std::move(on));
    UNTIL(loop, connects == 1);
    CHECK(ws.is_open() && ws.state() == egret::State::open);

    const std::string text = "t\xC3\xA4xt";
    const std::vector<uint8_t> vector = {0, 255, 7};
    const std::array<char, 2> array = {'a', 'b'};
    const unsigned char c_array[] = {1, 2, 3, 4};
    const std::vector<std::byte> std_bytes(3, std::byte{9});
    const std::string largest(egret::max_message_bytes, 'x');
    CHECK_DONE(ws.send_text(text));
    CHECK_DONE(ws.send_text(std::string_view("cut here").substr(0, 3)));
    CHECK_DONE(ws.send_text(std::string_view("a\0b", 3)));
    CHECK_DONE(ws.send_text(""));
    CHECK_DONE(ws.send_binary(vector));
    CHECK_DONE(ws.send_binary(array));
    CHECK_DONE(ws.send_binary(c_array));
    CHECK_DONE(ws.send_binary(std_bytes));
    CHECK_DONE(ws.send_binary({text.data(), 1}));
    CHECK_DONE(ws.send_binary(text));
    CHECK_DONE(ws.send_binary({}));
    CHECK_DONE(ws.send_text(largest));
    UNTIL(loop, came.size() == 12);
    const std::vector<std::string> sent = {text, "cut", std::string("a\0b", 3), "", std::string("\0\xFF\7", 3), "ab",
                                           "\1\2\3\4", "\t\t\t", "t", text, "", largest};
    CHECK(came == sent);
    const std::vector<bool> texts = {true, true, true, true, false, false, false, false, false, false, false, true};
    CHECK(was_text == texts);

    CHECK_ERROR(ws.send_text(largest + "x"), egret::Error::message_too_big);
    CHECK_ERROR(ws.send_text("\xFF"), egret::Error::invalid_utf8);
    CHECK_ERROR(ws.close(999), egret::Error::invalid_close);
    CHECK_DONE(ws.close(4001, "enough"));
    UNTIL(loop, closes == 1);
    CHECK(ws.state() == egret::State::closed && !ws.is_open());
}

template <class T>
constexpr bool moves_only = std::is_nothrow_move_constructible_v<T> && std::is_nothrow_move_assignable_v<T> &&
                            !std::is_copy_constructible_v<T> && !std::is_copy_assignable_v<T>;
static_assert(moves_only<egret::Loop> && moves_only<egret::WebSocket>);

static void handles_move() {
    egret::Loop first = make_loop();
    Seen seen;
    egret::WebSocket ws = connect_to(first, echo_url, note(seen));
    const egret::WebSocketRef same = ws;
    UNTIL(first, seen.connects == 1);

    egret::Loop second = std::move(first);
    CHECK(!first && second);
    CHECK_ERROR(first.poll(), egret::Error::bad_handle);
    std::vector<egret::WebSocket> sockets;
    for (int i = 0; i < 3; ++i) sockets.emplace_back(); // the vector grows and moves its elements
    sockets[1] = std::move(ws);
    CHECK(!ws && sockets[1] == same);
    sockets.erase(sockets.begin());
    egret::WebSocket &itself = sockets[0];
    itself = std::move(sockets[0]);
    CHECK(itself == same);
    CHECK_DONE(itself.send_text("moved"));
    UNTIL(second, seen.messages == 1);
    CHECK(seen.last == "moved");

    // Assigning a new value frees the old socket, which closes with 1001.
    Seen other;
    sockets[0] = connect_to(second, echo_url, note(other));
    CHECK_ERROR(same.send_text("too late"), egret::Error::bad_handle);
    CHECK(same.state().error() == egret::Error::bad_handle);
    UNTIL(second, other.connects == 1);
    CHECK_EQ(seen.closes, 0);

    // Assigning a new loop frees the old loop.
    second = make_loop();
    CHECK_ERROR(sockets[0].state(), egret::Error::bad_handle);
    works(second);
}

static void a_socket_is_released() {
    egret::Loop loop = make_loop();
    Seen seen;
    egret::Callbacks on = note(seen);
    on.on_close = [&seen](egret::WebSocketRef ws, const egret::CloseInfo &) {
        ++seen.closes;
        CHECK_DONE(ws.free_handle());
        CHECK_ERROR(ws.free_handle(), egret::Error::bad_handle);
    };
    egret::WebSocketRef ref;
    {
        egret::WebSocket ws = connect_to(loop, echo_url, std::move(on));
        ref = ws.release();
        CHECK(!ws);
    }
    UNTIL(loop, seen.connects == 1);
    CHECK(ref.is_open());
    CHECK_DONE(ref.close());
    UNTIL(loop, seen.closes == 1);

    egret::WebSocket adopted;
    adopted.reset(connect_to(loop, echo_url, egret::Listener()).release().get());
    CHECK(adopted.state() == egret::State::connecting);
    adopted.reset();
    CHECK(!adopted);
}

int main(int argc, char **argv) {
    begin(argc, argv);
    text_and_bytes();
    handles_move();
    a_socket_is_released();
    return 0;
}
