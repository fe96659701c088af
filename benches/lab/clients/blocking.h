// The modes for a library with blocking calls. A client is a struct with
//   void connect();  void close();
//   void send(const uint8_t *payload, size_t size, bool text);
//   void queue(const uint8_t *payload, size_t size);  void flush();    (send and no-op if the library cannot queue)
//   const uint8_t *receive(size_t &size);
// and, if it can be polled, void poll(), which calls lab_frame_message for each received message.
#ifndef LAB_BLOCKING_H
#define LAB_BLOCKING_H

#include "../common/lab.h"

#include <memory>
#include <vector>

template <class Client> auto lab_poll(Client &client, int) -> decltype(client.poll(), void()) { client.poll(); }
template <class Client> void lab_poll(Client &, long) { lab_fail("this client cannot be polled"); }

template <class Client> void run_open() {
    do {
        lab.marked_ns = lab_now();
        Client client;
        client.connect();
        lab_mark();
        client.close();
    } while (lab_open_continues());
    lab_report();
}

template <class Client> void run_idle() {
    std::vector<std::unique_ptr<Client>> clients;
    lab_idle_begin();
    for (uint32_t i = 0; i < lab.count; i++) {
        clients.push_back(std::unique_ptr<Client>(new Client));
        clients.back()->connect();
    }
    lab_idle_opened();
    lab_sleep_us(LAB_IDLE_S * 1000000);
    lab_idle_end();
}

template <class Client> void run_frames(Client &client, uint8_t *payload) {
    do {
        lab_frame_begin();
        lab_poll(client, 0);
        if (lab_frame_has_to_send()) {
            payload_stamp(payload, lab.size, lab.next++);
            client.send(payload, lab.size, false);
        }
    } while (lab_frame_end());
    lab_frame_report();
}

template <class Client> void run_polls(Client &client) {
    lab_start();
    for (uint32_t i = 0; i < lab.count; i++) lab_poll(client, 0);
    lab_stop();
    lab_report();
}

template <class Client> void run_messages(Client &client, uint8_t *payload) {
    uint32_t to_send = lab_opened();
    while (!lab.done) {
        size_t size;
        // Messages that can be sent together are queued: a flood, a backlog, and the first messages of a window.
        const bool is_batch = to_send > 1;
        for (; to_send > 0; to_send--) {
            payload_stamp(payload, lab.size, lab.next++);
            if (is_batch)
                client.queue(payload, lab.size);
            else
                client.send(payload, lab.size, false);
        }
        if (lab.mode == BACKLOG) lab_start();
        if (is_batch) client.flush();
        const uint8_t *message = client.receive(size);
        to_send = lab_received(message, size);
    }
    lab_report();
    client.close();
}

template <class Client> int lab_blocking() {
    if (lab.mode == OPEN_CLOSE) {
        run_open<Client>();
    } else if (lab.mode == IDLE) {
        run_idle<Client>();
    } else {
        std::vector<uint8_t> payload(lab.size);
        payload_fill(payload.data(), lab.size);
        Client client;
        client.connect();
        if (lab_has_workload()) {
            char workload[64];
            client.send(reinterpret_cast<const uint8_t *>(workload), lab_workload(workload, sizeof workload), true);
        }
        if (lab.mode == FRAME)
            run_frames(client, payload.data());
        else if (lab.mode == POLL)
            run_polls(client);
        else
            run_messages(client, payload.data());
    }
    fflush(stdout);
    _exit(0); // skips the destructors
}

#endif
