import install = require('./index.js');

export { install, install as default };
export type {
  NativeWebSocket, NativeWebSocketConstructor, Scope, SocketCloseEvent, SocketErrorEvent, SocketEvent, SocketMessageEvent,
  SocketRetryEvent, WebSocket, WebSocketConstructor, WebSocketEventMap, WebSocketOptions, WebSocketStatistics,
} from './types.js';
export type InstallOptions = install.InstallOptions;
export type Installation = install.Installation;
