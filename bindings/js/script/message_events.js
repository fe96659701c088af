// MessageEvent and CloseEvent of the HTML and WebSockets standards, for an engine without them. `Event` may be the engine's.

// Slots with the members of an event.
const MESSAGE = Symbol('message'), CLOSE = Symbol('close');

const NO_PORTS = Object.freeze([]);

function isPort(value, MessagePort) {
    return typeof MessagePort === 'function' && value instanceof MessagePort;
}

function toPorts(value, MessagePort) {
    if (value === undefined) return NO_PORTS;
    const method = iteratorMethodOf(value);
    if (method === null) throw new TypeError('ports is not a sequence');
    return Object.freeze(toSequence(value, method, (port) => {
        if (!isPort(port, MessagePort)) throw new TypeError('ports has a value that is not a MessagePort');
        return port;
    }));
}

function toSource(value, MessagePort) {
    if (value === undefined || value === null) return null;
    if (!isPort(value, MessagePort)) throw new TypeError('source is not a MessagePort');
    return value;
}

class MessageMembers {
    constructor(event) {
        this.event = event;
        this.data = null;
        this.origin = '';
        this.lastEventId = '';
        this.source = null;
        this.ports = NO_PORTS;
    }
}

function messageOf(value) {
    const members = isObject(value) ? value[MESSAGE] : undefined;
    if (members === undefined || members.event !== value) throw new TypeError('not a MessageEvent');
    return members;
}

function makeMessageEventClass(Event, MessagePort) {
    class MessageEvent extends Event {
        constructor(type, init = undefined) {
            needArguments(arguments.length, 1, 'MessageEvent');
            super(type, init);
            const members = new MessageMembers(this);
            this[MESSAGE] = members;
            if (init === undefined || init === null) return;
            const { data } = init;
            if (data !== undefined) members.data = data;
            const { lastEventId } = init;
            if (lastEventId !== undefined) members.lastEventId = `${lastEventId}`;
            const { origin } = init;
            if (origin !== undefined) members.origin = toText(origin);
            members.ports = toPorts(init.ports, MessagePort);
            members.source = toSource(init.source, MessagePort);
        }
        get data() { return messageOf(this).data; }
        get origin() { return messageOf(this).origin; }
        get lastEventId() { return messageOf(this).lastEventId; }
        get source() { return messageOf(this).source; }
        get ports() { return messageOf(this).ports; }
        initMessageEvent(type, bubbles = false, cancelable = false, data = null, origin = '', lastEventId = '', source = null,
            ports = undefined) {
            const members = messageOf(this);
            needArguments(arguments.length, 1, 'initMessageEvent');
            const text = `${type}`;
            const given = { data, origin: toText(origin), lastEventId: `${lastEventId}`, source: toSource(source, MessagePort),
                ports: toPorts(ports, MessagePort) };
            if (this.eventPhase !== 0) return;
            this.initEvent(text, bubbles, cancelable);
            Object.assign(members, given);
        }
    }
    defineInterface(MessageEvent, 'MessageEvent');
    return MessageEvent;
}

function closeOf(value) {
    const members = isObject(value) ? value[CLOSE] : undefined;
    if (members === undefined || members.event !== value) throw new TypeError('not a CloseEvent');
    return members;
}

function makeCloseEventClass(Event) {
    class CloseEvent extends Event {
        constructor(type, init = undefined) {
            needArguments(arguments.length, 1, 'CloseEvent');
            super(type, init);
            const { code, reason, wasClean } = toDictionary(init) || {};
            Object.defineProperty(this, CLOSE, {
                value: {
                    event: this,
                    code: code === undefined ? 0 : toUint16(code),
                    reason: reason === undefined ? '' : toText(reason),
                    wasClean: !!wasClean
                }
            });
        }
        get wasClean() { return closeOf(this).wasClean; }
        get code() { return closeOf(this).code; }
        get reason() { return closeOf(this).reason; }
    }
    defineInterface(CloseEvent, 'CloseEvent');
    return CloseEvent;
}
