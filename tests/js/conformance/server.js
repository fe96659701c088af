'use strict';

// The server of the conformance suite. The URL selects the behaviour. The server prints its URL, and ends when its standard input
// ends.
//
//   /echo                   returns each message
//   /hold                   reads, and answers only a Close frame
//   /silent                 never answers the request
//   /status?code=N          answers the request with this HTTP status
//   /garbage                answers the request with text that is not HTTP
//   /request                sends { target, headers } of the request
//   /raw?hex=…              sends these bytes together with the answer
//   /send?text=…&hex=…      sends messages, in this order, together with the answer; `close=CODE:REASON` sends a Close frame, `close=`
//                           an empty one, and `cut` ends the stream. All bytes are sent by one write
//   /cut, /reset            ends the stream (/reset: with a TCP reset) after the answer; with `?on=message` after the first message
//   /answer?code=N          answers a Close frame with this code; with `how=cut` it ends the stream, with `text=…` it answers with a
//                           message and a Close frame
//   /record?key=K           records the messages; /recorded?key=K sends the record after that connection has ended
//   /stall                  does not read
//
// Each path accepts `protocol=…` and `extensions=…` (headers of the answer), and for a wrong answer `accept=…`, `upgrade=…` and
// `connection=…` (Sec-WebSocket-Accept, Upgrade, Connection).

const crypto = require('node:crypto');
const net = require('node:net');

const TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10;

function frame(opcode, payload) {
  const body = Buffer.from(payload);
  if (body.length < 126) return Buffer.concat([Buffer.from([0x80 | opcode, body.length]), body]);
  const head = Buffer.alloc(body.length < 65536 ? 4 : 10);
  head[0] = 0x80 | opcode;
  head[1] = body.length < 65536 ? 126 : 127;
  head.writeUIntBE(body.length, head.length === 4 ? 2 : 4, head.length === 4 ? 2 : 6);
  return Buffer.concat([head, body]);
}

function closeFrame(text) {
  const [, code, reason] = /^(\d*):?(.*)$/s.exec(text);
  if (code === '') return frame(CLOSE, '');
  const body = Buffer.alloc(2 + Buffer.byteLength(reason));
  body.writeUInt16BE(Number(code));
  body.write(reason, 2);
  return frame(CLOSE, body);
}

/** Reads masked frames and calls a function with each complete message. The server never agrees to compression. */
function makeReader(onMessage) {
  let unread = Buffer.alloc(0);
  let parts = [];
  let kind = 0;
  return (chunk) => {
    unread = Buffer.concat([unread, chunk]);
    for (;;) {
      if (unread.length < 2) return;
      const short = unread[1] & 0x7f;
      const extra = short === 126 ? 2 : short === 127 ? 8 : 0;
      if (unread.length < 6 + extra) return;
      const length = extra === 0 ? short : unread.readUIntBE(extra === 2 ? 2 : 4, extra === 2 ? 2 : 6);
      const start = 6 + extra;
      if (unread.length < start + length) return;
      const mask = unread.subarray(2 + extra, start);
      const payload = Buffer.from(unread.subarray(start, start + length));
      for (let index = 0; index < length; index++) payload[index] ^= mask[index & 3];
      const opcode = unread[0] & 15;
      const isLast = unread[0] >= 0x80;
      unread = unread.subarray(start + length);
      if (opcode >= CLOSE) {
        onMessage(opcode, payload);
        continue;
      }
      if (opcode !== 0) kind = opcode;
      parts.push(payload);
      if (!isLast) continue;
      onMessage(kind, Buffer.concat(parts));
      parts = [];
    }
  };
}

const records = new Map(); // by key: { lines, ended, wait }

function recordOf(key) {
  if (!records.has(key)) {
    const record = { lines: [] };
    record.ended = new Promise((resolve) => { record.end = resolve; });
    records.set(key, record);
  }
  return records.get(key);
}

