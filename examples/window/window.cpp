// window [OPTION...] [URL]: opens a window that shows a connection: its state, its latency, and the content of its queues.
//
// Build and run (Debian: libsdl2-dev; egret-ws by `make install PREFIX=$HOME/egret`), with an echo server at port 9000:
//
//     export PKG_CONFIG_PATH=$HOME/egret/lib/pkgconfig
//     c++ -std=c++17 -O2 window.cpp $(pkg-config --cflags --libs egret_ws sdl2) -Wl,-rpath,$HOME/egret/lib -o window
//     ./window ws://127.0.0.1:9000/
//
// Keys: space sends a burst, P pauses receiving, R drops the connection and makes a new one, Esc quits.
//
//     --frames N          end after N frames
//     --keys KEYS         press these keys, each after the effect of the one before: `_` is space, `.` waits for 30 frames;
//                         then end. If they do not have their effect within --frames, the exit code is 1
//     --screenshot FILE   write the last frame to this file, as BMP
#include "font5x7.h"
#include <SDL.h>
#include <egret_ws.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <string>

namespace {

constexpr int width = 800, height = 450;
constexpr auto frame_time = std::chrono::microseconds(16667);
constexpr std::size_t burst_messages = 64, burst_bytes = 16 << 10;
// The limits are small, so that the bars change visibly. The defaults of the library are 1 MiB each.
constexpr std::uint32_t send_limit = 512 << 10, receive_limit = 512 << 10;
constexpr std::size_t plot_points = 100;
constexpr int frames_between_pings = 3;

struct Colour {
    Uint8 r, g, b;
};
constexpr Colour background{16, 20, 28}, panel{26, 33, 45}, grid{44, 54, 70}, ink{224, 230, 240}, faint{128, 142, 164};
constexpr Colour green{61, 220, 132}, amber{255, 183, 77}, red{239, 83, 80}; // the state
constexpr Colour blue{79, 195, 247}, pink{240, 98, 146}, violet{179, 136, 255}, white{255, 255, 255};

std::string format(const char *pattern, ...) {
    char text[256];
    va_list arguments;
    va_start(arguments, pattern);
    std::vsnprintf(text, sizeof text, pattern, arguments);
    va_end(arguments);
    return text;
}

// The connection. The binding calls the on_... functions only from Loop::poll: once per frame, on the thread that draws.
class Connection : public egret::Listener {
public:
    Connection(egret::Loop &loop, std::string url) : loop_(loop), url_(std::move(url)) {}

    bool open() {
        egret::Options options;
        options.max_send_buffer_bytes = send_limit;
        options.max_receive_queue_bytes = receive_limit;
        options.retry_attempts = 100;
        options.retry.first_wait = std::chrono::milliseconds(500); // for one player; a game with many players keeps the default
        auto made = loop_.connect(url_, options, this);
        if (!made) {
            say(format("%s", made.error_message()));
            return false;
        }
        ws_ = std::move(*made);
        is_pinged_ = is_paused_ = false;
        return true;
    }

    void on_connect(egret::WebSocketRef) {
        is_pinged_ = false;
        say(format("connection %d is open", ++connections_));
    }
    void on_message(egret::WebSocketRef, const egret::Message &) { ++received_; }
    void on_pong(egret::WebSocketRef ws, egret::ByteSpan) {
        // The library has measured the round trip in its own thread, so it does not include the wait for this frame.
        if (const auto statistics = ws.stats())
            round_trips_.push_back(statistics->rtt.count() / 1000.0);
        if (round_trips_.size() > plot_points)
            round_trips_.pop_front();
        is_pinged_ = false;
    }
    void on_retry(egret::WebSocketRef, const egret::CloseInfo &info, std::uint32_t attempt, std::chrono::milliseconds wait) {
        say(format("attempt %u in %d ms: %s", attempt, static_cast<int>(wait.count()), info.message()));
        sent_ = received_ = 0;
    }
    void on_close(egret::WebSocketRef, const egret::CloseInfo &info) { say(info.message()); }

    // Returns false if the send queue is full: the rest of the burst is not sent.
    bool send_burst() {
        static const std::string payload(burst_bytes, '*');
        for (std::size_t i = 0; i < burst_messages; ++i) {
            const auto sent = ws_.send_binary(payload);
            if (sent.error() == egret::Error::backpressure)
                return false; // a game sends the rest in on_drain
            if (sent)
                ++sent_;
        }
        return true;
    }
    void toggle_pause() {
        is_paused_ = !is_paused_;
        static_cast<void>(is_paused_ ? ws_.pause_receive() : ws_.resume_receive());
        say(is_paused_ ? "receiving is paused" : "receiving goes on");
    }
    // The library does not reconnect after this side has ended the connection, so the frame loop makes a new connection.
    void drop() {
        static_cast<void>(ws_.abort());
        sent_ = received_ = 0;
        wants_another_ = true;
    }
    void update() {
        if (wants_another_ && ws_.state() == egret::State::closed) {
            wants_another_ = false;
            open();
        }
        // Only one ping is in flight. The plot shows the round trip of each one.
        if (ws_.is_open() && !is_pinged_ && ++frames_since_ping_ >= frames_between_pings) {
            frames_since_ping_ = 0;
            is_pinged_ = static_cast<bool>(ws_.ping());
        }
    }

