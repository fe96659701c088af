'use strict';

// egret_ws for Node and Electron: loads the addon (egret_ws_node.c) and runs egret_ws.js with it.

const fs = require('fs');
const path = require('path');
const vm = require('vm');

const HOST_FUNCTIONS = [
  'open', 'sendText', 'sendBinary', 'close', 'bufferedAmount', 'notifyDrain', 'normalizeUrl', 'stats', 'lastError', 'wake',
];

const script = path.join(__dirname, '..', 'egret_ws.js');
const installScript = vm.runInThisContext(fs.readFileSync(script, 'utf8'), { filename: script });

/**
 * Defines `WebSocket` and `egret_native.WebSocket` on `global`. Their events come only during `poll()`.
 *
 * options:
 *   addon        path of the compiled addon; the default is `egret_ws.node` next to this file
 *   inline       true: no I/O thread; `poll()` reads and writes
 *   interval     milliseconds: while there is a socket, a timer calls `poll()` and keeps the process alive
 *   reportError  called with each exception of an event handler; the default writes to the console
 *
 * Returns
 *   poll(timeoutMs = 0)  delivers the events that are due and returns their number; waits at most `timeoutMs` for one
 *   free()               ends every connection; no event follows
 */
module.exports = function install(global = globalThis, options = {}) {
  const { Host } = require(path.resolve(__dirname, options.addon || 'egret_ws.node'));
  const native = new Host(Boolean(options.inline));
  const reportError = options.reportError || ((error) => console.error(error));

  let timer = null;
  function startTimer() {
    if (options.interval !== undefined && timer === null) timer = setInterval(tick, options.interval);
  }
  function stopTimer() {
    clearInterval(timer);
    timer = null;
  }
  function tick() {
    if (poll() === 0 && native.sockets === 0) stopTimer();
  }
  function poll(timeoutMs = 0) {
    return native.poll(events, reportError, timeoutMs);
  }

  // Each of them may cause an event that a poll must deliver, also a connect that is refused at once.
  const host = { reportError };
  for (const name of HOST_FUNCTIONS) {
    host[name] = (...args) => {
      startTimer();
      return native[name](...args);
    };
  }
  const events = installScript(global, host);

  return {
    poll,
    free() {
      stopTimer();
      native.free();
    },
  };
};
