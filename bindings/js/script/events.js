// Events and their targets.

var AT_TARGET = 2;

function stopAll() {
    this.cancelBubble = this._isStopped = true;
}

// Only the engine can set these fields of its own event classes, so fields of ours hide them.
function adopt(event) {
    var fields = {
        target: null, srcElement: null, currentTarget: null, eventPhase: 0, cancelBubble: false, _isStopped: false,
        stopImmediatePropagation: stopAll
    };
    for (var field in fields) define(event, field, fields[field]);
}

var EVENT_DEFAULTS = { bubbles: false, cancelable: false, composed: false };

// The engine's event class if it has one. Else a class of ours, which is then defined on `global`.
function eventClass(global, name, Base, defaults) {
    if (typeof global[name] === 'function') return global[name];

    function Constructor(type) {
        if (!(this instanceof Constructor)) throw new TypeError(name + ' is a constructor: use new');
        if (arguments.length === 0) throw new TypeError(name + ' needs a type');
        this.type = toText(type);
        this.timeStamp = Date.now();
        assign(this, EVENT_DEFAULTS, arguments[1]);
        assign(this, defaults, arguments[1]);
    }

    function assign(event, fields, init) {
        for (var field in fields) {
            var value = init ? init[field] : undefined;
            event[field] = value === undefined ? fields[field] : convert(value, typeof fields[field]);
        }
    }

    function convert(value, kind) {
        switch (kind) {
        case 'boolean': return !!value;
        case 'number': return Number(value);
        case 'string': return toText(value);
        default: return value;
        }
    }

    var prototype = Object.create(Base ? Base.prototype : Object.prototype);
    // Data properties hide the accessors of an engine's Event, which accept only events of that engine.
    var fields = {
        constructor: Constructor, type: '', timeStamp: 0, target: null, srcElement: null, currentTarget: null,
        eventPhase: 0, defaultPrevented: false, cancelBubble: false, isTrusted: false,
        preventDefault: function () { if (this.cancelable) this.defaultPrevented = true; },
        stopPropagation: function () { this.cancelBubble = true; },
        stopImmediatePropagation: stopAll, _isStopped: false,
        composedPath: function () { return this.currentTarget ? [this.currentTarget] : []; }
    };
    [fields, EVENT_DEFAULTS, defaults].forEach(function (members) {
        for (var member in members) define(prototype, member, members[member]);
    });
    Constructor.prototype = prototype;
    define(global, name, Constructor);
    return Constructor;
}

