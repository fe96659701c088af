// One connection: the common part of the sockets of both objects.

class Connection {
    // `settings` is a result of readOptions.
    constructor(sockets, settings) {
        this.sockets = sockets;
        this.id = 0; // the id of the host; 0 before `open` and after `closed`
        this.state = CONNECTING;
        this.isEstablished = false;
        this.hasEnded = false;
        this.protocol = '';
        this.extensions = '';
        this.failure = null; // the reason why this side closed an established connection: { error, text }

        // Messages that wait for a Blob or for the next connection, their bytes, and a close() that was called after them.
        this.queue = null;
        this.waiting = 0;
        this.pendingClose = null;
        this.maxWaiting = settings.maxSendBuffer;
        this.resend = settings.resend; // whether messages are kept when the connection is made again

        // The bytes that will never be sent, and the lowest possible bufferedAmount until the task ends.
        this.lost = 0;
        this.task = -1;
        this.floor = 0;

        // onDrain is called when bufferedAmount has reached the mark and half of it is written. `unwritten` is an upper bound of
        // bufferedAmount, so that few sends need the amount from the host; DRAIN_IS_DUE until onDrain.
        this.highWaterMark = Infinity;
        this.unwritten = 0;
    }

    // Both kinds of sockets override these events of their connection. onRefused reports an error that was caused by a message;
    // onError and onClose report the end.
    onOpen() {}
    onMessage(data) {}
    onRefused(error, text, size) {}
    onRetry(error, text, delay, code, reason) {}
    onDrain() {}
    onFrame(direction, opcode, flags, length) {}
    onError(error, text) {}
    onClose(code, reason, wasClean, error, text) {}
    // Returns whether this end of the connection causes an error event.
    isFailure(error) {
        return true;
    }

    // By the standard, the amount falls only between tasks. A message that was sent in this task counts until the task ends, even
    // if the library has already written it. So a send does not need the amount from the host.
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

    // Returns a text of the host; '' if there is none.
    text(name) {
        return this.id === 0 ? '' : this.sockets.host.text(this.id, name);
    }

    // Returns an ArrayBuffer of the host, or null.
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

    // The connection is lost, but this was not reported yet. Returns whether the message waits for the next connection.
    isHeld(error) {
        return error === ERR_NOT_OPEN && this.resend;
    }

    // This does not use the host's amount: a game that sends until bufferedAmount reaches the mark continues in onDrain, even
    // if the library has already written much of it in this task.
    watch() {
        this.unwritten = this.bufferedAmount();
        if (this.unwritten < this.highWaterMark) return;
        this.unwritten = DRAIN_IS_DUE;
        this.askForDrain();
    }

    // Requests `drained` from the host if onDrain is due and no message waits here.
    askForDrain() {
        if (this.unwritten !== DRAIN_IS_DUE || this.queue !== null) return;
        this.sockets.host.notifyDrain(this.id, Math.floor(this.highWaterMark / 2));
    }

    // Returns the number of bytes that count in bufferedAmount.
    notSent(error, size) {
        if (error !== ERR_NOT_OPEN && error !== ERR_BAD_HANDLE) return this.onRefused(error, this.sockets.host.lastError(), size);
        // The connection has ended, but this was not reported yet. It behaves as if `readyState` were CLOSING.
        this.lost += size;
        return size;
    }

    // Reports an error of the game's call in a separate task. No event follows `close`.
    reportLater(error, text) {
        this.sockets.runLater(() => {
            if (this.state !== CLOSED) this.onError(error, text);
        });
    }

    // A Blob waits in the queue until it is read, and every later message waits behind it.
    enqueue(data) {
        const isBlob = this.sockets.isBlob(data);
        const size = this.sockets.sizeOf(data);
        if (this.waiting + size > this.maxWaiting) {
            this.floor += this.onRefused(ERR_BACKPRESSURE, 'the send queue is full', size);
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

    // Sends the messages that no longer wait for a Blob, then the Close frame if it also waits.
    sendQueue() {
        const queue = this.queue;
        // The connection has ended, or is being made again.
        if (queue === null || this.state === CONNECTING) return;
        while (!queue.isEmpty() && queue.first().data !== null) {
            const item = queue.first();
            const result = item.isReadable ? this.transmit(item.data) : 0;
            if (this.isHeld(result)) return;
            queue.removeFirst();
            this.waiting -= item.size;
            if (!item.isReadable) this.reportLater(ERR_INVALID_ARGUMENT, 'message not sent: its Blob cannot be read');
            else if (result < 0) this.notSent(result, item.size);
            if (this.queue === null) return; // the send queue is full, and the connection is closed
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
        if (this.id === 0) return; // `open` failed; a task reports it
        if (this.queue !== null) this.pendingClose = { code, reason };
        else this.closeHost(code, reason);
    }

    // Closes the connection because of a message, and reports the reason when it has ended. Accepted messages are still sent.
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
        if (this.state === OPEN) this.onOpen(); // not if these messages have filled the send queue
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
            // The library also drops its messages. They no longer count; otherwise a game could wait forever for the amount to
            // fall.
            this.queue = null;
            this.waiting = 0;
            this.lost = 0;
        }
        this.onRetry(error, text, delay === UNLIMITED ? Infinity : delay, code, reason);
    }

    drained() {
        // It is requested again when the queue is empty, or when the connection is made again.
        if (this.queue !== null || this.state === CONNECTING) return;
        this.unwritten = this.hostAmount();
        if (this.state === OPEN) this.onDrain();
    }

    // The first task at the end of a connection. It does not run after a clean end, and does nothing if the end is not a failure.
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
