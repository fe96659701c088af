// Event and EventTarget by the DOM standard (https://dom.spec.whatwg.org/#events), for an engine that has none. A target has no
// parent, so an event has one target only.

// Slots. An object that inherits from an event has the slot EVENT too, but not itself in it.
const EVENT = Symbol('event'), TYPE = Symbol('type'), TARGET = Symbol('target'), TIME = Symbol('time'), FLAGS = Symbol('flags');
const LISTENERS = Symbol('listeners');

// Bits of FLAGS.
const BUBBLES = 1, CANCELABLE = 2, COMPOSED = 4, STOPPED = 8, STOPPED_AT_ONCE = 16, CANCELED = 32, PASSIVE = 64,
    DISPATCHED = 128, TRUSTED = 256;

const AT_TARGET = 2;
const PHASES = { NONE: 0, CAPTURING_PHASE: 1, AT_TARGET, BUBBLING_PHASE: 3 };
const NO_LISTENERS = [];

function eventOf(value) {
    if (!isObject(value) || value[EVENT] !== value) throw new TypeError('not an Event');
    return value;
}

function toFlags(init) {
    const members = toDictionary(init);
    if (members === null) return 0;
    return (members.bubbles ? BUBBLES : 0) | (members.cancelable ? CANCELABLE : 0) | (members.composed ? COMPOSED : 0);
}

function makeEventClass(now) {
    class Event {
        constructor(type, init = undefined) {
            needArguments(arguments.length, 1, 'Event');
            this[EVENT] = this;
            this[TYPE] = `${type}`;
            this[FLAGS] = init === undefined ? 0 : toFlags(init);
            this[TARGET] = null;
            this[TIME] = now();
        }
        get type() { return eventOf(this)[TYPE]; }
        get target() { return eventOf(this)[TARGET]; }
        get srcElement() { return eventOf(this)[TARGET]; }
        get currentTarget() { return eventOf(this)[FLAGS] & DISPATCHED ? this[TARGET] : null; }
        composedPath() { return eventOf(this)[FLAGS] & DISPATCHED ? [this[TARGET]] : []; }
        get eventPhase() { return eventOf(this)[FLAGS] & DISPATCHED ? AT_TARGET : 0; }
        stopPropagation() { eventOf(this)[FLAGS] |= STOPPED; }
        get cancelBubble() { return (eventOf(this)[FLAGS] & STOPPED) !== 0; }
        set cancelBubble(value) { if (value) eventOf(this)[FLAGS] |= STOPPED; }
        stopImmediatePropagation() { eventOf(this)[FLAGS] |= STOPPED | STOPPED_AT_ONCE; }
        get bubbles() { return (eventOf(this)[FLAGS] & BUBBLES) !== 0; }
        get cancelable() { return (eventOf(this)[FLAGS] & CANCELABLE) !== 0; }
        get returnValue() { return (eventOf(this)[FLAGS] & CANCELED) === 0; }
        set returnValue(value) { if (!value) this.preventDefault(); }
        preventDefault() {
            if ((eventOf(this)[FLAGS] & (CANCELABLE | PASSIVE)) === CANCELABLE) this[FLAGS] |= CANCELED;
        }
        get defaultPrevented() { return (eventOf(this)[FLAGS] & CANCELED) !== 0; }
        get composed() { return (eventOf(this)[FLAGS] & COMPOSED) !== 0; }
        get isTrusted() { return (eventOf(this)[FLAGS] & TRUSTED) !== 0; }
        get timeStamp() { return eventOf(this)[TIME]; }
        initEvent(type, bubbles = false, cancelable = false) {
            needArguments(arguments.length, 1, 'initEvent');
            const event = eventOf(this);
            const name = `${type}`;
            if (event[FLAGS] & DISPATCHED) return;
            event[TYPE] = name;
            event[FLAGS] = (bubbles ? BUBBLES : 0) | (cancelable ? CANCELABLE : 0);
            event[TARGET] = null;
        }
    }
    defineInterface(Event, 'Event');
    defineConstants(Event, PHASES);
    return Event;
}

class Listener {
    constructor(callback, options) {
        const isDictionary = isObject(options);
        this.callback = callback;
        this.capture = isDictionary ? !!options.capture : !!options;
        this.once = isDictionary && !!options.once;
        this.passive = isDictionary && !!options.passive;
        this.signal = isDictionary ? toSignal(options.signal) : null;
        this.isRemoved = false;
    }

