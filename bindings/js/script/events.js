// The event classes of a global object: the classes of the engine, or otherwise ours. WebSocket works with both.

const EXCEPTION_CODES = { InvalidStateError: 11, SyntaxError: 12, InvalidAccessError: 15 };

function makeException(global) {
    return (name, message) => {
        if (typeof global.DOMException === 'function') return new global.DOMException(message, name);
        const error = new Error(message);
        define(error, 'name', name);
        define(error, 'code', EXCEPTION_CODES[name]);
        return error;
    };
}

// If `performance` is missing, the milliseconds since this script was evaluated replace it.
const EPOCH = Date.now();

function makeClock(global) {
    const performance = global.performance;
    if (isObject(performance) && typeof performance.now === 'function') return () => performance.now();
    return () => Date.now() - EPOCH;
}

// Our classes, by their EventTarget. A second `install` on the same global object reuses them, with its own `report`.
const ours = new WeakMap();

function makeTargets(global, exception, host) {
    const hasBoth = typeof global.EventTarget === 'function' && typeof global.Event === 'function';
    let own = hasBoth ? ours.get(global.EventTarget) : undefined;
    if (hasBoth && own === undefined) {
        const { dispatchEvent } = global.EventTarget.prototype;
        return {
            Event: global.Event,
            EventTarget: global.EventTarget,
            fire(target, event) { dispatchEvent.call(target, event); }
        };
    }
    if (own === undefined) {
        own = { Event: makeEventClass(makeClock(global)), EventTarget: null, report: null };
        own.EventTarget = makeEventTargetClass(exception, (thrown) => own.report(thrown));
        ours.set(own.EventTarget, own);
        // If only one of the two exists, the shell may use it, so ours do not replace it.
        if (typeof global.Event !== 'function' && typeof global.EventTarget !== 'function') {
            define(global, 'Event', own.Event);
            define(global, 'EventTarget', own.EventTarget);
        }
    }
    const report = (thrown) => host.reportError(thrown);
    own.report = report;
    return {
        Event: own.Event,
        EventTarget: own.EventTarget,
        fire(target, event) {
            const state = event[EVENT];
            state.flags |= TRUSTED;
            dispatch(target[LISTENERS], state, report);
        }
    };
}

// The engine's class for this name, if it extends this Event.
function engineClass(global, name, Event) {
    const Class = global[name];
    return typeof Class === 'function' && isObject(Class.prototype) && Event.prototype.isPrototypeOf(Class.prototype)
        ? Class : null;
}

function defineMissing(global, name, Class) {
    if (typeof global[name] !== 'function') define(global, name, Class);
}

function makeEvents(global, exception, host) {
    const { Event, EventTarget, fire } = makeTargets(global, exception, host);

    // The constructor of the engine's class converts its arguments each time. In some engines this takes several times as long
    // as the dispatch. An event of this class inherits from the engine's, and its own accessors read the values that `message`
    // has set.
    const EngineMessageEvent = engineClass(global, 'MessageEvent', Event);
    const MessageEvent = makeMessageEventClass(Event, global.MessagePort);
    if (EngineMessageEvent === null) {
        defineMissing(global, 'MessageEvent', MessageEvent);
    } else {
        delete MessageEvent.prototype.constructor;
        Object.setPrototypeOf(MessageEvent.prototype, EngineMessageEvent.prototype);
    }

    let CloseEvent = engineClass(global, 'CloseEvent', Event);
    if (CloseEvent === null) {
        CloseEvent = makeCloseEventClass(Event);
        defineMissing(global, 'CloseEvent', CloseEvent);
    }

    return {
        EventTarget,
        fire,
        event: (type) => new Event(type),
        message(data, origin) {
            const event = new MessageEvent('message');
            event[MESSAGE].data = data;
            event[MESSAGE].origin = origin;
            return event;
        },
        close: (code, reason, wasClean) => new CloseEvent('close', { code, reason, wasClean })
    };
}

// Defines the attributes `on<type>` of a class of targets. `handlersOf` returns the object with the handlers of a target.
function defineHandlers(Class, types, EventTarget, handlersOf) {
    const { addEventListener, removeEventListener } = EventTarget.prototype;

    // A listener calls the current handler, so a replaced handler keeps its place among the listeners.
    function activate(target, type, handlers, callback) {
        const handler = { callback, listener: null };
        handler.listener = function (event) {
            // An object that is not callable is stored, but not called ([LegacyTreatNonObjectAsNull]).
            if (typeof handler.callback === 'function' && handler.callback.call(this, event) === false) event.preventDefault();
        };
        handlers[type] = handler;
        addEventListener.call(target, type, handler.listener);
    }

    for (const type of types) {
        const name = `on${type}`;
        const attribute = {
            get [name]() {
                const handler = handlersOf(this)[type];
                return handler === undefined ? null : handler.callback;
            },
            set [name](value) {
                const handlers = handlersOf(this);
                const handler = handlers[type];
                if (!isObject(value)) {
                    if (handler === undefined) return;
                    removeEventListener.call(this, type, handler.listener);
                    handlers[type] = undefined;
                } else if (handler === undefined) {
                    activate(this, type, handlers, value);
                } else {
                    handler.callback = value;
                }
            }
        };
        Object.defineProperty(Class.prototype, name, Object.getOwnPropertyDescriptor(attribute, name));
    }
}
