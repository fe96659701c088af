// Event and EventTarget by the DOM standard (https://dom.spec.whatwg.org/#events), for an engine without them. A target has no
// parent, so an event has only one target.

// Slots with the state of an event and of a target. An object that inherits from an event or a target also has the slot, but its
// content belongs to the other object.
const EVENT = Symbol('event'), LISTENERS = Symbol('listeners');

// Flags of an event.
const BUBBLES = 1, CANCELABLE = 2, COMPOSED = 4, STOPPED = 8, STOPPED_AT_ONCE = 16, CANCELED = 32, PASSIVE = 64,
    DISPATCHED = 128, TRUSTED = 256;

const AT_TARGET = 2;
const PHASES = { NONE: 0, CAPTURING_PHASE: 1, AT_TARGET, BUBBLING_PHASE: 3 };
const NO_LISTENERS = [];

class EventState {
    constructor(event, type, flags, timeStamp) {
        this.event = event;
        this.type = type;
        this.flags = flags;
        this.timeStamp = timeStamp;
        this.target = null;
    }

    has(flag) {
        return (this.flags & flag) !== 0;
    }

    cancel() {
        if ((this.flags & (CANCELABLE | PASSIVE)) === CANCELABLE) this.flags |= CANCELED;
    }
}

function eventOf(value) {
    const state = isObject(value) ? value[EVENT] : undefined;
    if (state === undefined || state.event !== value) throw new TypeError('not an Event');
    return state;
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
            const text = `${type}`; // converted before `init`
            this[EVENT] = new EventState(this, text, init === undefined ? 0 : toFlags(init), now());
        }
        get type() { return eventOf(this).type; }
        get target() { return eventOf(this).target; }
        get srcElement() { return eventOf(this).target; }
        get currentTarget() {
            const state = eventOf(this);
            return state.has(DISPATCHED) ? state.target : null;
        }
        composedPath() {
            const state = eventOf(this);
            return state.has(DISPATCHED) ? [state.target] : [];
        }
        get eventPhase() { return eventOf(this).has(DISPATCHED) ? AT_TARGET : 0; }
        stopPropagation() { eventOf(this).flags |= STOPPED; }
        get cancelBubble() { return eventOf(this).has(STOPPED); }
        set cancelBubble(value) {
            const state = eventOf(this);
            if (value) state.flags |= STOPPED;
        }
        stopImmediatePropagation() { eventOf(this).flags |= STOPPED | STOPPED_AT_ONCE; }
        get bubbles() { return eventOf(this).has(BUBBLES); }
        get cancelable() { return eventOf(this).has(CANCELABLE); }
        get returnValue() { return !eventOf(this).has(CANCELED); }
        set returnValue(value) {
            const state = eventOf(this);
            if (!value) state.cancel();
        }
        preventDefault() { eventOf(this).cancel(); }
        get defaultPrevented() { return eventOf(this).has(CANCELED); }
        get composed() { return eventOf(this).has(COMPOSED); }
        get isTrusted() { return eventOf(this).has(TRUSTED); }
        get timeStamp() { return eventOf(this).timeStamp; }
        initEvent(type, bubbles = false, cancelable = false) {
            const state = eventOf(this);
            needArguments(arguments.length, 1, 'initEvent');
            const text = `${type}`;
            if (state.has(DISPATCHED)) return;
            state.type = text;
            state.flags = (bubbles ? BUBBLES : 0) | (cancelable ? CANCELABLE : 0);
            state.target = null;
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

    // An aborted signal removes the listener. It is checked here, instead of in a listener of the signal, because the signal would
    // keep that listener, and it may live longer than the target.
    isActive() {
        return !this.isRemoved && (this.signal === null || !this.signal.aborted);
    }
}

function checkListener(callback) {
    if (callback !== null && callback !== undefined && !isObject(callback)) {
        throw new TypeError('a listener must be a function or an object');
    }
}

// The engine, or a library, may define the class of signals.
function toSignal(signal) {
    if (signal === undefined) return null;
    if (isObject(signal) && typeof signal.aborted === 'boolean' && typeof signal.addEventListener === 'function') return signal;
    throw new TypeError('the signal of a listener is not an AbortSignal');
}

// The listeners of a target, by type. The arrays are replaced instead of changed, so a dispatch needs no copy.
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

function tableOf(value) {
    const table = isObject(value) ? value[LISTENERS] : undefined;
    if (table === undefined || table.target !== value) throw new TypeError('not an EventTarget');
    return table;
}

// Calls either the capturing listeners or the others.
function invoke(table, state, capture, report) {
    if (state.has(STOPPED)) return;
    const type = state.type;
    const listeners = table.of(type);
    for (let i = 0; i < listeners.length; i++) {
        const listener = listeners[i];
        if (listener.capture !== capture || !listener.isActive()) continue;
        if (listener.once) table.remove(type, listener);
        if (listener.passive) state.flags |= PASSIVE;
        try {
            const callback = listener.callback;
            if (typeof callback === 'function') callback.call(table.target, state.event);
            else callback.handleEvent(state.event);
        } catch (thrown) {
            report(thrown);
        }
        state.flags &= ~PASSIVE;
        if (state.has(STOPPED_AT_ONCE)) return;
    }
}

// Returns false if a listener has cancelled the event. `report` gets the exceptions of listeners.
function dispatch(table, state, report) {
    state.target = table.target;
    state.flags |= DISPATCHED;
    // Capturing listeners are called first at a target, too.
    invoke(table, state, true, report);
    invoke(table, state, false, report);
    state.flags &= ~(DISPATCHED | STOPPED | STOPPED_AT_ONCE);
    return !state.has(CANCELED);
}

function makeEventTargetClass(exception, report) {
    class EventTarget {
        constructor() {
            Object.defineProperty(this, LISTENERS, { value: new ListenerTable(this) });
        }
        addEventListener(type, callback, options = undefined) {
            const table = tableOf(this);
            needArguments(arguments.length, 2, 'addEventListener');
            const name = `${type}`;
            checkListener(callback);
            const listener = new Listener(callback, options); // reads all options, also for the callback null
            if (callback === null || callback === undefined || !listener.isActive()) return;
            if (!table.find(name, callback, listener.capture)) table.add(name, listener);
        }
        removeEventListener(type, callback, options = undefined) {
            const table = tableOf(this);
            needArguments(arguments.length, 2, 'removeEventListener');
            const name = `${type}`;
            checkListener(callback);
            const listener = table.find(name, callback, isObject(options) ? !!options.capture : !!options);
            if (listener !== undefined) table.remove(name, listener);
        }
        dispatchEvent(event) {
            const table = tableOf(this);
            needArguments(arguments.length, 1, 'dispatchEvent');
            const state = eventOf(event);
            if (state.has(DISPATCHED)) throw exception('InvalidStateError', 'the event is being dispatched');
            state.flags &= ~TRUSTED;
            return dispatch(table, state, report);
        }
    }
    defineInterface(EventTarget, 'EventTarget');
    return EventTarget;
}