/** Returns the bytes that the server sends together with the answer to the request. */
function firstBytes(url, request) {
  const query = url.searchParams;
  switch (url.pathname) {
  case '/request':
    return [frame(TEXT, JSON.stringify(request))];
  case '/raw':
    return [Buffer.from(query.get('hex'), 'hex')];
  case '/send':
    return [...query].map(([name, value]) =>
      name === 'text' ? frame(TEXT, value)
        : name === 'hex' ? frame(BINARY, Buffer.from(value, 'hex'))
          : name === 'zeros' ? frame(BINARY, Buffer.alloc(Number(value)))
            : name === 'close' ? closeFrame(value) : Buffer.alloc(0));
  default:
    return [];
  }
}

function serve(stream, request) {
  const url = new URL(request.target, 'http://server');
  const query = url.searchParams;
  const path = url.pathname;
  if (path === '/silent') return () => {};
  if (path === '/garbage') return void stream.end('what do you want?\r\n\r\n');
  if (path === '/status') {
    const location = query.has('location') ? `Location: ${query.get('location')}\r\n` : '';
    return void stream.end(`HTTP/1.1 ${query.get('code')} Because\r\n${location}Content-Length: 0\r\n\r\n`);
  }
  const key = request.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
  const answer = Buffer.from(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: ${query.get('upgrade') || 'websocket'}\r\n` +
      `Connection: ${query.get('connection') || 'Upgrade'}\r\nSec-WebSocket-Accept: ` +
      (query.get('accept') || crypto.createHash('sha1').update(key).digest('base64')) +
      (query.has('extensions') ? `\r\nSec-WebSocket-Extensions: ${query.get('extensions')}` : '') +
      (query.has('protocol') ? `\r\nSec-WebSocket-Protocol: ${query.get('protocol')}` : '') + '\r\n\r\n');
  stream.write(Buffer.concat([answer, ...firstBytes(url, request)]));

  const cut = () => (path === '/reset' ? stream.resetAndDestroy() : stream.end());
  if (query.has('cut') || ((path === '/cut' || path === '/reset') && !query.has('on'))) cut();
  if (path === '/stall') stream.pause();
  if (path === '/record') stream.on('close', () => recordOf(query.get('key')).end());
  if (path === '/recorded') {
    const record = recordOf(query.get('key'));
    record.ended.then(() => stream.write(frame(TEXT, JSON.stringify(record.lines))));
  }

  function onClose(payload) {
    if (path === '/answer') {
      if (query.get('how') === 'cut') return stream.end();
      if (query.has('text')) stream.write(frame(TEXT, query.get('text')));
      if (query.has('code')) return stream.end(closeFrame(query.get('code')));
    }
    stream.end(frame(CLOSE, payload));
  }

  return makeReader((opcode, payload) => {
    if (path === '/record') recordOf(query.get('key')).lines.push(`${opcode} ${payload.toString('hex')}`);
    if (opcode === CLOSE) onClose(payload);
    else if (opcode === PING) stream.write(frame(PONG, payload));
    else if (path === '/echo') stream.write(frame(opcode, payload));
    else if (query.get('on') === 'message') cut();
  });
}

function readRequest(head) {
  const [first, ...lines] = head.split('\r\n');
  return {
    target: first.split(' ')[1],
    headers: Object.fromEntries(lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    })),
  };
}

const server = net.createServer((stream) => {
  let unread = Buffer.alloc(0);
  let read = null;
  stream.setNoDelay();
  stream.on('error', () => {}); // the client has reset the connection
  stream.on('data', (chunk) => {
    if (read) return read(chunk);
    unread = Buffer.concat([unread, chunk]);
    if (unread[0] !== 0x47) return stream.end(); // not GET: this is a TLS client
    const end = unread.indexOf('\r\n\r\n');
    if (end < 0) return;
    read = serve(stream, readRequest(unread.subarray(0, end).toString('latin1'))) || (() => {});
    read(unread.subarray(end + 4));
  });
});
server.listen(0, '127.0.0.1', () => console.log(`ws://127.0.0.1:${server.address().port}`));
process.stdin.resume().on('end', () => process.exit());
