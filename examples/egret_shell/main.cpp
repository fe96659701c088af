// egret_shell [--inline] [--seconds N] [--expose-gc] [--hooks SCRIPT] {--eval CODE | SCRIPT}...: the smallest native shell for Egret
// games.
//
// First it runs classic scripts in JavaScriptCore or V8, in the given order, in one global object that has WebSocket and
// egret_native.WebSocket. Then it runs frames until no socket and no timer is left. Each frame runs timers and polls the
// sockets. --inline: without an I/O thread. --seconds: fail if a socket or a timer is left after N seconds. --expose-gc:
// defines gc(), which collects garbage, and cpuTime(), which returns milliseconds. --hooks: this script returns an object
// with hooks, such as ({ resolve(host) { return '127.0.0.1'; } }).
//
// Exit status: 0; 1 if an exception was not caught or the time has ended; 2 if a script or an option cannot be used.
#include "engine.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <limits>
#include <sstream>

// The scripts are compiled into the shell. build.sh makes these files.
static const char egret_ws_js[] =
#include "egret_ws.js.inc"
    ;
static const char page_js[] =
#include "page.js.inc"
    ;

static const char usage[] =
    "usage: egret_shell [OPTION]... {--eval CODE | SCRIPT}...\n"
    "\n"
    "Runs classic scripts in the order given, in one global object with WebSocket and egret_native.WebSocket.\n"
    "Then it runs frames with timers and events of sockets, until no socket and no timer is left.\n"
    "\n"
    "  --eval CODE     runs CODE instead of a file, for example: --eval 'var main = new Main()'\n"
    "  --seconds N     fails if a socket or a timer is left after N seconds\n"
    "  --inline        uses no I/O thread\n"
    "  --hooks SCRIPT  the value of SCRIPT is an object with hooks, such as ({ resolve(host) { return '127.0.0.1'; } })\n"
    "  --expose-gc     defines gc(), which collects garbage, and cpuTime(), which returns milliseconds\n"
    "  --help          prints this text\n"
    "\n"
    "Options come before scripts. Exit status: 0; 1 if an exception was not caught or time ran out; 2 if a script\n"
    "or an option cannot be used.\n";
static const int frame_ms = 16;
static bool uncaught = false;

double now_ms()
{
    using Milliseconds = std::chrono::duration<double, std::milli>;
    return Milliseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double cpu_ms()
{
    return static_cast<double>(std::clock()) * 1000 / CLOCKS_PER_SEC;
}

void print_line(bool is_error, const std::string &text)
{
    std::FILE *stream = is_error ? stderr : stdout;
    std::fprintf(stream, "%s\n", text.c_str());
    std::fflush(stream);
}

void print_uncaught(const std::string &text)
{
    uncaught = true;
    print_line(true, "Uncaught " + text);
}

void log_line(void *, int32_t, const char *text, egret_ws *)
{
    std::fprintf(stderr, "%s\n", text);
}

void check(std::int32_t result, const char *what)
{
    if (result < 0)
        throw std::runtime_error(std::string(what) + ": " + egret_ws_error_name(result));
}

// Returns false if a socket or a timer is left after `seconds`.
static bool run_frames(Engine &engine, double seconds)
{
    const double end = now_ms() + seconds * 1000;
    for (double now = now_ms(); now < end; now = now_ms()) {
        const double wait = engine.frame(now);
        const bool idle = wait < 0 && engine.live() == 0;
        // A real shell draws, waits for the screen, and polls with 0.
        const double timeout = idle ? 0 : wait < 0 ? frame_ms : std::min<double>(wait, frame_ms);
        const std::int32_t ran = engine.poll(static_cast<std::int32_t>(timeout));
        check(ran, "poll");
        if (idle && ran == 0)
            return true;
    }
    return false;
}

static std::string read_file(const char *path)
{
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    if (!file || text.str().empty())
        throw std::runtime_error(std::string("cannot read ") + path);
    return text.str();
}

int main(int argc, char **argv)
{
    EngineSetup setup = {page_js, egret_ws_js, 0, ""};
    double seconds = std::numeric_limits<double>::infinity();
    bool has_tools = false;
    int i = 1;
    try {
        for (; i < argc; ++i) {
            const std::string option = argv[i];
            if (option == "--inline")
                setup.loop_flags = EGRET_WS_LOOP_INLINE;
            else if (option == "--seconds" && i + 1 < argc)
                seconds = std::atof(argv[++i]);
            else if (option == "--hooks" && i + 1 < argc)
                setup.hooks_js = read_file(argv[++i]);
            else if (option == "--expose-gc")
                has_tools = true;
            else if (option == "--help") {
                std::fputs(usage, stdout);
                return 0;
            } else if (option.compare(0, 2, "--") == 0 && option != "--eval")
                throw std::runtime_error("there is no option " + option + ", or its value is missing; see --help");
            else
                break;
        }
        if (i == argc) {
            std::fputs(usage, stderr);
            return 2;
        }
        const std::unique_ptr<Engine> engine = make_engine(setup);
        if (has_tools)
            engine->define_tools();
        for (; i < argc; ++i) {
            const std::string argument = argv[i];
            if (argument == "--eval" && i + 1 < argc)
                engine->evaluate(argv[++i], "--eval");
            else if (argument.compare(0, 2, "--") == 0)
                throw std::runtime_error(argument + " comes after a script, or its value is missing; see --help");
            else
                engine->evaluate(read_file(argv[i]), argv[i]);
        }
        if (!run_frames(*engine, seconds)) {
            std::fprintf(stderr, "egret_shell: sockets or timers are left after %g seconds\n", seconds);
            return 1;
        }
        return uncaught ? 1 : 0;
    } catch (const std::exception &error) {
        std::fprintf(stderr, "egret_shell: %s\n", error.what());
        return 2;
    }
}