    void say(std::string line) {
        lines_.push_back(std::move(line));
        if (lines_.size() > 4)
            lines_.pop_front();
    }

    egret::State state() const { return ws_.state().value_or(egret::State::closed); }
    egret::Statistics statistics() const {
        const auto statistics = ws_.stats(); // an error before the first connection
        return statistics ? *statistics : egret::Statistics();
    }
    const std::string &url() const { return url_; }
    int connections() const { return connections_; }
    bool is_paused() const { return is_paused_; }
    bool is_echoed() const { return sent_ > 0 && sent_ == received_; }
    const std::deque<double> &round_trips() const { return round_trips_; }
    const std::deque<std::string> &lines() const { return lines_; }

private:
    egret::Loop &loop_;
    std::string url_;
    egret::WebSocket ws_;
    int connections_ = 0, frames_since_ping_ = 0;
    std::uint64_t sent_ = 0, received_ = 0; // of this connection
    bool is_pinged_ = false, is_paused_ = false, wants_another_ = false;
    std::deque<double> round_trips_; // milliseconds
    std::deque<std::string> lines_;
};

class Canvas {
public:
    explicit Canvas(SDL_Renderer *renderer) : renderer_(renderer) {}

    void clear(Colour colour) {
        use(colour);
        SDL_RenderClear(renderer_);
    }
    void box(int x, int y, int w, int h, Colour colour) {
        if (w <= 0 || h <= 0)
            return; // SDL would draw a line
        const SDL_Rect rectangle{x, y, w, h};
        use(colour);
        SDL_RenderFillRect(renderer_, &rectangle);
    }
    void line(int x1, int y1, int x2, int y2, Colour colour) {
        use(colour);
        SDL_RenderDrawLine(renderer_, x1, y1, x2, y2);
    }
    void text(int x, int y, int scale, Colour colour, const std::string &text) {
        for (const char letter : text) {
            const unsigned index = static_cast<unsigned char>(letter) - 32u;
            const auto &columns = font5x7[index < sizeof font5x7 / sizeof *font5x7 ? index : '?' - 32];
            for (int column = 0; column < FONT_COLUMNS; ++column)
                for (int row = 0; row < FONT_ROWS; ++row)
                    if (columns[column] >> row & 1)
                        box(x + column * scale, y + row * scale, scale, scale, colour);
            x += FONT_ADVANCE * scale;
        }
    }

private:
    void use(Colour colour) { SDL_SetRenderDrawColor(renderer_, colour.r, colour.g, colour.b, 255); }

