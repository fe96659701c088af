'use strict';

// egret_ws for Node and Electron: loads the addon (egret_ws_node.h) and runs egret_ws.js with it.

const loadAddon = require('./addon');
const scriptFor = require('./realm');

// The first argument of createHost: the part that polls.
const BY_APPLICATION = 0, BY_DESCRIPTOR = 1, BY_WAKEUP = 2;
// The last argument: bits of the hooks that the script answers.
const ASKS_RESOLVE = 1, ASKS_FIND_PROXY = 2;

// The options of install that are not defaults of sockets.
const NAMES = [
  'addon', 'poll', 'inline', 'descriptor', 'closeOnSuspend', 'forgetTlsSessions', 'allow', 'resolve', 'findProxy',
  'refuseScriptOptions', 'reportError',
];

// An exception of a handler becomes an 'uncaughtException', as in Node's own EventTarget.
function throwLater(error) {
  process.nextTick(() => {
    throw error;
  });
}

// Runs the jobs of process.nextTick and the microtasks. Node itself does this only when no JavaScript is on the stack, but in a
// poll by the application, its caller is on the stack. A Node without this function would run them after the poll.
function runJobs() {
  if (process._tickCallback) process._tickCallback();
}

function checkArguments(global, options) {
  if (global === null || (typeof global !== 'object' && typeof global !== 'function')) {
    throw new TypeError('install(global, options): global must be an object, for example globalThis');
  }
  if (options === null || typeof options !== 'object') throw new TypeError('install(global, options): options must be an object');
  // The most likely mistake, which would define WebSocket on the options.
  if (typeof global.addon === 'string') {
    throw new TypeError('install(global, options): the options are the second argument; the first is an object such as globalThis');
  }
}

/**
 * Defines `WebSocket` and `egret_native.WebSocket` on `global`. By default Node's event loop delivers their events.
 *
 * options:
 *   addon                path of the compiled addon, relative to the working directory; the default is `egret_ws.node` next to this
 *                        file, or the addon in prebuilds/
 *   poll                 true: events come only during `poll()`, and sockets do not keep the process alive
 *   inline               false: an I/O thread reads and writes; the default is true, but false with `poll`
 *   descriptor           false: libuv is notified by the loop's wake-up callback instead of its descriptor, as on Windows
 *   closeOnSuspend       true: suspend() closes the connections instead of keeping them
 *   allow                called with the normalised URL of each new socket; the connection fails unless it returns true
 *   forgetTlsSessions    true: networkChanged() drops the TLS sessions
 *   resolve              function (host): returns the addresses of a name as in the option `addresses`, null to use the system's
 *                        resolver, or a promise of one of these
 *   findProxy            function (url): returns the proxies for a URL: a string, an array of strings, null for no proxy, or a
 *                        promise of one of these
 *   refuseScriptOptions  true: options in a constructor's third argument are refused
 *   reportError          called with each exception of an event handler, if `global` has no EventTarget; the default throws it later
 * All other options are defaults for the third argument of `new WebSocket`.
 *
 * Returns
 *   poll(timeoutMs = 0)  delivers the pending events and returns their number; waits at most `timeoutMs` for an event
 *   free()               ends every connection; no event follows
 *   ref(), unref()       after unref(), sockets do not keep the process alive; by default they do
 *   suspend(), resume(), networkChanged()  for Electron's powerMonitor and similar sources: see egret_ws.h
 */
module.exports = function install(global = globalThis, options = {}) {
  checkArguments(global, options);
  const {
    addon, poll = false, inline = !poll, descriptor = true, closeOnSuspend = false, forgetTlsSessions = false, allow,
    resolve, findProxy, refuseScriptOptions = false, reportError = throwLater, ...defaults
  } = options;
  for (const [name, hook] of Object.entries({ allow, resolve, findProxy })) {
    if (hook !== undefined && typeof hook !== 'function') throw new TypeError(`the option ${name} is not a function`);
  }
  const { createHost } = loadAddon(addon);
  const driver = poll ? BY_APPLICATION : descriptor ? BY_DESCRIPTOR : BY_WAKEUP;
  const hooks = (resolve ? ASKS_RESOLVE : 0) | (findProxy ? ASKS_FIND_PROXY : 0);
  const host = createHost(driver, inline, closeOnSuspend, refuseScriptOptions, forgetTlsSessions, hooks);
  host.reportError = reportError;
  const defaultsOrNone = Object.keys(defaults).length > 0 ? defaults : undefined;
  const events = scriptFor(global)(global, host, defaultsOrNone, { resolve, findProxy }, NAMES);
  host.listen(events, runJobs, allow);

  const installation = {
    poll: (timeoutMs = 0) => host.poll(timeoutMs),
    free: () => host.free(),
    suspend: () => host.suspend(),
    resume: () => host.resume(),
    networkChanged: () => host.networkChanged(),
    ref() {
      host.setReferenced(true);
      return installation;
    },
    unref() {
      host.setReferenced(false);
      return installation;
    },
  };
  return installation;
};

module.exports.install = module.exports;
