// MessageEvent and CloseEvent of the HTML and WebSockets standards, for an engine that has none. `Event` may be the engine's.

const MESSAGE = Symbol('message event'), DATA = Symbol('data'), ORIGIN = Symbol('origin'), REST = Symbol('rest');
const CLOSE = Symbol('close event'), CODE = Symbol('code'), REASON = Symbol('reason'), CLEAN = Symbol('was clean');

// Members that an event of a WebSocket does not have.
const NO_REST = { lastEventId: '', source: null, ports: Object.freeze([]) };

function isPort(value, MessagePort) {
    return typeof MessagePort === 'function' && value instanceof MessagePort;
}

function toPorts(value, MessagePort) {
    if (value === undefined) return NO_REST.ports;
    const method = iteratorMethodOf(value);
    if (method === null) throw new TypeError('ports is not a sequence');
    const ports = toSequence(value, method);
    if (!ports.every((port) => isPort(port, MessagePort))) throw new TypeError('ports has a value that is not a MessagePort');
    return Object.freeze(ports);
}

function toSource(value, MessagePort) {
    if (value === undefined || value === null) return null;
    if (!isPort(value, MessagePort)) throw new TypeError('source is not a MessagePort');
    return value;
}

function messageOf(value) {
    if (!isObject(value) || value[MESSAGE] !== value) throw new TypeError('not a MessageEvent');
    return value;
}

function makeMessageEventClass(Event, MessagePort) {
    class MessageEvent extends Event {
        constructor(type, init = undefined) {
            needArguments(arguments.length, 1, 'MessageEvent');
            super(type, init);
            this[MESSAGE] = this;
            this[DATA] = null;
            this[ORIGIN] = '';
            this[REST] = NO_REST;
            if (init === undefined || init === null) return;
            if (init.data !== undefined) this[DATA] = init.data;
            const rest = { lastEventId: init.lastEventId === undefined ? '' : `${init.lastEventId}`, source: null, ports: null };
            if (init.origin !== undefined) this[ORIGIN] = toText(init.origin);
            rest.ports = toPorts(init.ports, MessagePort);
            rest.source = toSource(init.source, MessagePort);
            this[REST] = rest;
        }
        get data() { return messageOf(this)[DATA]; }
        get origin() { return messageOf(this)[ORIGIN]; }
        get lastEventId() { return messageOf(this)[REST].lastEventId; }
        get source() { return messageOf(this)[REST].source; }
        get ports() { return messageOf(this)[REST].ports; }
    }
    defineInterface(MessageEvent, 'MessageEvent');
    return MessageEvent;
}

function closeOf(value) {
    if (!isObject(value) || value[CLOSE] !== value) throw new TypeError('not a CloseEvent');
    return value;
}

function makeCloseEventClass(Event) {
    class CloseEvent extends Event {
        constructor(type, init = undefined) {
            needArguments(arguments.length, 1, 'CloseEvent');
            super(type, init);
            const members = toDictionary(init) || {};
            this[CLOSE] = this;
            this[CODE] = members.code === undefined ? 0 : toUint16(members.code);
            this[REASON] = members.reason === undefined ? '' : toText(members.reason);
            this[CLEAN] = !!members.wasClean;
        }
        get wasClean() { return closeOf(this)[CLEAN]; }
        get code() { return closeOf(this)[CODE]; }
        get reason() { return closeOf(this)[REASON]; }
    }
    defineInterface(CloseEvent, 'CloseEvent');
    return CloseEvent;
}
