/**
 * The types of both WebSocket objects, of their options and events, and of the interface between `egret_ws.js` and a glue.
 * They need no DOM library. In TypeScript: `import type { WebSocketConstructor } from 'egret-ws/types'`.
 */

/** A whole number of milliseconds. Each option states whether 0 or `Infinity` is allowed; otherwise it is at least 1. */
export type Milliseconds = number;

/** Data for `send`. Views and buffers are copied. */
export type Sendable = string | ArrayBuffer | ArrayBufferView | BlobLike;

/** A `Blob`, where the engine has one. */
export interface BlobLike {
  readonly size: number;
  readonly type: string;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** The received data of a message: `ArrayBuffer` or `Blob` for bytes, see `binaryType`. */
export type Received = string | ArrayBuffer | BlobLike;

/**
 * The options of a socket: the third argument of the constructor, or the defaults of an installation. Each is a field of
 * `egret_ws_options` in `egret_ws.h`, which describes its limits. An unknown name, or a value of a wrong type, throws a
 * `TypeError`.
 */
export interface WebSocketOptions {
  /**
   * Headers of the request: an object, or pairs such as those of a `Map` or of `Headers`. Each value in a list becomes one
   * header.
   */
  headers?: Record<string, HeaderValue | ReadonlyArray<HeaderValue>> | Iterable<readonly [string, HeaderValue]>;
  /** The `Origin` header. */
  origin?: string;
  /** The `User-Agent` header. */
  userAgent?: string;
  /** The user name for basic authentication at the server. */
  username?: string;
  password?: string;
  /** `http://host:port`, `https://host:port` or `socks5://host:port`. */
  proxy?: string;
  /** Takes the proxy from the environment variables. */
  proxyFromEnvironment?: boolean;
  /** Root certificates to trust in addition to those of the system: the text or the bytes of PEM files, not their paths. */
  roots?: string | Uint8Array | ArrayBuffer | ReadonlyArray<string | Uint8Array | ArrayBuffer>;
  /** Trusts only `roots`. */
  onlyTheseRoots?: boolean;
  /** Public keys that the server's certificate may have: `sha256/...`, comma-separated or as a list. */
  pins?: string | ReadonlyArray<string>;
  /** The name for SNI and the certificate, instead of the URL's host. */
  serverName?: string;
  minTlsVersion?: '1.2' | '1.3';
  /** The maximum size of a message in bytes, at most 131072. */
  maxMessage?: number;
  /** The maximum number of bytes that wait to be written. The default is 16 MiB. */
  maxSendBuffer?: number;
  /** The maximum number of bytes of messages that wait for their event. */
  maxReceiveQueue?: number;
  /** The maximum number of bytes of a refusal's body that are kept, at most 131072. The default is 16384. 0: no body is read. */
  maxRefusalBody?: number;
  maxRedirects?: number;
  /**
   * Reconnects after a lost connection, and after most closes by the server. The value is the maximum number of attempts in a
   * row, or `Infinity`.
   */
  retryAttempts?: number;
  /** The shortest wait before a reconnect. The default is 250. 0: an attempt may begin at once. */
  retryMinWait?: Milliseconds;
  /**
   * The longest wait before the first reconnect; it doubles with each further attempt. The wait is random between `retryMinWait`
   * and this value. The default is 4000. 0: no wait, also before later attempts.
   */
  retryFirstWait?: Milliseconds;
  /** The limit of the doubling. The default is 30000. */
  retryMaxWait?: Milliseconds;
  /** The time after the loss in which attempts begin. The default is 600000, ten minutes. `Infinity`: no limit. */
  retryTotal?: Milliseconds;
  /** `true`: messages that were not sent completely are sent again after a reconnect. */
  resend?: boolean;
  /** `false`: permessage-deflate is not offered. */
  deflate?: boolean;
  /** `false`: no ALPN in the TLS handshake. */
  alpn?: boolean;
  /** `false`: TLS sessions are neither kept nor resumed. */
  tlsResumption?: boolean;
  /** IP addresses of the server, each with or without a port, instead of a look-up of its name: comma-separated or as a list. */
  addresses?: string | ReadonlyArray<string>;
  /** The wait between attempts to connect to two addresses, 10 to 2000. 0: all at the same time. */
  attemptDelay?: Milliseconds;
  /** The local IP address of the connection. */
  localAddress?: string;
  /** The network interface of the connection, such as `wlan0`. */
  localInterface?: string;
  /** `true`: a `frame` event reports each frame that was sent or received. */
  frames?: boolean;
  connectTimeout?: Milliseconds;
  resolveTimeout?: Milliseconds;
  proxyTimeout?: Milliseconds;
  tlsTimeout?: Milliseconds;
  handshakeTimeout?: Milliseconds;
  openTimeout?: Milliseconds;
  /** 0: messages that the network does not accept immediately are dropped. */
  flushTimeout?: Milliseconds;
  /** 0: the connection ends without waiting for the server's Close frame. */
  closeTimeout?: Milliseconds;
  /** Heartbeat: a ping after this time without data. `Infinity`: none. */
  pingInterval?: Milliseconds;
  /** Heartbeat: the time for the answer. `Infinity`: no limit. */
  pongTimeout?: Milliseconds;
  /** Replaces `pongTimeout` after `resume` and after a change of the network. */
  probeTimeout?: Milliseconds;
  /**
   * A number of bytes. A `drain` event comes after `bufferedAmount` has reached this mark, when at most half of it is left. The
   * default is 1 MiB. `Infinity`: no `drain` event.
   */
  highWaterMark?: number;
  /**
   * The effect of a message above `maxMessage`. `"error"` (the default): it is refused with an `error` event, and the socket stays
   * open. `"close"`: the connection is closed with the code 1009.
   */
  overCap?: 'error' | 'close';
}

export type HeaderValue = string | number;

/** The result of `stats()`: `egret_ws_statistics` of `egret_ws.h`. Times are in microseconds. */
export interface WebSocketStatistics {
  /** 101 after an upgrade, 0 without an answer. */
  readonly httpStatus: number;
  /** 0 without TLS. */
  readonly tlsVersion: number;
  readonly redirects: number;
  readonly resolveUs: number;
  readonly connectUs: number;
  readonly proxyUs: number;
  readonly tlsUs: number;
  readonly handshakeUs: number;
  readonly connections: number;
  readonly retries: number;
  readonly messagesSent: number;
  readonly bytesSent: number;
  readonly wireBytesSent: number;
  readonly messagesReceived: number;
  readonly bytesReceived: number;
  readonly wireBytesReceived: number;
  readonly sendQueueBytes: number;
  readonly sendQueuePeakBytes: number;
  readonly receiveQueueBytes: number;
  readonly receiveQueuePeakBytes: number;
  readonly rttUs: number;
  readonly rttSmoothedUs: number;
  /** 1 if TLS resumed an earlier session. */
  readonly tlsResumed: number;
  readonly addressesTried: number;
}

/** An address that was tried, and the result: `connected`, `no answer` or an error of the system. */
export interface TriedAddress {
  readonly address: string;
  readonly result: string;
}

/** A cookie that a server has set: the URL that was requested, and the value of `Set-Cookie`. */
export interface SetCookie {
  readonly url: string;
  readonly cookie: string;
}

/** The result of the TLS handshake, and the certificates of the server. */
export interface TlsInfo {
  /** `""` if the handshake failed before the version was chosen. */
  readonly version: '1.2' | '1.3' | '';
  readonly cipher: string;
  readonly alpn: string;
  /** Whether an earlier session was resumed, without an exchange of certificates. */
  readonly resumed: boolean;
  /** In DER, the server's own one first. */
  readonly certificates: ReadonlyArray<ArrayBuffer>;
}

/** The answer of a server, or of a proxy, that has refused the connection; in `error`, `retry` and `close` events. */
export interface Refusal {
  /** The HTTP status; missing if there was no answer. */
  readonly status?: number;
  /** The first bytes of the body: see `maxRefusalBody`. */
  readonly body?: ArrayBuffer;
  readonly cookies?: ReadonlyArray<SetCookie>;
}

/**
 * Finds the addresses of a name, as in the option `addresses`. `null`: the system's resolver looks it up. After an empty list, an
 * exception or a rejection, the name has no address.
 */
export type ResolveHook = (host: string) => HookAnswer | PromiseLike<HookAnswer>;

/**
 * Finds the proxies for a URL, as in the option `proxy`, or `direct`. If one cannot be reached, the next one is tried. `null` or an
 * empty list: a direct connection. After an exception or a rejection, the connection fails.
 */
export type FindProxyHook = (url: string) => HookAnswer | PromiseLike<HookAnswer>;

export type HookAnswer = string | ReadonlyArray<string> | null;

/** Functions that an installation calls while it makes connections. */
export interface Hooks {
  resolve?: ResolveHook;
  findProxy?: FindProxyHook;
}

/** The part of the DOM's `Event` that every engine has. */
export interface SocketEvent {
  readonly type: string;
  readonly target: object | null;
  readonly currentTarget: object | null;
  readonly timeStamp: number;
  readonly defaultPrevented: boolean;
  preventDefault(): void;
  stopPropagation(): void;
  stopImmediatePropagation(): void;
}

export interface SocketMessageEvent extends SocketEvent {
  readonly data: Received;
  readonly origin: string;
}

export interface SocketErrorEvent extends SocketEvent, Refusal {
  /** An `EGRET_WS_ERR_*` of `egret_ws.h`, a negative number. */
  readonly error: number;
  /** A sentence for logs. */
  readonly message: string;
}

export interface SocketCloseEvent extends SocketEvent, Refusal {
  readonly code: number;
  readonly reason: string;
  readonly wasClean: boolean;
  /** After an end that was not clean: an `EGRET_WS_ERR_*` of `egret_ws.h`, and a sentence for logs. */
  readonly error?: number;
  readonly message?: string;
}

/**
 * The connection was lost, could not be made, or was closed by the server, and the socket connects again (`retryAttempts`).
 * `readyState` is `CONNECTING` until `open` comes again.
 */
export interface SocketRetryEvent extends SocketErrorEvent {
  /** Milliseconds until the attempt. */
  readonly delay: Milliseconds;
  /** The code and reason of the server's Close frame; 1006 and an empty text if there was none. */
  readonly code: number;
  readonly reason: string;
}

/** A frame (RFC 6455 section 5.2), with the option `frames`. */
export interface SocketFrameEvent extends SocketEvent {
  /** `"lost"`: sent frames were not recorded, because the receive queue was full; `length` is their number. */
  readonly direction: 'sent' | 'received' | 'lost';
  readonly opcode: number;
  /** Whether it is the last frame of its message. */
  readonly isFinal: boolean;
  readonly isCompressed: boolean;
  /** The bytes of the payload on the wire. */
  readonly length: number;
}

export interface WebSocketEventMap {
  open: SocketEvent;
  message: SocketMessageEvent;
  error: SocketErrorEvent;
  close: SocketCloseEvent;
  /** Enough of the waiting bytes were written: see `highWaterMark`. */
  drain: SocketEvent;
  retry: SocketRetryEvent;
  frame: SocketFrameEvent;
}

/** `AbortSignal`, where the engine has one. */
export interface AbortSignalLike {
  readonly aborted: boolean;
}

export interface ListenerOptions {
  capture?: boolean;
  once?: boolean;
  passive?: boolean;
  signal?: AbortSignalLike;
}

export type Listener<E> = ((event: E) => void) | { handleEvent(event: E): void };
export type Handler<T, E> = ((this: T, event: E) => void) | null;

/** The W3C `WebSocket`, with `stats`, details of the connection, and the events `drain`, `retry` and `frame`. */
export interface WebSocket {
  readonly CONNECTING: 0;
  readonly OPEN: 1;
  readonly CLOSING: 2;
  readonly CLOSED: 3;

