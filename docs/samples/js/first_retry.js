// first_retry.js URL [ROOTS]: also reconnects, and can use TLS. ROOTS is a file with trusted certificates.
const { readFileSync } = require('node:fs');
const { install } = require('egret-ws');

const scope = {};
install(scope); // defines scope.WebSocket; without an argument, the global one

const [url, roots] = process.argv.slice(2);
const options = { retryAttempts: 5 };
if (roots) options.roots = readFileSync(roots, 'utf8'); // in addition to the system's certificates
const socket = new scope.WebSocket(url, [], options);
socket.onretry = ({ message, delay }) => console.log(`${message}; next attempt in ${delay} ms`);
socket.onopen = () => {
  console.log('connected');
  socket.send('hello');
};
socket.onmessage = ({ data }) => {
  console.log('received:', data);
  socket.close(1000);
};
socket.onerror = ({ message }) => console.error('failed:', message);
socket.onclose = ({ code, wasClean }) => {
  console.log('closed with', code);
  process.exitCode = wasClean ? 0 : 1;
};
