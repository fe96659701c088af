// The end of websocket.js, the ES module for HarmonyOS. build_har.sh writes it: before this, it defines `installScript`, the
// function of egret_ws.js.

import { Host } from 'libegret_ws_napi.so';

const HOST_FUNCTIONS = [
  'open', 'sendText', 'sendBinary', 'close', 'bufferedAmount', 'notifyDrain', 'normalizeUrl', 'stats', 'lastError', 'wake',
];

export class Installation {
  constructor(scope, { interval, reportError = (exception) => console.error(String(exception)), ...defaults }) {
    this.scope = scope;
    this.interval = interval;
    this.reportError = reportError;
    this.timer = null;
    // With an I/O thread: it reads and writes while the application draws, and between two polls.
    this.native = new Host(false);
    const host = { reportError };
    for (const name of HOST_FUNCTIONS) {
      host[name] = (...args) => {
        this.startTimer();
        return this.native[name](...args);
      };
    }
    this.events = installScript(scope, host, defaults);
  }

  connect(url, protocols, options) {
    return new this.scope.WebSocket(url, protocols, options);
  }

  poll() {
    return this.native === null ? 0 : this.native.poll(this.events, this.reportError, 0);
  }

  free() {
    this.stopTimer();
    if (this.native !== null) this.native.free();
    this.native = null;
  }

  startTimer() {
    if (this.interval === undefined || this.timer !== null) return;
    this.timer = setInterval(() => {
      if (this.poll() === 0 && this.native !== null && this.native.sockets === 0) this.stopTimer();
    }, this.interval);
  }

  stopTimer() {
    clearInterval(this.timer);
    this.timer = null;
  }
}

export function install(options = {}) {
  return new Installation(globalThis, options);
}
