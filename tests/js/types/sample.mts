// Uses everything that the types of bindings/js declare. package_types.js compiles this file; it is not run.

import defaultInstall, { install } from 'egret-ws';
import type {
  FindProxyHook, Installation, InstallOptions, NativeWebSocket, NativeWebSocketConstructor, ResolveHook, Scope, SetCookie,
  SocketCloseEvent, SocketErrorEvent, SocketEvent, SocketFrameEvent, SocketMessageEvent, SocketRetryEvent, TlsInfo, TriedAddress, WebSocket, WebSocketConstructor, WebSocketEventMap, WebSocketOptions, WebSocketStatistics,
} from 'egret-ws';
import type { AbortSignalLike, BlobLike, HookAnswer, Hooks, Host, HostEvents, InstallScript, ListenerOptions, Received, Refusal, Sendable } from 'egret-ws/types';

declare const log: (...values: ReadonlyArray<string | number | boolean | object | null | undefined>) => void;

/* The function install */

const every: Required<WebSocketOptions> = {
  headers: { Authorization: 'Bearer 1', Cookie: ['a=b', 'c=d'], Age: 1 },
  origin: 'https://example.com',
  userAgent: 'game/1',
  username: 'user',
  password: 'secret',
  proxy: 'socks5://127.0.0.1:1080',
  proxyFromEnvironment: false,
  roots: '-----BEGIN CERTIFICATE-----',
  onlyTheseRoots: true,
  pins: ['sha256/AAAA'],
  serverName: 'example.com',
  minTlsVersion: '1.3',
  maxMessage: 65536,
  maxSendBuffer: 1 << 24,
  maxReceiveQueue: 1 << 20,
  maxRefusalBody: 0,
  maxRedirects: 3,
  retryAttempts: Infinity,
  retryMinWait: 0,
  retryFirstWait: 0,
  retryMaxWait: 5000,
  retryTotal: Infinity,
  resend: true,
  deflate: false,
  alpn: false,
  tlsResumption: false,
  addresses: ['192.0.2.1', '[2001:db8::1]:443'],
  attemptDelay: 0,
  localAddress: '10.0.0.1',
  localInterface: 'wlan0',
  frames: true,
  connectTimeout: 1000,
  resolveTimeout: 1000,
  proxyTimeout: 1000,
  tlsTimeout: 1000,
  handshakeTimeout: 1000,
  openTimeout: 1000,
  flushTimeout: 1000,
  closeTimeout: 1000,
  pingInterval: Infinity,
  pongTimeout: 1000,
  probeTimeout: 1000,
  highWaterMark: 65536,
  overCap: 'close',
};
const resolve: ResolveHook = async (host) => (host === 'a' ? '192.0.2.1' : host === 'b' ? ['192.0.2.1', '192.0.2.2'] : null);
const findProxy: FindProxyHook = (url): HookAnswer => [url, 'direct'];
const hooks: Hooks = { resolve, findProxy };
const options: InstallOptions = { ...every, ...hooks, addon: '/x/egret_ws.node', poll: true, inline: false, descriptor: false, forgetTlsSessions: true, reportError: (exception: unknown) => log(typeof exception) };
const scope = {} as Scope;
const installation: Installation = install(scope, options);
const delivered: number = installation.poll() + installation.poll(16);
installation.ref().unref().free();
defaultInstall();
install(globalThis);
install.install(scope, {});

/* WebSocket */

const Class: WebSocketConstructor = scope.WebSocket;
const socket: WebSocket = new Class('wss://example.com/', ['a', 'b'], { headers: [['Cookie', 'a=b']], pins: 'sha256/AAAA', overCap: 'error' });
new Class('ws://example.com/', [], { headers: new Map([['Cookie', 'a=b']]) });
new Class({ toString: () => 'ws://example.com/' }, 'chat');
new Class('ws://example.com/', new Set(['a']), {});
new Class('wss://example.com/', [], { roots: new Uint8Array(1) });
new Class('wss://example.com/', [], { roots: ['text', new Uint8Array(1), new ArrayBuffer(1)] });
socket.onopen = function (event: SocketEvent) {
  this.send('text');
  log(event.type, event.target, event.currentTarget, event.timeStamp, event.defaultPrevented);
};
socket.onmessage = ({ data, origin }: SocketMessageEvent) => {
  if (typeof data === 'string') log(data.length);
  else if (data instanceof ArrayBuffer) log(data.byteLength, origin);
  else void data.arrayBuffer().then((bytes) => log(bytes.byteLength, data.size, data.type));
};
socket.onerror = ({ error, message }: SocketErrorEvent) => log(error.toFixed(), message.length);
socket.onclose = ({ code, reason, wasClean, error, message }: SocketCloseEvent) =>
  log(code.toFixed(), reason.length, wasClean, error?.toFixed(), message?.length);
socket.ondrain = (event) => {
  event.stopPropagation();
  event.stopImmediatePropagation();
};
socket.onretry = ({ delay, error, message }: SocketRetryEvent) => log(delay.toFixed(), error, message);
socket.onretry = null;
socket.onframe = ({ direction, opcode, isFinal, isCompressed, length }: SocketFrameEvent) =>
  log(direction === 'lost', opcode.toFixed(), isFinal, isCompressed, length.toFixed());
const refused = ({ status, body, cookies }: Refusal) => log(status?.toFixed(), body?.byteLength, cookies?.length);
socket.addEventListener('error', refused);
socket.addEventListener('close', refused);
socket.addEventListener('retry', refused);
const tls: TlsInfo | null = socket.tls;
if (tls !== null) log(tls.version === '1.3', tls.cipher.length, tls.alpn.length, tls.resumed, tls.certificates[0]?.byteLength);
const tried: ReadonlyArray<TriedAddress> = socket.triedAddresses;
const cookies: ReadonlyArray<SetCookie> = socket.cookies;
for (const { address, result } of tried) log(address.length, result.length);
for (const { url, cookie } of cookies) log(url.length, cookie.length);
log(socket.localAddress.length, socket.remoteAddress.length, socket.proxy.length);
socket.binaryType = 'arraybuffer';

