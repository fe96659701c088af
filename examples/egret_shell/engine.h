// The JavaScript engine of the shell: engine_jsc.cpp (JavaScriptCore) or engine_v8.cpp (V8). build.sh compiles one of them.
//
// An exception that no script catches is printed, and the next script or event still runs, as in a page.
#ifndef EGRET_SHELL_ENGINE_H
#define EGRET_SHELL_ENGINE_H

#include <egret_ws.h>

#include <memory>
#include <stdexcept>
#include <string>

struct EngineSetup {
    const char *page_js;
    const char *egret_ws_js;
    std::uint32_t loop_flags;
    // A script that returns an object with hooks. Empty: there are no hooks.
    std::string hooks_js;
};

class Engine {
public:
    virtual ~Engine() {}

    virtual void evaluate(const std::string &code, const std::string &name) = 0;
    // Defines gc(), which collects garbage immediately, and cpuTime(), which returns the CPU time of the process in milliseconds.
    virtual void define_tools() = 0;
    // Calls the function `frame` of page.js.
    virtual double frame(double now) = 0;
    // Delivers the events of the sockets, like egret_ws_loop_poll.
    virtual std::int32_t poll(std::int32_t timeout_ms) = 0;
    // Returns the number of sockets that are connecting, open or closing.
    virtual std::size_t live() const = 0;
};

// Each engine_*.cpp defines it. Throws std::runtime_error.
std::unique_ptr<Engine> make_engine(const EngineSetup &setup);

// The engines use these functions; main.cpp defines them.
double now_ms();
double cpu_ms();
void print_line(bool is_error, const std::string &text);
void print_uncaught(const std::string &text);
void log_line(void *user, int32_t level, const char *text, egret_ws *ws);
// Throws a std::runtime_error for a negative result.
void check(std::int32_t result, const char *what);

#endif