  readonly url: string;
  readonly readyState: 0 | 1 | 2 | 3;
  /** Bytes that were accepted and are not written yet. */
  readonly bufferedAmount: number;
  readonly extensions: string;
  readonly protocol: string;
  /** `"blob"` only where the engine has a `Blob` that can be read. */
  binaryType: 'blob' | 'arraybuffer';

  onopen: Handler<this, SocketEvent>;
  onmessage: Handler<this, SocketMessageEvent>;
  onerror: Handler<this, SocketErrorEvent>;
  onclose: Handler<this, SocketCloseEvent>;
  ondrain: Handler<this, SocketEvent>;
  onretry: Handler<this, SocketRetryEvent>;
  onframe: Handler<this, SocketFrameEvent>;

  send(data: Sendable): void;
  close(code?: number, reason?: string): void;
  /** The statistics of the connection, or `null` if there are none yet. */
  stats(): WebSocketStatistics | null;
  /* The following properties are empty before their value is known, and after the `close` event. */
  /** The local address, such as `192.0.2.1:50000`. */
  readonly localAddress: string;
  /** The address of the server, or of the proxy. */
  readonly remoteAddress: string;
  readonly triedAddresses: ReadonlyArray<TriedAddress>;
  /** The URL of the proxy, without a user name and password. */
  readonly proxy: string;
  /** The cookies that the servers of this attempt have set. */
  readonly cookies: ReadonlyArray<SetCookie>;
  /** `null` without TLS. */
  readonly tls: TlsInfo | null;

