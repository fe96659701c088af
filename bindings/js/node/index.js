'use strict';

// egret_ws for Node and Electron: the addon (egret_ws_node.c) and egret_ws.js put together.

const fs = require('fs');
const path = require('path');
const vm = require('vm');

const HOST_FUNCTIONS = ['open', 'sendText', 'sendBinary', 'close', 'bufferedAmount', 'normalizeUrl'];

const script = path.join(__dirname, '..', 'egret_ws.js');
const installScript = vm.runInThisContext(fs.readFileSync(script, 'utf8'), { filename: script });

/**
 * Defines `WebSocket` and `egret_native.WebSocket` on `global`. Their events come from `poll()` and from nowhere else.
 *
 * options:
 *   addon        path of the compiled addon; `egret_ws.node` beside this file unless given
 *   inline       true: no I/O thread, `poll()` reads and writes itself
 *   interval     milliseconds: a timer calls `poll()` for you, and keeps the process alive, while there is a socket
 *   reportError  called with what an event handler threw; writes to the console unless given
 *
 * Returns
 *   poll(timeoutMs = 0)  delivers what is due and returns how much that was; waits for something to do if told to
 *   free()               ends every connection; after it no event comes
 */
module.exports = function install(global = globalThis, options = {}) {
  const { Host } = require(path.resolve(__dirname, options.addon || 'egret_ws.node'));
  const native = new Host(Boolean(options.inline));
  const reportError = options.reportError || ((error) => console.error(error));

  let timer = null;
  function wake() {
    if (options.interval !== undefined && timer === null) timer = setInterval(tick, options.interval);
  }
  function sleep() {
    clearInterval(timer);
    timer = null;
  }
  function tick() {
    if (poll() === 0 && native.sockets === 0) sleep();
  }
  function poll(timeoutMs = 0) {
    return native.poll(events, reportError, timeoutMs);
  }

  // Any of them may leave an event to deliver: a connect that is refused at once, too.
  const host = { reportError };
  for (const name of HOST_FUNCTIONS) {
    host[name] = (...args) => {
      wake();
      return native[name](...args);
    };
  }
  const events = installScript(global, host);

  return {
    poll,
    free() {
      sleep();
      native.free();
    },
  };
};
