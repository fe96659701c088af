// first_socket.js URL: says hello to an echo server, prints the answer and closes.
const { install } = require('egret-ws');

const scope = {};
install(scope); // defines scope.WebSocket; without an argument, the global one

const socket = new scope.WebSocket(process.argv[2]);
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
