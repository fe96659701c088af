import types = require('./types');

/**
 * Defines `WebSocket` and `egret_native.WebSocket` on `global`; the default is `globalThis`. If there is no addon for this system,
 * it throws an error whose message says how to compile one.
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
    /** `true`: events are delivered only during `poll()`, which the host calls, for example once per frame. */
    poll?: boolean;
    /** `false`: an I/O thread reads and writes. The default is `true`; with `poll` it is `false`. */
    inline?: boolean;
    /** `false`: libuv is notified by a callback instead of a descriptor, as on Windows. */
    descriptor?: boolean;
    /** `true`: `suspend()` closes connections with 1001 instead of keeping them. */
    closeOnSuspend?: boolean;
    /** `true`: `networkChanged()` drops the TLS sessions. */
    forgetTlsSessions?: boolean;
    /** Called with the normalised URL of each new socket. The connection fails unless it returns `true`. */
    allow?: (url: string) => boolean;
    /** `true`: sockets with options are refused. Then defaults are not possible either. */
    refuseScriptOptions?: boolean;
    /** Called with each exception of a handler, if `global` has no `EventTarget`. The default throws it later. */
    reportError?: (exception: unknown) => void;
  }

  interface Installation {
    /** Delivers the pending events and returns their number; 0 after `free()`. Waits at most `timeoutMs` for an event. */
    poll(timeoutMs?: number): number;
    /** Ends every connection. No event follows. */
    free(): void;
    /** The process may be frozen from now on. */
    suspend(): void;
    /** The process runs again: connections are probed. */
    resume(): void;
    /** Another network is in use: connections are probed, and names are looked up again. */
    networkChanged(): void;
    /** Sockets that have not ended keep the process alive. This is the default. */
    ref(): this;
    /** The process may end while sockets are open. */
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
