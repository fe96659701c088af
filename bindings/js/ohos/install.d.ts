/** Options of an installation, and the defaults of its sockets. */
export interface InstallOptions extends WebSocketOptions, Hooks {
  /** `true`: events are delivered only during `poll()`, which the application calls, for example once per frame. */
  poll?: boolean;
  /** Called with each exception of a handler. The default writes to the console. */
  reportError?: (exception: Object) => void;
}

export declare class Installation {
  private constructor();
  /** Creates a `WebSocket`, for ArkTS, which has no `globalThis`. */
  connect(url: string, protocols?: string | string[], options?: WebSocketOptions): WebSocket;
  /** Delivers the pending events, and returns their number; 0 after `free()`. */
  poll(): number;
  /** Ends every connection. No event follows. */
  free(): void;
}

/** Defines `WebSocket` and `egret_native.WebSocket` on `globalThis`, for a game in JavaScript. */
export declare function install(options?: InstallOptions): Installation;