  addEventListener<K extends keyof WebSocketEventMap>(
    type: K, listener: Listener<WebSocketEventMap[K]> | null, options?: boolean | ListenerOptions): void;
  removeEventListener<K extends keyof WebSocketEventMap>(
    type: K, listener: Listener<WebSocketEventMap[K]> | null, options?: boolean | { capture?: boolean }): void;
  dispatchEvent(event: object): boolean;
}

export interface WebSocketConstructor {
  readonly CONNECTING: 0;
  readonly OPEN: 1;
  readonly CLOSING: 2;
  readonly CLOSED: 3;
  readonly prototype: WebSocket;
  /** Throws a `SyntaxError` for an invalid URL or subprotocol, and a `TypeError` for invalid `options`. */
  new (url: string | { toString(): string }, protocols?: string | Iterable<string>, options?: WebSocketOptions): WebSocket;
}

/** `egret_native.WebSocket`: the object of Egret's older runtimes. */
export interface NativeWebSocket {
  readonly readyState: 0 | 1 | 2 | 3;
  onOpen: (() => void) | null;
  onMessage: ((data: string | ArrayBuffer) => void) | null;
  /** `error` is an `EGRET_WS_ERR_*` of `egret_ws.h`, a negative number; `message` is a sentence for logs. */
  onError: ((error: number, message: string) => void) | null;
  onClose: (() => void) | null;
  send(data: string | ArrayBuffer | ArrayBufferView): void;
  close(): void;
  disconnect(): void;
}

export interface NativeWebSocketConstructor {
  readonly prototype: NativeWebSocket;
  /** Never throws: `onError` reports invalid arguments. */
  new (url: string, protocols?: string | ReadonlyArray<string>): NativeWebSocket;
}

/** The properties that an installation defines on a global object. */
export interface Scope {
  WebSocket: WebSocketConstructor;
  egret_native: { WebSocket: NativeWebSocketConstructor };
}

/** The functions that a glue passes to `egret_ws.js`. GLUE.md describes them. */
export interface Host {
  open(url: string, protocols: string, options: string): number;
  sendText(id: number, text: string): number;
  sendBinary(id: number, data: ArrayBuffer | ArrayBufferView): number;
  close(id: number, code: number, reason: string): number;
  bufferedAmount(id: number): number;
  notifyDrain(id: number, bytes: number): number;
  normalizeUrl(url: string): string | null;
  lastError(): string;
  stats(id: number): string;
  text(id: number, name: string): string;
  bytes(id: number, name: string, index: number): ArrayBuffer | null;
  answer(ticket: number, list: string | null): number;
  wake(): void;
  reportError(exception: unknown): void;
}

/** The functions that a glue calls, each as one task. GLUE.md describes them. */
export interface HostEvents {
  connected(id: number, protocol: string, extensions: string): void;
  text(id: number, text: string): void;
  binary(id: number, data: ArrayBuffer): void;
  retrying(id: number, error: number, message: string, delayMs: number, code: number, reason: string): void;
  drained(id: number): void;
  failed(id: number, error: number, message: string): void;
  closed(id: number, code: number, reason: string, wasClean: boolean, error: number, message: string): void;
  task(): void;
  frame(id: number, direction: number, opcode: number, flags: number, length: number): void;
  asked(ticket: number, hook: string, text: string): void;
}

/** The function that is the value of `egret_ws.js`. */
export type InstallScript = (global: object, host: Host, defaults?: WebSocketOptions, hooks?: Hooks) => HostEvents;
