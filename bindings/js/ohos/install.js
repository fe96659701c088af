// The last part of websocket.js, the ES module for HarmonyOS that build_har.sh writes. The part before this file defines
// `installScript`, the function of egret_ws.js.

import { createHost } from 'libegret_ws_napi.so';

// The first argument of createHost: the part that polls.
const BY_APPLICATION = 0, BY_WAKEUP = 2;
// The last argument: bits of the hooks that the script answers.
const ASKS_RESOLVE = 1, ASKS_FIND_PROXY = 2;
// The options of install that are not defaults of sockets.
const NAMES = ['poll', 'resolve', 'findProxy', 'reportError'];
// No wake-up reports that a send queue has drained.
const DRAIN_INTERVAL_MS = 50;

/** Polls while a socket waits for its send queue to drain. */
class DrainTimer {
  constructor(poll) {
    this.poll = poll;
    this.waiting = new Set();
    this.timer = null;
  }

  add(id) {
    this.waiting.add(id);
    if (this.timer === null) this.timer = setInterval(this.poll, DRAIN_INTERVAL_MS);
  }

  remove(id) {
    this.waiting.delete(id);
    if (this.waiting.size === 0) this.stop();
  }

  stop() {
    clearInterval(this.timer);
    this.timer = null;
  }
}

export class Installation {
  constructor(scope, {
    poll = false, resolve, findProxy, reportError = (exception) => console.error(String(exception)), ...defaults
  }) {
    this.scope = scope;
    const hooks = (resolve ? ASKS_RESOLVE : 0) | (findProxy ? ASKS_FIND_PROXY : 0);
    this.native = createHost(poll ? BY_APPLICATION : BY_WAKEUP, false, false, false, false, hooks);
    this.drains = new DrainTimer(() => this.native.poll(0));

    const host = this.native;
    host.reportError = reportError;
    const defaultsOrNone = Object.keys(defaults).length > 0 ? defaults : undefined;
    const events = installScript(scope, host, defaultsOrNone, { resolve, findProxy }, NAMES);
    if (!poll) {
      const { notifyDrain } = host;
      host.notifyDrain = (id, bytes) => {
        this.drains.add(id);
        return notifyDrain(id, bytes);
      };
      const { drained, closed } = events;
      events.drained = (id) => {
        this.drains.remove(id);
        drained(id);
      };
      events.closed = (id, ...end) => {
        this.drains.remove(id);
        closed(id, ...end);
      };
    }
    this.native.listen(events, undefined, undefined);
  }

  connect(url, protocols, options) {
    return new this.scope.WebSocket(url, protocols, options);
  }

  poll() {
    return this.native.poll(0);
  }

  free() {
    this.drains.stop();
    this.native.free();
  }
}

export function install(options = {}) {
  return new Installation(globalThis, options);
}
