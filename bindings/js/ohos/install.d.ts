/** Options of an installation, and the defaults of its sockets. */
export interface InstallOptions extends WebSocketOptions, Hooks {
  /** `true`: no event comes by itself; the application calls `poll()`, for example once a frame. */
  poll?: boolean;
  /** Called with each exception of a handler. The default writes to the console. */
  reportError?: (exception: Object) => void;
}

export declare class Installation {
  private constructor();
  /** A `WebSocket`, for ArkTS, which has no `globalThis`. */
  connect(url: string, protocols?: string | string[], options?: WebSocketOptions): WebSocket;
  /** Delivers the events that are due, and returns their number; 0 after `free()`. */
  poll(): number;
  /** Ends every connection; no event follows. */
  free(): void;
}

/** Defines `WebSocket` and `egret_native.WebSocket` on `globalThis`, for a game in JavaScript. */
export declare function install(options?: InstallOptions): Installation;
