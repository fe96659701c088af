/*
 * The parts of a browser page that an engine needs when it loads: window, console, clock, timers and animation frames.
 *
 * A classic script whose completion value is a function: frame = install(global, host). The shell calls frame(now) once a
 * frame; it returns the milliseconds until it has something to do again, or -1 if there is nothing left.
 * host: print(isError, text), now() in milliseconds, reportError(exception).
 */
(function (global, host) {
    'use strict';

    var FRAME_MS = 16;
    var timers = {}; // by id: { callback, args, due, every (milliseconds, or null) }
    var frames = {}; // by id: callback
    var lastId = 0;

    function printer(isError) {
        return function () {
            host.print(isError, Array.prototype.map.call(arguments, String).join(' '));
        };
    }

    function start(callback, delay, repeats, args) {
        if (typeof callback !== 'function') throw new TypeError('a timer needs a function');
        var ms = Math.max(0, Number(delay) || 0);
        timers[++lastId] = { callback: callback, args: args, due: host.now() + ms, every: repeats ? ms : null };
        return lastId;
    }

    function clear(id) {
        delete timers[id];
    }

    function call(callback, args) {
        try {
            callback.apply(global, args);
        } catch (exception) {
            host.reportError(exception);
        }
    }

    function runTimer(id, now) {
        var timer = timers[id];
        if (!timer) return; // an earlier timer has cleared this one
        if (timer.every === null) delete timers[id];
        else timer.due = now + timer.every;
        call(timer.callback, timer.args);
    }

    // Timers and frames that are requested while these run wait for the next frame.
    function runDue(now) {
        var due = Object.keys(timers).filter(function (id) { return timers[id].due <= now; });
        due.sort(function (a, b) { return timers[a].due - timers[b].due || a - b; });
        due.forEach(function (id) { runTimer(id, now); });

        var batch = frames;
        frames = {};
        Object.keys(batch).forEach(function (id) { call(batch[id], [now]); });
    }

    function untilNext(now) {
        var waits = Object.keys(timers).map(function (id) { return Math.max(0, timers[id].due - now); });
        if (Object.keys(frames).length > 0) waits.push(FRAME_MS);
        return waits.length > 0 ? Math.min.apply(null, waits) : -1;
    }

    global.window = global;
    global.console = { log: printer(false), info: printer(false), warn: printer(true), error: printer(true) };
    global.performance = { now: function () { return host.now(); } };
    global.setTimeout = function (callback, delay) {
        return start(callback, delay, false, Array.prototype.slice.call(arguments, 2));
    };
    global.setInterval = function (callback, delay) {
        return start(callback, delay, true, Array.prototype.slice.call(arguments, 2));
    };
    global.clearTimeout = global.clearInterval = clear;
    global.requestAnimationFrame = function (callback) {
        frames[++lastId] = callback;
        return lastId;
    };
    global.cancelAnimationFrame = function (id) {
        delete frames[id];
    };

    return function frame(now) {
        runDue(now);
        return untilNext(now);
    };
})