    // A signal removes the listener when it aborts. That is looked up here, instead of by a listener of the signal, because that
    // would be kept as long as the signal, which may live longer than the target.
    isActive() {
        return !this.isRemoved && (this.signal === null || !this.signal.aborted);
    }
}

function checkListener(callback) {
    if (callback !== null && callback !== undefined && !isObject(callback)) {
        throw new TypeError('a listener is a function or an object');
    }
}

// The engine, or a library, may have the class of signals.
function toSignal(signal) {
    if (signal === undefined) return null;
    if (isObject(signal) && typeof signal.aborted === 'boolean' && typeof signal.addEventListener === 'function') return signal;
    throw new TypeError('the signal of a listener is not an AbortSignal');
}

// The listeners of a target, by type. The arrays are not changed but replaced, so a dispatch needs no copy.
class ListenerTable {
    constructor(target) {
        this.target = target;
        this.types = new Map();
    }

    of(type) {
        const listeners = this.types.get(type);
        return listeners === undefined ? NO_LISTENERS : listeners;
    }

    find(type, callback, capture) {
        return this.of(type).find((listener) =>
            listener.callback === callback && listener.capture === capture && listener.isActive());
    }

    add(type, listener) {
        this.types.set(type, this.of(type).filter((other) => other.isActive()).concat(listener));
    }

    remove(type, listener) {
        listener.isRemoved = true;
        this.types.set(type, this.of(type).filter((other) => other.isActive()));
    }
}

// The slot LISTENERS of an object that inherits from a target belongs to another object.
function tableOf(value) {
    const table = isObject(value) ? value[LISTENERS] : undefined;
    if (table === undefined || table.target !== value) throw new TypeError('not an EventTarget');
    return table;
}

// Calls the capturing listeners, or the others.
function invoke(table, event, capture, report) {
    if (event[FLAGS] & STOPPED) return;
    const type = event[TYPE];
    const listeners = table.of(type);
    for (let i = 0; i < listeners.length; i++) {
        const listener = listeners[i];
        if (listener.capture !== capture || !listener.isActive()) continue;
        if (listener.once) table.remove(type, listener);
        if (listener.passive) event[FLAGS] |= PASSIVE;
        try {
            const callback = listener.callback;
            if (typeof callback === 'function') callback.call(table.target, event);
            else callback.handleEvent(event);
        } catch (thrown) {
            report(thrown);
        }
        event[FLAGS] &= ~PASSIVE;
        if (event[FLAGS] & STOPPED_AT_ONCE) return;
    }
}

// False if a listener has cancelled the event. `report` gets the exceptions of listeners.
function dispatch(table, event, report) {
    event[TARGET] = table.target;
    event[FLAGS] |= DISPATCHED;
    // At a target, too, the capturing listeners come first.
    invoke(table, event, true, report);
    invoke(table, event, false, report);
    event[FLAGS] &= ~(DISPATCHED | STOPPED | STOPPED_AT_ONCE);
    return (event[FLAGS] & CANCELED) === 0;
}

function makeEventTargetClass(exception, report) {
    class EventTarget {
        constructor() {
            Object.defineProperty(this, LISTENERS, { value: new ListenerTable(this) });
        }
        addEventListener(type, callback, options = undefined) {
            needArguments(arguments.length, 2, 'addEventListener');
            const table = tableOf(this);
            const name = `${type}`;
            checkListener(callback);
            const listener = new Listener(callback, options); // reads all options, also for the callback null
            if (callback === null || callback === undefined || !listener.isActive()) return;
            if (!table.find(name, callback, listener.capture)) table.add(name, listener);
        }
        removeEventListener(type, callback, options = undefined) {
            needArguments(arguments.length, 2, 'removeEventListener');
            const table = tableOf(this);
            const name = `${type}`;
            checkListener(callback);
            const listener = table.find(name, callback, isObject(options) ? !!options.capture : !!options);
            if (listener !== undefined) table.remove(name, listener);
        }
        dispatchEvent(event) {
            needArguments(arguments.length, 1, 'dispatchEvent');
            const table = tableOf(this);
            if (eventOf(event)[FLAGS] & DISPATCHED) throw exception('InvalidStateError', 'the event is being dispatched');
            event[FLAGS] &= ~TRUSTED;
            return dispatch(table, event, report);
        }
    }
    defineInterface(EventTarget, 'EventTarget');
    return EventTarget;
}
