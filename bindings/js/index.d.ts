import types = require('./types');

/**
 * Defines `WebSocket` and `egret_native.WebSocket` on `global`; the default is `globalThis`. Throws if there is no addon for this
 * system: the message says how to compile it.
 *
 *     const scope = {} as install.Scope;
 *     install(scope, { origin: 'https://example.com' });
 *     const socket = new scope.WebSocket('wss://example.com/');
 */
declare function install(global?: object, options?: install.InstallOptions): install.Installation;

declare namespace install {
  /** The options of an installation, and the defaults of its sockets. */
  interface InstallOptions extends types.WebSocketOptions, types.Hooks {
    /** The path of the compiled addon, relative to the working directory. */
    addon?: string;
    /** `true`: no event comes by itself; the host calls `poll()`, for example once a frame. */
    poll?: boolean;
    /** `false`: an I/O thread reads and writes. The default is `true`, but `false` with `poll`. */
    inline?: boolean;
    /** `false`: libuv is notified by a callback instead of a descriptor, as on Windows. */
    descriptor?: boolean;
    /** `true`: `suspend()` closes connections with 1001 instead of keeping them. */
    closeOnSuspend?: boolean;
    /** `true`: `networkChanged()` drops the sessions of TLS. */
    forgetTlsSessions?: boolean;
    /** Called with the normalised URL of each new socket. The connection fails unless it returns `true`. */
    allow?: (url: string) => boolean;
    /** `true`: sockets with options are refused; then there can be no defaults either. */
    refuseScriptOptions?: boolean;
    /** Called with each exception of a handler, if `global` has no `EventTarget`. The default throws it later. */
    reportError?: (exception: unknown) => void;
  }

  interface Installation {
    /** Delivers the events that are due, waits at most `timeoutMs` for one, and returns their number; 0 after `free()`. */
    poll(timeoutMs?: number): number;
    /** Ends every connection; no event follows. */
    free(): void;
    /** The process may be frozen from now on. */
    suspend(): void;
    /** The process runs again: connections are probed. */
    resume(): void;
    /** Another network is in use: connections are probed, and names are looked up again. */
    networkChanged(): void;
    /** A live socket keeps the process alive; this is the default. */
    ref(): this;
    /** The process may end although sockets are open. */
    unref(): this;
  }

  export import Scope = types.Scope;
  export import WebSocket = types.WebSocket;
  export import WebSocketConstructor = types.WebSocketConstructor;
  export import WebSocketEventMap = types.WebSocketEventMap;
  export import WebSocketOptions = types.WebSocketOptions;
  export import WebSocketStatistics = types.WebSocketStatistics;
  export import SocketEvent = types.SocketEvent;
  export import SocketMessageEvent = types.SocketMessageEvent;
  export import SocketErrorEvent = types.SocketErrorEvent;
  export import SocketCloseEvent = types.SocketCloseEvent;
  export import SocketRetryEvent = types.SocketRetryEvent;
  export import SocketFrameEvent = types.SocketFrameEvent;
  export import TlsInfo = types.TlsInfo;
  export import TriedAddress = types.TriedAddress;
  export import SetCookie = types.SetCookie;
  export import ResolveHook = types.ResolveHook;
  export import FindProxyHook = types.FindProxyHook;
  export import NativeWebSocket = types.NativeWebSocket;
  export import NativeWebSocketConstructor = types.NativeWebSocketConstructor;

  /** This function, for `const { install } = require('egret-ws')`. */
  const install: typeof import('./index');
}

export = install;
