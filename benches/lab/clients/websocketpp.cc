// websocketpp on Asio: one thread and callbacks, as in its client tutorial.
#include "../common/lab.h"

#include <websocketpp/client.hpp>
#include <websocketpp/config/asio_client.hpp>
#include <websocketpp/config/asio_no_tls_client.hpp>

namespace asio = websocketpp::lib::asio;
using websocketpp::connection_hdl;
namespace opcode = websocketpp::frame::opcode;

static const size_t QUEUE_BYTES = 1 << 20;

template <class Config> struct App {
    websocketpp::client<Config> client;
    std::string payload;
    connection_hdl connection;
    bool is_open = false;
    uint32_t opened = 0, to_send = 0;

    static void check(const websocketpp::lib::error_code &error) {
        if (error) lab_fail(error.message().c_str());
    }
    [[noreturn]] static void end() {
        fflush(stdout);
        _exit(0);
    }

    void begin_connect() {
        websocketpp::lib::error_code error;
        auto next = client.get_connection(lab.url, error);
        check(error);
        lab.marked_ns = lab_now();
        client.connect(next);
    }

    // Sends all messages that may be sent; a flood waits while many bytes are queued.
    void send_all() {
        auto to = client.get_con_from_hdl(connection);
        for (; to_send > 0; to_send--) {
            if (to->get_buffered_amount() > QUEUE_BYTES) {
                client.get_io_service().post([this] { send_all(); });
                return;
            }
            websocketpp::lib::error_code error;
            payload_stamp(reinterpret_cast<uint8_t *>(&payload[0]), lab.size, lab.next++);
            client.send(connection, payload.data(), payload.size(), opcode::binary, error);
            check(error);
        }
    }

    void on_open(connection_hdl handle) {
        connection = handle;
        is_open = true;
        opened++;
        if (lab.mode == IDLE) {
            opened < lab.count ? begin_connect() : idle();
        } else if (lab.mode == OPEN_CLOSE) {
            lab_mark();
            client.close(handle, websocketpp::close::status::normal, "");
        } else {
            char workload[64];
            if (lab_has_workload()) client.send(handle, workload, lab_workload(workload, sizeof workload), opcode::text);
            if (lab.mode == FRAME || lab.mode == POLL) return;
            to_send = lab_opened();
            send_all();
        }
    }

    void idle() {
        auto timer = std::make_shared<asio::steady_timer>(client.get_io_service(), std::chrono::seconds(LAB_IDLE_S));
        lab_idle_opened();
        timer->async_wait([timer](const auto &) {
            lab_idle_end();
            end();
        });
    }

    void on_message(const std::string &message) {
        if (lab.mode == FRAME) {
            lab_frame_message(message.data(), message.size());
            return;
        }
        to_send += lab_received(message.data(), message.size());
        send_all();
        if (lab.done) {
            lab_report();
            end();
        }
    }

    void on_close() {
        if (lab.mode != OPEN_CLOSE) lab_fail("the connection is lost");
        if (lab_open_continues()) {
            begin_connect();
        } else {
            lab_report();
            end();
        }
    }

    void run_polls() {
        while (!is_open) client.run_one();
        lab_start();
        for (uint32_t i = 0; i < lab.count; i++) client.poll();
        lab_stop();
        lab_report();
        end();
    }

    void run_frames() {
        while (!is_open) client.run_one();
        do {
            lab_frame_begin();
            client.poll();
            if (lab_frame_has_to_send()) {
                to_send = 1;
                send_all();
                client.poll();
            }
        } while (lab_frame_end());
        lab_frame_report();
        end();
    }

    void run() {
        payload.resize(lab.size);
        payload_fill(reinterpret_cast<uint8_t *>(&payload[0]), lab.size);
        client.clear_access_channels(websocketpp::log::alevel::all);
        client.clear_error_channels(websocketpp::log::elevel::all);
        client.init_asio();
        client.set_fail_handler([](connection_hdl) { lab_fail("it cannot connect"); });
        client.set_tcp_post_init_handler([this](connection_hdl handle) {
            client.get_con_from_hdl(handle)->get_raw_socket().set_option(asio::ip::tcp::no_delay(true));
        });
        client.set_open_handler([this](connection_hdl handle) { on_open(handle); });
        client.set_close_handler([this](connection_hdl) { on_close(); });
        client.set_message_handler([this](connection_hdl, auto message) { on_message(message->get_payload()); });
        if (lab.mode == IDLE) lab_idle_begin();
        begin_connect();
        if (lab.mode == FRAME) run_frames();
        if (lab.mode == POLL) run_polls();
        client.run();
    }
};

int main(int argc, char **argv) {
    lab_init(argc, argv);
    if (!lab.tls) {
        static App<websocketpp::config::asio_client> app;
        app.run();
    } else {
        static App<websocketpp::config::asio_tls_client> app;
        auto context = websocketpp::lib::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
        context->load_verify_file(lab.ca);
        context->set_verify_mode(asio::ssl::verify_peer);
        app.client.set_tls_init_handler([context](connection_hdl) { return context; });
        app.run();
    }
}