    SDL_Renderer *renderer_;
};

void draw_state(Canvas &canvas, const Connection &connection, const egret::Statistics &statistics) {
    const auto state = connection.state();
    const bool is_open = state == egret::State::open, is_closed = state == egret::State::closed;
    const char *const name = is_open ? "OPEN" : is_closed ? "CLOSED" : state == egret::State::closing ? "CLOSING" : "CONNECTING";
    canvas.box(24, 20, 28, 28, is_open ? green : is_closed ? red : amber);
    canvas.text(64, 23, 3, ink, name);
    if (connection.is_paused())
        canvas.text(64 + 18 * 5, 27, 2, faint, "receiving is paused");
    canvas.text(488, 20, 2, ink, format("connection %d", connection.connections()));
    canvas.text(488, 40, 2, faint, format("automatic retries: %u", statistics.retries));
    canvas.text(24, 62, 2, faint, connection.url().substr(0, 62));
}

void draw_latency(Canvas &canvas, const Connection &connection, const egret::Statistics &statistics) {
    constexpr int x = 24, y = 92, w = 448, h = 206, plot_y = y + 64, plot_h = h - 80;
    canvas.box(x, y, w, h, panel);
    canvas.text(x + 16, y + 14, 2, ink, "LATENCY");
    canvas.text(x + 16, y + 38, 2, faint, format("now %.2f ms, smoothed %.2f ms", statistics.rtt.count() / 1000.0,
                                                 statistics.rtt_smoothed.count() / 1000.0));
    const auto &points = connection.round_trips();
    // The top of the plot is 1, 2 or 5 times a power of ten.
    const double most = points.empty() ? 0 : *std::max_element(points.begin(), points.end());
    double top = 0.1;
    for (const double factor : {2.0, 2.5, 2.0})
        if (top < most)
            top *= factor;
    while (top < most)
        top *= 2;
    for (int part = 0; part <= 4; ++part)
        canvas.line(x + 16, plot_y + plot_h * part / 4, x + w - 17, plot_y + plot_h * part / 4, grid);
    const int step = (w - 32) / static_cast<int>(plot_points);
    int column = x + w - 16 - static_cast<int>(points.size()) * step;
    for (const double point : points) {
        const int tall = std::max(2, static_cast<int>(point / top * plot_h));
        canvas.box(column, plot_y + plot_h - tall, step - 1, tall, blue);
        column += step;
    }
    const std::string label = format("%g ms", top);
    canvas.text(x + w - 16 - 12 * static_cast<int>(label.size()), y + 14, 2, faint, label);
}

void draw_bar(Canvas &canvas, int y, const char *name, std::uint64_t bytes, std::uint64_t peak, std::uint32_t limit, Colour colour) {
    constexpr int x = 504, w = 256, h = 22;
    const auto length = [limit](std::uint64_t of) { return static_cast<int>(std::min<std::uint64_t>(of, limit) * w / limit); };
    canvas.text(x, y, 2, ink, name);
    const std::string figure = format("%u KiB", static_cast<unsigned>((bytes + 1023) / 1024));
    canvas.text(x + w - 12 * static_cast<int>(figure.size()), y, 2, faint, figure);
    canvas.box(x, y + 22, w, h, grid);
    canvas.box(x, y + 22, length(bytes), h, colour);
    canvas.box(x + std::max(0, length(peak) - 2), y + 20, 2, h + 4, white); // the largest value so far
}

void draw(Canvas &canvas, const Connection &connection) {
    const egret::Statistics statistics = connection.statistics();
    canvas.clear(background);
    draw_state(canvas, connection, statistics);
    draw_latency(canvas, connection, statistics);
    canvas.box(488, 92, 288, 206, panel);
    draw_bar(canvas, 106, "SEND", statistics.send_queue_bytes, statistics.send_queue_peak_bytes, send_limit, pink);
    draw_bar(canvas, 170, "RECEIVE", statistics.receive_queue_bytes, statistics.receive_queue_peak_bytes, receive_limit, violet);
    canvas.text(504, 240, 2, faint, format("%llu sent", static_cast<unsigned long long>(statistics.messages_sent)));
    canvas.text(504, 262, 2, faint, format("%llu received", static_cast<unsigned long long>(statistics.messages_received)));
    canvas.box(24, 314, 752, 92, panel);
    int y = 324;
    for (const std::string &line : connection.lines()) {
        canvas.text(36, y, 2, &line == &connection.lines().back() ? ink : faint, line.substr(0, 60));
        y += 19;
    }
    canvas.text(24, 420, 2, faint, "space: burst   P: pause   R: drop   Esc: quit");
}

// Presses the keys of --keys. A key has had its effect when the window would show the effect.
class Keys {
public:
    explicit Keys(std::string keys) : keys_(std::move(keys)) {}

    bool are_done() const { return next_ == keys_.size(); }
    // Returns the key to press in this frame, or 0.
    SDL_Keycode next(const Connection &connection) {
        const bool is_open = connection.state() == egret::State::open;
        if (are_done() || !(is_pressed_ ? has_effect(connection) : is_open))
            return repeats(connection) ? SDLK_SPACE : 0;
        if (is_pressed_) {
            is_pressed_ = false;
            ++next_;
            return 0;
        }
        is_pressed_ = true;
        connections_ = connection.connections();
        frames_ = full_frames_ = 0;
        switch (keys_[next_]) {
        case '_': return SDLK_SPACE;
        case 'P': return SDLK_p;
        case 'R': return SDLK_r;
        default: return 0;
        }
    }

private:
    bool has_effect(const Connection &connection) {
        const bool is_again_open = connection.state() == egret::State::open && connection.connections() > connections_;
        ++frames_;
        switch (keys_[next_]) {
        case '_': {
            // All echoes have arrived, or the server has dropped the connection, or the queues are full.
            const auto statistics = connection.statistics();
            const bool is_full = statistics.send_queue_bytes > send_limit / 2 && statistics.receive_queue_bytes > receive_limit / 2;
            full_frames_ = is_full ? full_frames_ + 1 : 0;
            return is_again_open || (connection.is_paused() ? full_frames_ >= 10 : connection.is_echoed());
        }
        case 'R': return is_again_open;
        case 'P': return true;
        default: return frames_ >= 30;
        }
    }
    // While receiving is paused, one burst may disappear in the buffers of the operating system.
    bool repeats(const Connection &connection) const {
        return !are_done() && is_pressed_ && keys_[next_] == '_' && connection.is_paused();
    }

