import install = require('./index.js');

export { install, install as default };
export type {
  FindProxyHook, NativeWebSocket, NativeWebSocketConstructor, ResolveHook, Scope, SetCookie, SocketCloseEvent, SocketErrorEvent,
  SocketEvent, SocketFrameEvent, SocketMessageEvent, SocketRetryEvent, TlsInfo, TriedAddress, WebSocket, WebSocketConstructor,
  WebSocketEventMap, WebSocketOptions, WebSocketStatistics,
} from './types.js';
export type InstallOptions = install.InstallOptions;
export type Installation = install.Installation;
