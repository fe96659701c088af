'use strict';

// node run_node.js URL egret ADDON [FILTER] | node run_node.js URL undici PACKAGE_DIRECTORY [FILTER]
//
// Runs the suite in Node with the objects of this project or of undici, and with the server at URL.

const fs = require('node:fs');
const path = require('node:path');
const vm = require('node:vm');

const [url, kind, file, filter] = process.argv.slice(2);

function report(error) {
  console.error(`Uncaught ${error}`);
}
process.on('uncaughtException', report);

if (kind === 'undici') {
  const undici = require(path.resolve(file));
  for (const name of ['WebSocket', 'MessageEvent', 'CloseEvent']) {
    Object.defineProperty(globalThis, name, { value: undici[name], writable: true, enumerable: false, configurable: true });
  }
} else {
  require('../../../bindings/js/node')(globalThis, { addon: file });
}

for (const script of require('./scripts.js')) {
  const name = path.join(__dirname, script);
  vm.runInThisContext(fs.readFileSync(name, 'utf8'), { filename: name });
}
// A write to a pipe may be asynchronous, so the process must end by itself or after everything is written.
globalThis.suite.run(url, (line) => process.stdout.write(line + '\n'), filter)
  .then(() => process.stdout.write('', () => process.exit()));
