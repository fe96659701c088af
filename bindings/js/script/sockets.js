// Connections by id, tasks, and the events of the glue.

const RESOLVED = Promise.resolve();

class Sockets {
    // `hooks` is a result of readHooks.
    constructor(global, host, hooks) {
        this.host = host;
        this.hooks = hooks;
        // Reading a Blob is asynchronous. Without arrayBuffer() a Blob cannot be read, so it is treated as unknown.
        const { Blob } = global;
        this.Blob = typeof Blob === 'function' && typeof Blob.prototype.arrayBuffer === 'function' ? Blob : null;
        // The members of the class, because a game can define other members on its object.
        this.sizeOfBlob = getterOf(this.Blob, 'size');
        this.bufferOfBlob = this.Blob === null ? null : Blob.prototype.arrayBuffer;
        // Connections by id. This table keeps a socket alive, even if the game holds no reference to it.
        this.live = new Map();
        // Functions that report errors found during a call of the game.
        this.tasks = new Queue();
        // Counts the tasks of the event loop: one for each call of the glue, and one between two calls.
        this.task = 0;
        this.isInEvent = false;
        this.willEndTask = false;
        this.endTask = () => {
            this.willEndTask = false;
            this.task++;
        };
        this.events = this.makeEvents();
    }

    // The number of the current task. If no event of the glue started the task (a timer did, for example), a microtask ends it.
    currentTask() {
        if (!this.isInEvent && !this.willEndTask) {
            this.willEndTask = true;
            RESOLVED.then(this.endTask);
        }
        return this.task;
    }

    runLater(run) {
        this.tasks.push(run);
        this.host.wake();
    }

    isBlob(data) {
        return this.Blob !== null && typeof data === 'object' && data instanceof this.Blob &&
            (this.sizeOfBlob === null || hasSlot(this.sizeOfBlob, data));
    }

    // (BufferSource or Blob or USVString). Throws a TypeError for a value that cannot be converted.
    toPayload(data) {
        if (typeof data === 'string') return toText(data);
        if (ArrayBuffer.isView(data)) checkView(data);
        else if (this.isBlob(data)) return data;
        else if (isArrayBuffer(data)) checkBuffer(data);
        else if (hasSlot(lengthOfShared, data)) refuseShared();
        else return toText(data);
        return data;
    }

    sizeOf(data) {
        return typeof data === 'string' ? utf8Length(data) : this.isBlob(data) ? this.blobSize(data) : byteLength(data);
    }

    blobSize(blob) {
        return this.sizeOfBlob === null ? blob.size : this.sizeOfBlob.call(blob);
    }

    // Fills in the item and calls `done`, even if the Blob comes from a library and does not follow the rules.
    readBlob(blob, item, done) {
        new Promise((resolve) => resolve(this.bufferOfBlob.call(blob))).then((data) => {
            if (!isArrayBuffer(data)) throw new TypeError('not an ArrayBuffer');
            item.data = data;
        }).catch(() => {
            item.data = '';
            item.isReadable = false;
        }).then(done);
    }

    // Returns the id, or an error.
    open(connection, url, protocols, options) {
        const id = this.host.open(url, protocols.join(', '), options);
        if (id > 0) {
            connection.id = id;
            this.live.set(id, connection);
        }
        return id;
    }

    forget(connection) {
        this.live.delete(connection.id);
    }

    begin(id) {
        this.task++;
        this.isInEvent = true;
        return this.live.get(id);
    }

    end() {
        this.task++;
        this.isInEvent = false;
    }

    makeEvents() {
        const message = (id, data) => {
            const connection = this.begin(id);
            // By the standard, a message is dropped unless readyState is OPEN, so none is delivered after close().
            if (connection !== undefined && connection.state === OPEN) connection.onMessage(data);
            this.end();
        };
        return {
            connected: (id, protocol, extensions) => {
                const connection = this.begin(id);
                if (connection !== undefined) connection.connected(protocol, extensions);
                this.end();
            },
            text: message,
            binary: message,
            retrying: (id, error, text, delay, code, reason) => {
                const connection = this.begin(id);
                if (connection !== undefined) connection.retrying(error, inNamesOfOptions(text), delay, code, reason);
                this.end();
            },
            drained: (id) => {
                const connection = this.begin(id);
                if (connection !== undefined) connection.drained();
                this.end();
            },
            failed: (id, error, text) => {
                const connection = this.begin(id);
                if (connection !== undefined) connection.failed(error, inNamesOfOptions(text));
                this.end();
            },
            closed: (id, code, reason, wasClean, error, text) => {
                const connection = this.begin(id);
                if (connection !== undefined) connection.closed(code, reason, wasClean, error, inNamesOfOptions(text));
                this.end();
            },
            frame: (id, direction, opcode, flags, length) => {
                const connection = this.begin(id);
                if (connection !== undefined) connection.onFrame(direction, opcode, flags, length);
                this.end();
            },
            asked: (ticket, hook, text) => {
                this.begin(0);
                answerHook(this.host, this.hooks, ticket, hook, text);
                this.end();
            },
            task: () => {
                this.begin(0);
                if (!this.tasks.isEmpty()) {
                    const run = this.tasks.first();
                    this.tasks.removeFirst();
                    run();
                }
                this.end();
            }
        };
    }
}
