// One connection: the part of a socket that both objects share.

class Connection {
    // `settings` is a result of readOptions.
    constructor(sockets, settings) {
        this.sockets = sockets;
        this.id = 0; // of the host; 0 before `open` and after `closed`
        this.state = CONNECTING;
        this.isEstablished = false;
        this.hasEnded = false;
        this.protocol = '';
        this.extensions = '';
        this.failure = null; // why this side closed an established connection: { error, text }

        // Messages that wait for a Blob or for the next connection, their bytes, and a close() that came after them.
        this.queue = null;
        this.waiting = 0;
        this.pendingClose = null;
        this.maxWaiting = settings.maxSendBuffer;
        this.resend = settings.resend; // Are messages kept when the connection is made again?

        // Bytes that will never be sent, and the least bufferedAmount until the task ends.
        this.lost = 0;
        this.task = -1;
        this.floor = 0;

        // onDrain comes when bufferedAmount has reached the mark and half of it is written. `unwritten` is the most that
        // bufferedAmount may be, so that few sends ask the host for the amount; DRAIN_IS_DUE until onDrain.
        this.highWaterMark = Infinity;
        this.unwritten = 0;
    }

    // Both kinds of socket override these events of their connection. onRefused reports an error that a message has caused, onError and
    // onClose report the end.
    onOpen() {}
    onMessage(data) {}
    onRefused(error, text, size) {}
    onRetry(error, text, delay, code, reason) {}
    onDrain() {}
    onFrame(direction, opcode, flags, length) {}
    onError(error, text) {}
    onClose(code, reason, wasClean, error, text) {}
    // Does this end of the connection cause an error event?
    isFailure(error) {
        return true;
    }

    // By the standard the amount falls only between tasks. A message that was sent in this task counts until the task ends, also
    // if the library has written it meanwhile. So no send needs to ask the host.
    bufferedAmount() {
        this.beginTask();
        this.floor = Math.max(this.floor, this.lost + this.waiting + this.hostAmount());
        return this.floor;
    }

    beginTask() {
        const task = this.sockets.currentTask();
        if (this.task === task) return;
        this.task = task;
        this.floor = this.lost + this.waiting;
    }

    hostAmount() {
        return this.id === 0 || this.state === CLOSED ? 0 : this.sockets.host.bufferedAmount(this.id);
    }

    stats() {
        return this.id === 0 ? null : readStats(this.sockets.host.stats(this.id));
    }

    // A text of the host; '' if there is none.
    text(name) {
        return this.id === 0 ? '' : this.sockets.host.text(this.id, name);
    }

    // An ArrayBuffer of the host, or null.
    bytes(name, index = 0) {
        return this.id === 0 ? null : this.sockets.host.bytes(this.id, name, index);
    }

    // `data` is a result of toPayload.
    send(data) {
        this.beginTask();
        if (this.state !== OPEN) {
            const size = this.sockets.sizeOf(data);
            this.floor += size;
            this.lost += size;
        } else if (this.queue !== null || this.sockets.isBlob(data)) {
            this.enqueue(data);
        } else {
            const result = this.transmit(data);
            if (result >= 0) this.count(result);
            else if (this.isHeld(result)) this.enqueue(data);
            else this.floor += this.notSent(result, this.sockets.sizeOf(data));
        }
    }

    // Returns the bytes of the message, or an error.
    transmit(data) {
        const { host } = this.sockets;
        return typeof data === 'string' ? host.sendText(this.id, data)
            : host.sendBinary(this.id, byteLength(data) > 0 ? data : NO_BYTES);
    }

    // Counts a message that was accepted.
    count(size) {
        this.floor += size;
        this.unwritten += size;
        if (this.unwritten >= this.highWaterMark) this.watch();
    }

    // The connection is lost, and that was not reported yet. Does the message wait for the next connection?
    isHeld(error) {
        return error === ERR_NOT_OPEN && this.resend;
    }

    // Not the host's amount: a game that sends until bufferedAmount reaches the mark goes on in onDrain, also if the library has
    // written much of it in this task.
    watch() {
        this.unwritten = this.bufferedAmount();
        if (this.unwritten < this.highWaterMark) return;
        this.unwritten = DRAIN_IS_DUE;
        this.askForDrain();
    }

    // Asks the host for `drained` if one is due, and no message waits here.
    askForDrain() {
        if (this.unwritten !== DRAIN_IS_DUE || this.queue !== null) return;
        this.sockets.host.notifyDrain(this.id, Math.floor(this.highWaterMark / 2));
    }

    // Returns the bytes that count in bufferedAmount.
    notSent(error, size) {
        if (error !== ERR_NOT_OPEN && error !== ERR_BAD_HANDLE) return this.onRefused(error, this.sockets.host.lastError(), size);
        // The connection has ended, and that was not reported yet: as if `readyState` were CLOSING.
        this.lost += size;
        return size;
    }

    // Reports an error of the game's call as a task of its own. No event follows `close`.
    reportLater(error, text) {
        this.sockets.runLater(() => {
            if (this.state !== CLOSED) this.onError(error, text);
        });
    }

