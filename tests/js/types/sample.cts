// The CommonJS form of the types. package_types.js compiles this file; it is not run.

import install = require('egret-ws');

const { install: named } = install;
const scope = {} as install.Scope;
const installation: install.Installation = install(scope, { origin: 'https://example.com' });
named(scope).poll();
const socket: install.WebSocket = new scope.WebSocket('ws://example.com/');
const options: install.InstallOptions = {};
const statistics: install.WebSocketStatistics | null = socket.stats();
socket.onclose = (event: install.SocketCloseEvent) => installation.poll(event.code);
export { options, statistics };

// @ts-expect-error: there is no such property
installation.stop();
