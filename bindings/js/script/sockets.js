// Connections by id: the part that both objects share.

// A socket calls its listener: open(), message(data), error(number, text), close(code, reason, wasClean).
function makeSockets(global, host) {
    // Reading a Blob is asynchronous. Without arrayBuffer() a Blob cannot be read, so it is treated as unknown.
    var Blob = typeof global.Blob === 'function' && typeof global.Blob.prototype.arrayBuffer === 'function'
        ? global.Blob : null;
    // Sockets by id. This table keeps a socket alive although the game has dropped it.
    var live = new Map();
    // Functions that report errors found during a call of the game. Each runs as a task of its own.
    var tasks = new Queue();
    // Counts tasks, in the sense of an event loop: one for each call of the glue.
    var task = 0;

    function isBlob(data) {
        return Blob !== null && data instanceof Blob;
    }

    // WebIDL's (BufferSource or Blob or USVString). Throws a TypeError for a value that cannot be converted.
    function toPayload(data) {
        if (typeof data === 'string') return toText(data);
        if (ArrayBuffer.isView(data)) checkBuffer(data.buffer);
        else if (isBlob(data)) return data;
        else if (isBuffer(data)) checkBuffer(data);
        else return toText(data);
        return data;
    }

    function sizeOf(data) {
        return typeof data === 'string' ? utf8Length(data) : isBlob(data) ? data.size : byteLength(data);
    }

    function runLater(run) {
        tasks.push(run);
        host.wake();
    }

    // No event follows `close`.
    function reportLater(socket, error, text) {
        runLater(function () {
            if (socket.state !== CLOSED) socket.listener.error(error, text);
        });
    }

    function endLater(socket, error, text) {
        runLater(function () { fail(socket, error, text); });
        runLater(function () { end(socket, ABNORMAL_CLOSURE, '', false); });
    }

    function hostBuffered(socket) {
        return socket.id === 0 ? 0 : Math.max(0, host.bufferedAmount(socket.id));
    }

    // By the standard the amount falls only between tasks. Within a task it grows by exactly the bytes that the game sends.
    function bufferedAmount(socket) {
        if (socket.task !== task) {
            socket.task = task;
            socket.buffered = socket.lost + socket.waiting + hostBuffered(socket);
        }
        return socket.buffered;
    }

    // The first task of an end that is not clean.
    function fail(socket, error, text) {
        shut(socket);
        socket.listener.error(error, text);
    }

    function end(socket, code, reason, wasClean) {
        shut(socket);
        socket.listener.close(code, reason, wasClean);
    }

    function shut(socket) {
        if (socket.state === CLOSED) return;
        socket.lost += socket.waiting + hostBuffered(socket);
        socket.waiting = 0;
        socket.sendQueue = null;
        socket.id = 0;
        socket.state = CLOSED;
    }

    function sendNative(socket, data, size) {
        var result = typeof data === 'string' ? host.sendText(socket.id, data)
            : host.sendBinary(socket.id, size > 0 ? data : NO_BYTES);
        if (result === ERR_NOT_OPEN || result === ERR_BAD_HANDLE) {
            // The connection has ended, and no poll has reported it yet: as if `readyState` were CLOSING.
            socket.lost += size;
        } else if (result < 0) {
            reportLater(socket, result, 'message not sent: ' + host.lastError());
            return;
        }
        socket.buffered += size;
    }

    function closeNative(socket, code, reason) {
        var result = host.close(socket.id, code, reason);
        if (result < 0) endLater(socket, result, 'cannot close: ' + host.lastError());
    }

    // Sends the messages that no longer wait for a Blob, then the Close frame if it waits too.
    function sendWaiting(socket) {
        var sendQueue = socket.sendQueue;
        while (!sendQueue.isEmpty() && sendQueue.first().data !== null) {
            var item = sendQueue.first();
            sendQueue.removeFirst();
            socket.waiting -= item.size;
            socket.buffered -= item.size;
            if (item.failed) reportLater(socket, ERR_INVALID_ARGUMENT, 'Blob not read');
            else sendNative(socket, item.data, item.size);
        }
        if (sendQueue.isEmpty() && socket.pendingClose !== null) {
            var close = socket.pendingClose;
            socket.pendingClose = null;
            closeNative(socket, close.code, close.reason);
        }
    }

    function readBlob(socket, blob, item) {
        function done(data, failed) {
            item.data = data;
            item.failed = failed;
            if (socket.state !== CLOSED) sendWaiting(socket);
        }
        blob.arrayBuffer().then(function (data) { done(data, false); }, function () { done('', true); });
    }

    // A Blob waits in the queue until it has been read, and every message sent after it waits behind it.
    function enqueue(socket, data, size) {
        var item = { data: null, size: size, failed: false };
        socket.sendQueue.push(item);
        socket.waiting += size;
        socket.buffered += size;
        if (isBlob(data)) readBlob(socket, data, item);
        else item.data = typeof data === 'string' ? data : copyBytes(data);
    }

    function find(id) {
        task++;
        return live.get(id);
    }

    function message(id, data) {
        var socket = find(id);
        // By the standard a message is dropped unless readyState is OPEN, so none comes after close().
        if (socket && socket.state === OPEN) socket.listener.message(data);
    }

    return {
        toPayload: toPayload,
        Blob: Blob,
        bufferedAmount: bufferedAmount,

        create: function (listener) {
            return {
                listener: listener, id: 0, state: CONNECTING, protocol: '', extensions: '',
                // Messages that wait for a Blob, their bytes, and a close() that came after them.
                sendQueue: new Queue(), waiting: 0, pendingClose: null,
                // Bytes that will never be sent; bufferedAmount as last returned, and in which task.
                lost: 0, buffered: 0, task: -1
            };
        },

        connect: function (socket, url, protocols) {
            var id = host.open(url, protocols.join(', '), '');
            if (id > 0) {
                socket.id = id;
                live.set(id, socket);
            } else {
                endLater(socket, id, 'cannot connect: ' + host.lastError());
            }
        },

        failConnect: function (socket, error) {
            endLater(socket, error, 'cannot connect');
        },

        refuseSend: function (socket, error) {
            reportLater(socket, error, 'message not sent');
        },

        send: function (socket, data) {
            var size = sizeOf(data);
            bufferedAmount(socket);
            if (socket.state !== OPEN) {
                socket.lost += size;
                socket.buffered += size;
            } else if (!socket.sendQueue.isEmpty() || isBlob(data)) {
                enqueue(socket, data, size);
            } else {
                sendNative(socket, data, size);
            }
        },

        close: function (socket, code, reason) {
            if (socket.state >= CLOSING) return;
            socket.state = CLOSING;
            if (socket.id === 0) return; // Its connect failed at once. The next poll reports that.
            if (!socket.sendQueue.isEmpty()) socket.pendingClose = { code: code, reason: reason };
            else closeNative(socket, code, reason);
        },

        events: {
            connected: function (id, protocol, extensions) {
                var socket = find(id);
                if (!socket || socket.state !== CONNECTING) return;
                socket.state = OPEN;
                socket.protocol = protocol;
                socket.extensions = extensions;
                socket.listener.open();
            },
            text: message,
            binary: message,
            retrying: function () {}, // no option of the script asks for it yet
            drained: function () {},
            failed: function (id, error, text) {
                var socket = find(id);
                if (socket) fail(socket, error, text);
            },
            closed: function (id, code, reason, wasClean) {
                var socket = find(id);
                live.delete(id);
                if (socket) end(socket, code, reason, wasClean);
            },
            task: function () {
                task++;
                if (!tasks.isEmpty()) {
                    var run = tasks.first();
                    tasks.removeFirst();
                    run();
                }
            }
        }
    };
}
