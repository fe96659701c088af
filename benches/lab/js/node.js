'use strict';

// node.js CLIENT MODE URL SIZE COUNT KIND: runs client.js with a WebSocket for Node, and prints one line. CLIENT: `egret` or
// `egret-threaded`, with the addon EGRET_WS_ADDON; otherwise a package of NODE_MODULES: `ws` or `undici`.

const fs = require('fs');
const path = require('path');
const vm = require('vm');

const [client, mode, url, size, count, kind] = process.argv.slice(2);

function webSocket() {
  if (!client.startsWith('egret')) {
    const { WebSocket } = require(path.join(process.env.NODE_MODULES, client));
    if (client !== 'ws') return WebSocket;
    return class extends WebSocket {
      constructor(address) {
        super(address, { perMessageDeflate: false });
      }
    };
  }
  const install = require('../../../bindings/js/node');
  install(globalThis, { addon: process.env.EGRET_WS_ADDON, inline: client !== 'egret-threaded', deflate: false });
  return globalThis.WebSocket;
}

const file = path.join(__dirname, 'client.js');
const run = vm.runInThisContext(fs.readFileSync(file, 'utf8'), { filename: file });
run({
  WebSocket: webSocket(), mode, url, size: Number(size), count: Number(count), kind,
  now: () => Number(process.hrtime.bigint()) / 1e3,
  cpu() {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
  later: setImmediate,
  print: console.log,
});