declare const blob: BlobLike;
declare const signal: AbortSignalLike;
const listenerOptions: ListenerOptions = { once: true, capture: false, passive: true, signal };
log(signal.aborted);
const data: Sendable[] = ['text', new ArrayBuffer(1), new Uint8Array(1), new DataView(new ArrayBuffer(1)), blob];
for (const each of data) socket.send(each);
socket.addEventListener('message', (event) => {
  const received: Received = event.data;
  log(typeof received);
}, listenerOptions);
socket.addEventListener('drain', { handleEvent: (event) => event.preventDefault() }, true);
socket.removeEventListener('retry', null, { capture: true });
socket.dispatchEvent({});
socket.close();
socket.close(4000, 'done');
const states: ReadonlyArray<0 | 1 | 2 | 3> = [Class.CONNECTING, Class.OPEN, socket.CLOSING, socket.CLOSED, socket.readyState];
const statistics: WebSocketStatistics | null = socket.stats();
if (statistics !== null) log(statistics.rttUs / 1000, statistics.httpStatus, statistics.sendQueuePeakBytes, statistics.tlsResumed + statistics.addressesTried);
const names: Array<keyof WebSocketEventMap> = ['open', 'message', 'error', 'close', 'drain', 'retry', 'frame'];
log(delivered, states, names, socket.url, socket.protocol, socket.extensions, socket.bufferedAmount, Class.prototype);

/* egret_native.WebSocket */

const Native: NativeWebSocketConstructor = scope.egret_native.WebSocket;
const native: NativeWebSocket = new Native('ws://example.com/', ['a']);
native.onOpen = () => native.send(new Uint8Array(1));
native.onMessage = (message) => log(typeof message === 'string' ? message : message.byteLength);
native.onError = (error, message) => log(error.toFixed(), message.length);
native.onClose = () => log(native.readyState);
native.onClose = null;
native.close();
native.disconnect();
new Native('ws://example.com/', 'a,b').send('text');

/* The interface between the script and a glue */

declare const script: InstallScript;
const host: Host = {
  open: (url, protocols, options) => url.length + protocols.length + options.length,
  sendText: (id, text) => id + text.length,
  sendBinary: (id, bytes) => id + bytes.byteLength,
  close: (id, code, reason) => id + code + reason.length,
  bufferedAmount: (id) => id,
  notifyDrain: (id, bytes) => id + bytes,
  normalizeUrl: (url) => (url === '' ? null : url),
  lastError: () => '',
  stats: (id) => `${id}`,
  text: (id, name) => `${id}${name}`,
  bytes: (id, name, index) => (name === '' ? null : new ArrayBuffer(id + index)),
  answer: (ticket, list) => ticket + (list === null ? 0 : list.length),
  wake: () => {},
  reportError: (exception) => log(typeof exception),
};
const events: HostEvents = script(globalThis, host, every, hooks);
events.connected(1, '', '');
events.text(1, 'text');
events.binary(1, new ArrayBuffer(1));
events.retrying(1, -20, 'lost', 1000, 1006, '');
events.drained(1);
events.failed(1, -20, 'lost');
events.closed(1, 1006, '', false, -20, 'lost');
events.task();
events.frame(1, 2, 1, 1, 5);
events.asked(1, 'resolve', 'example.com');

/* Wrong uses */

// @ts-expect-error: there is no such option
install(scope, { maxMessages: 1 });
// @ts-expect-error: a number
install(scope, { maxSendBuffer: '1' });
// @ts-expect-error: the global is an object
install('global');
// @ts-expect-error: the third argument is an object
new Class('ws://example.com/', [], 'origin');
// @ts-expect-error: a version of TLS
new Class('ws://example.com/', [], { minTlsVersion: '1.1' });
// @ts-expect-error: the value of a header is text or a number
new Class('ws://example.com/', [], { headers: { a: true } });
// @ts-expect-error: no such rule
new Class('ws://example.com/', [], { overCap: 'drop' });
// @ts-expect-error: an installation option
new Class('ws://example.com/', [], { poll: true });
// @ts-expect-error: not a type of binary data
socket.binaryType = 'nodebuffer';
// @ts-expect-error: read only
socket.readyState = 1;
// @ts-expect-error: read only
socket.proxy = 'http://127.0.0.1:8080';
// @ts-expect-error: text, or a list of texts
install(scope, { resolve: () => 5 });
// @ts-expect-error: a hook is a function
install(scope, { findProxy: 'direct' });
// @ts-expect-error: an object
socket.send({});
// @ts-expect-error: a number
socket.send(1);
// @ts-expect-error: there is no such event
socket.addEventListener('opened', () => {});
// @ts-expect-error: a close event has no data
socket.onclose = ({ data }) => log(data);
// @ts-expect-error: `data` may be text
socket.onmessage = ({ data }) => log(data.byteLength);
// @ts-expect-error: there may be no statistics yet
log(socket.stats().rttUs);
// @ts-expect-error: a constructor
Class('ws://example.com/');
// @ts-expect-error: this object has no options
new Native('ws://example.com/', [], {});
// @ts-expect-error: a number
native.onError = (error: string) => log(error);
// @ts-expect-error: no Blob
native.send(blob);
// @ts-expect-error: a function is missing
script(globalThis, { open: () => 1 });
