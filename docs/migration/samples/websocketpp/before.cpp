// Sends a message to a server, prints the answer, and closes.
#include <websocketpp/client.hpp>
#include <websocketpp/config/asio_no_tls_client.hpp>

#include <iostream>
#include <string>

using Client = websocketpp::client<websocketpp::config::asio_client>;
using websocketpp::connection_hdl;

int main(int, char **argv) {
    bool has_failed = false;
    Client client;
    client.clear_access_channels(websocketpp::log::alevel::all);
    client.clear_error_channels(websocketpp::log::elevel::all);
    client.init_asio();
    client.set_open_handler([&](connection_hdl handle) {
        websocketpp::lib::error_code error;
        client.send(handle, "Hello Egret WebSocket", websocketpp::frame::opcode::text, error);
        if (error)
            std::cerr << "not sent: " << error.message() << '\n';
    });
    client.set_message_handler([&](connection_hdl handle, Client::message_ptr message) {
        std::cout << "received: " << message->get_payload() << '\n';
        websocketpp::lib::error_code error;
        client.close(handle, websocketpp::close::status::normal, "", error);
    });
    client.set_close_handler([&](connection_hdl handle) {
        auto const connection = client.get_con_from_hdl(handle);
        has_failed = connection->get_remote_close_code() == websocketpp::close::status::abnormal_close;
    });
    client.set_fail_handler([&](connection_hdl handle) {
        auto const connection = client.get_con_from_hdl(handle);
        std::cerr << "failed: " << connection->get_ec().message() << '\n';
        has_failed = true;
    });
    websocketpp::lib::error_code error;
    Client::connection_ptr const connection = client.get_connection(argv[1], error);
    if (error) {
        std::cerr << "failed: " << error.message() << '\n';
        return 1;
    }
    client.connect(connection);
    client.run();
    return has_failed ? 1 : 0;
}