    // A Blob waits in the queue until it has been read, and every message sent after it waits behind it.
    enqueue(data) {
        const isBlob = this.sockets.isBlob(data);
        const size = this.sockets.sizeOf(data);
        if (this.waiting + size > this.maxWaiting) {
            this.floor += this.onRefused(ERR_BACKPRESSURE, 'the send buffer is full', size);
            return;
        }
        const item = { data: null, size, isReadable: true };
        if (!isBlob) item.data = typeof data === 'string' ? data : copyBytes(data);
        if (this.queue === null) this.queue = new Queue();
        this.queue.push(item);
        this.waiting += size;
        this.count(size);
        if (isBlob) this.sockets.readBlob(data, item, () => this.sendQueue());
    }

    // Sends the messages that no longer wait for a Blob, then the Close frame if it waits too.
    sendQueue() {
        const queue = this.queue;
        // The connection has ended, or is made again.
        if (queue === null || this.state === CONNECTING) return;
        while (!queue.isEmpty() && queue.first().data !== null) {
            const item = queue.first();
            const result = item.isReadable ? this.transmit(item.data) : 0;
            if (this.isHeld(result)) return;
            queue.removeFirst();
            this.waiting -= item.size;
            if (!item.isReadable) this.reportLater(ERR_INVALID_ARGUMENT, 'message not sent: its Blob cannot be read');
            else if (result < 0) this.notSent(result, item.size);
            if (this.queue === null) return; // the send buffer is full, and the connection is closed
        }
        if (!queue.isEmpty()) return;
        this.queue = null;
        this.askForDrain();
        this.closePending();
    }

    // Sends the Close frame that waits behind the queue, if there is one.
    closePending() {
        if (this.pendingClose === null) return;
        const { code, reason } = this.pendingClose;
        this.pendingClose = null;
        this.closeHost(code, reason);
    }

    dropQueue() {
        this.lost += this.waiting;
        this.waiting = 0;
        this.queue = null;
        this.pendingClose = null;
    }

    close(code, reason) {
        if (this.state >= CLOSING) return;
        if (this.state === CONNECTING) this.dropQueue();
        this.state = CLOSING;
        if (this.id === 0) return; // `open` failed. A task reports that.
        if (this.queue !== null) this.pendingClose = { code, reason };
        else this.closeHost(code, reason);
    }

    // Closes the connection because of a message, and reports why when it has ended. Accepted messages still go out.
    closeBecause(error, text, code, reason) {
        const close = this.pendingClose || { code, reason };
        this.failure = { error, text };
        this.dropQueue();
        this.state = CLOSING;
        this.closeHost(close.code, close.reason);
    }

    closeHost(code, reason) {
        const { host } = this.sockets;
        const result = host.close(this.id, code, reason);
        if (result < 0) this.endLater(result, `cannot close: ${host.lastError()}`);
    }

    // The events of the host

    connected(protocol, extensions) {
        if (this.state !== CONNECTING) return;
        this.state = OPEN;
        this.isEstablished = true;
        this.protocol = protocol;
        this.extensions = extensions;
        if (this.queue === null) this.askForDrain();
        else this.sendQueue();
        if (this.state === OPEN) this.onOpen(); // not if that has filled the send buffer
    }

    retrying(error, text, delay, code, reason) {
        if (this.state >= CLOSING) {
            this.closePending();
            this.dropQueue();
            return;
        }
        this.state = CONNECTING;
        this.isEstablished = false;
        this.protocol = '';
        this.extensions = '';
        if (!this.resend) {
            // The library drops its messages too. They no longer count, or a game that waits for the amount to fall would wait for ever.
            this.queue = null;
            this.waiting = 0;
            this.lost = 0;
        }
        this.onRetry(error, text, delay === UNLIMITED ? Infinity : delay, code, reason);
    }

    drained() {
        // Asked for again when the queue is empty, or the connection is made again.
        if (this.queue !== null || this.state === CONNECTING) return;
        this.unwritten = this.hostAmount();
        if (this.state === OPEN) this.onDrain();
    }

    // The first task of an end. There is none for a clean end, and for those that are no failure nothing happens here.
    failed(error, text) {
        if (this.failure !== null) this.fail(this.failure.error, this.failure.text);
        else if (this.isFailure(error)) this.fail(error, text);
    }

    closed(code, reason, wasClean, error, text) {
        if (this.failure === null || this.state === CLOSED) {
            this.end(code, reason, wasClean, error, text);
        } else {
            this.fail(this.failure.error, this.failure.text);
            this.sockets.runLater(() => this.end(code, reason, wasClean, error, text));
        }
    }

    endLater(error, text) {
        this.sockets.runLater(() => this.fail(error, text));
        this.sockets.runLater(() => this.end(NO_CLOSE_FRAME, '', false, error, text));
    }

    fail(error, text) {
        if (this.state === CLOSED) return;
        this.shut();
        this.onError(error, text);
    }

    end(code, reason, wasClean, error, text) {
        if (this.hasEnded) return;
        this.hasEnded = true;
        this.shut();
        this.sockets.forget(this);
        this.onClose(code, reason, wasClean, error, text);
        this.id = 0;
    }

    shut() {
        if (this.state === CLOSED) return;
        this.lost += this.hostAmount();
        this.dropQueue();
        this.state = CLOSED;
    }
}