    std::string keys_;
    std::size_t next_ = 0;
    bool is_pressed_ = false;
    int connections_ = 0, frames_ = 0, full_frames_ = 0;
};

bool save(SDL_Renderer *renderer, const char *file) {
    SDL_Surface *const picture = SDL_CreateRGBSurfaceWithFormat(0, width, height, 24, SDL_PIXELFORMAT_BGR24);
    const bool is_saved = picture &&
                          SDL_RenderReadPixels(renderer, nullptr, SDL_PIXELFORMAT_BGR24, picture->pixels, picture->pitch) == 0 &&
                          SDL_SaveBMP(picture, file) == 0;
    SDL_FreeSurface(picture);
    return is_saved;
}

struct Settings {
    std::string url = "ws://127.0.0.1:9000/", keys;
    const char *screenshot = nullptr;
    long frames = -1; // no limit
};

int run(SDL_Renderer *renderer, const Settings &settings) {
    auto loop = egret::Loop::create();
    if (!loop)
        return std::fprintf(stderr, "no loop: %s\n", loop.error_message()), 1;
    Connection connection(*loop, settings.url);
    if (!connection.open())
        return std::fprintf(stderr, "%s: %s\n", settings.url.c_str(), connection.lines().back().c_str()), 1;

    Canvas canvas(renderer);
    Keys keys(settings.keys);
    bool is_running = true;
    auto next_frame = std::chrono::steady_clock::now();
    for (long frame = 0; is_running; ++frame) {
        const auto press = [&](SDL_Keycode key) {
            if (key == SDLK_ESCAPE)
                is_running = false;
            else if (key == SDLK_SPACE && !connection.send_burst() && !connection.is_paused())
                connection.say("the send queue is full");
            else if (key == SDLK_p)
                connection.toggle_pause();
            else if (key == SDLK_r)
                connection.drop();
        };
        for (SDL_Event event; SDL_PollEvent(&event);) {
            if (event.type == SDL_QUIT)
                is_running = false;
            else if (event.type == SDL_KEYDOWN && event.key.repeat == 0)
                press(event.key.keysym.sym);
        }
        press(keys.next(connection));
        if ((!settings.keys.empty() && keys.are_done()) || frame + 1 == settings.frames)
            is_running = false;

        connection.update();
        draw(canvas, connection);
        if (!is_running && settings.screenshot && !save(renderer, settings.screenshot))
            return std::fprintf(stderr, "%s: %s\n", settings.screenshot, SDL_GetError()), 1;
        SDL_RenderPresent(renderer);

        // The rest of the frame is for the socket: a message that arrives in this time is handled immediately. If drawing took too
        // long, the poll does not wait.
        next_frame = std::max(next_frame + frame_time, std::chrono::steady_clock::now());
        do {
            loop->poll(std::max(next_frame - std::chrono::steady_clock::now(), std::chrono::steady_clock::duration::zero()));
        } while (std::chrono::steady_clock::now() < next_frame);
    }
    if (!keys.are_done())
        std::fprintf(stderr, "a key had no effect; the last line was: %s\n", connection.lines().back().c_str());
    return keys.are_done() ? 0 : 1;
}

} // namespace

int main(int argc, char **argv) {
    Settings settings;
    for (int i = 1; i < argc; ++i) {
        const std::string argument = argv[i];
        if (argument == "--frames" && i + 1 < argc)
            settings.frames = std::atol(argv[++i]);
        else if (argument == "--keys" && i + 1 < argc)
            settings.keys = argv[++i];
        else if (argument == "--screenshot" && i + 1 < argc)
            settings.screenshot = argv[++i];
        else if (argument[0] != '-')
            settings.url = argument;
        else
            return std::fprintf(stderr, "usage: window [--frames N] [--keys KEYS] [--screenshot FILE] [URL]\n"), 2;
    }
    if (SDL_Init(SDL_INIT_VIDEO) != 0)
        return std::fprintf(stderr, "SDL: %s\n", SDL_GetError()), 1;
    SDL_Window *const window = SDL_CreateWindow("egret-ws", SDL_WINDOWPOS_CENTERED, SDL_WINDOWPOS_CENTERED, width, height, 0);
    SDL_Renderer *const renderer = window ? SDL_CreateRenderer(window, -1, 0) : nullptr;
    const int result = renderer ? run(renderer, settings) : (std::fprintf(stderr, "SDL: %s\n", SDL_GetError()), 1);
    SDL_DestroyRenderer(renderer);
    SDL_DestroyWindow(window);
    SDL_Quit();
    return result;
}