// Adds addEventListener, removeEventListener, dispatchEvent and the attributes `on<type>` to a prototype. Objects have a
// property `_listeners`, in order of registration: { type, callback, capture, once, passive, isHandler, isRemoved }.
function makeEventTarget(prototype, types, host, exception) {
    function indexOf(target, type, callback, capture) {
        for (var i = 0; i < target._listeners.length; i++) {
            var listener = target._listeners[i];
            if (listener.type === type && listener.capture === capture && !listener.isHandler &&
                listener.callback === callback) return i;
        }
        return -1;
    }

    function remove(target, listener) {
        var index = target._listeners.indexOf(listener);
        listener.isRemoved = true;
        if (listener.signal) listener.signal.removeEventListener('abort', listener.onAbort);
        if (index >= 0) target._listeners.splice(index, 1);
    }

    // A signal may live longer than the target, so it refers to the listener weakly, where the engine has WeakRef.
    function weakReference(listener) {
        return typeof WeakRef === 'function' ? new WeakRef(listener) : { deref: function () { return listener; } };
    }

    function makeOnAbort(reference) {
        return function () {
            var listener = reference.deref();
            if (listener) remove(listener.target, listener);
        };
    }

    function isCapture(options) {
        return isObject(options) ? !!options.capture : !!options;
    }

    function handlerOf(target, type) {
        for (var i = 0; i < target._listeners.length; i++) {
            if (target._listeners[i].isHandler && target._listeners[i].type === type) return target._listeners[i];
        }
        return null;
    }

    function call(listener, target, event) {
        var callback = listener.callback;
        try {
            if (typeof callback === 'function') {
                var result = callback.call(target, event);
                if (listener.isHandler && result === false) event.preventDefault();
            } else if (!listener.isHandler) {
                callback.handleEvent(event);
            }
        } catch (thrown) {
            host.reportError(thrown);
        }
    }

    // Calls the capturing listeners or the others. At a target the capturing ones come first.
    function invoke(target, event, capture) {
        var listeners = target._listeners.slice();
        for (var i = 0; i < listeners.length && !event._isStopped; i++) {
            var listener = listeners[i];
            if (listener.type !== event.type || listener.capture !== capture || listener.isRemoved) continue;
            if (listener.once) remove(target, listener);
            if (listener.passive) define(event, 'preventDefault', function () {});
            call(listener, target, event);
            if (listener.passive) delete event.preventDefault;
        }
    }

    function dispatch(target, event) {
        if (!('_isStopped' in event)) adopt(event);
        event._isStopped = false;
        event.target = event.srcElement = event.currentTarget = target;
        event.eventPhase = AT_TARGET;
        invoke(target, event, true);
        invoke(target, event, false);
        event.currentTarget = null;
        event.eventPhase = 0;
    }

    var methods = {
        addEventListener: function (type, callback) {
            var options = arguments[2];
            if (arguments.length < 2) throw new TypeError('addEventListener needs a type and a listener');
            if (callback === null || callback === undefined) return;
            if (!isObject(callback)) throw new TypeError('a listener is a function or an object');
            var settings = isObject(options) ? options : {};
            var signal = settings.signal;
            var listener = {
                type: toText(type), callback: callback, capture: isCapture(options), once: !!settings.once,
                passive: !!settings.passive, isHandler: false, isRemoved: false
            };
            if (signal && signal.aborted) return;
            if (indexOf(this, listener.type, callback, listener.capture) >= 0) return;
            this._listeners.push(listener);
            if (signal) {
                listener.target = this;
                listener.signal = signal;
                listener.onAbort = makeOnAbort(weakReference(listener));
                signal.addEventListener('abort', listener.onAbort);
            }
        },
        removeEventListener: function (type, callback) {
            var index = indexOf(this, toText(type), callback, isCapture(arguments[2]));
            if (index >= 0) remove(this, this._listeners[index]);
        },
        dispatchEvent: function (event) {
            if (!isObject(event) || typeof event.type !== 'string') throw new TypeError('not an event');
            if (event.eventPhase) throw exception('InvalidStateError', 'the event is being dispatched');
            dispatch(this, event);
            return !event.defaultPrevented;
        }
    };
    for (var name in methods) {
        Object.defineProperty(prototype, name, {
            value: methods[name], writable: true, enumerable: true, configurable: true
        });
    }

    types.forEach(function (type) {
        Object.defineProperty(prototype, 'on' + type, {
            enumerable: true,
            configurable: true,
            get: function () {
                var handler = handlerOf(this, type);
                return handler ? handler.callback : null;
            },
            // A replaced handler keeps its place among the listeners. A handler set to null loses it.
            set: function (value) {
                var handler = handlerOf(this, type);
                if (!isObject(value)) {
                    if (handler) remove(this, handler);
                } else if (handler) {
                    handler.callback = value;
                } else {
                    this._listeners.push({
                        type: type, callback: value, capture: false, once: false, passive: false,
                        isHandler: true, isRemoved: false
                    });
                }
            }
        });
    });

    return dispatch;
}

var EXCEPTION_CODES = { InvalidStateError: 11, SyntaxError: 12, InvalidAccessError: 15 };

function makeException(global) {
    return function (name, message) {
        if (typeof global.DOMException === 'function') return new global.DOMException(message, name);
        var error = new Error(message);
        define(error, 'name', name);
        define(error, 'code', EXCEPTION_CODES[name]);
        return error;
    };
}
