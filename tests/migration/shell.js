// shell.js ADDON PROGRAM URL: defines WebSocket and egret_native.WebSocket as a shell does, and runs a game's script.
'use strict';
const fs = require('fs');
const vm = require('vm');
const install = require('../../bindings/js/node');

const [addon, program, url] = process.argv.slice(2);
install(globalThis, { addon });
globalThis.serverUrl = url;
vm.runInThisContext(fs.readFileSync(program, 'utf8'), { filename: program });
