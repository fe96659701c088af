// The harness of the conformance suite: a classic script in ES2015 for every engine. It defines `suite`. The other files add tests
// to it, and `suite.run(url, print)` runs them one after the other.
//
// A test is a function or a generator function, which may yield promises. Lines that it prints:
//   ok NAME · not ok NAME<tab>why · skip NAME<tab>why · done COUNT
//   throws LABEL: the running test throws an exception with this text in a listener, and the host must report it
var suite = (function (global) {
    'use strict';

    const TIME_LIMIT_MS = 8000;
    const tests = [];
    let group = '';

    function show(value) {
        if (typeof value === 'string') return JSON.stringify(value);
        if (Array.isArray(value)) return '[' + value.map(show).join(', ') + ']';
        if (typeof value === 'function') return 'the function ' + value.name;
        if (typeof value === 'object' && value !== null) return Object.prototype.toString.call(value);
        return String(value);
    }

    // A line of ASCII.
    function printable(text) {
        return text.replace(/[^ -~]/g, (unit) => '\\u' + ('000' + unit.charCodeAt(0).toString(16)).slice(-4));
    }

    // A failed check. It also counts if it is thrown inside a listener: a dispatch only reports the exceptions of listeners.
    class CheckFailed extends Error {
        get name() {
            return 'CheckFailed';
        }
    }
    let failures = [];

    function fail(text) {
        failures.push(text);
        throw new CheckFailed(text);
    }

    function equal(found, expected, subject) {
        if (!Object.is(found, expected)) fail((subject ? subject + ' is ' : '') + show(found) + ', not ' + show(expected));
    }

    function sameList(found, expected, subject) {
        if (found.length !== expected.length || found.some((item, index) => !Object.is(item, expected[index]))) {
            fail((subject ? subject + ' is ' : '') + show(found) + ', not ' + show(expected));
        }
    }

    const CODES = { InvalidStateError: 11, SyntaxError: 12, InvalidAccessError: 15 };

    /** Expects an exception: `kind` is a class of the engine, or the name of a DOMException. Returns the exception. */
    function throws(kind, body, subject) {
        const expected = typeof kind === 'string' ? kind : kind.name;
        let result;
        try {
            result = body();
        } catch (thrown) {
            const isKind = typeof kind === 'string'
                ? thrown !== null && typeof thrown === 'object' && thrown.name === kind && thrown.code === CODES[kind]
                : thrown instanceof kind;
            if (!isKind) fail((subject ? subject + ': ' : '') + 'throws ' + thrown + ', not a ' + expected);
            return thrown;
        }
        return fail((subject ? subject + ': ' : '') + 'returns ' + show(result) + ' and does not throw ' + expected);
    }

    /** Expects exactly this value as the exception. */
    function rethrows(value, body) {
        try {
            body();
        } catch (thrown) {
            equal(thrown, value, 'the exception');
            return;
        }
        fail('no exception');
    }

    function bytesOf(buffer) {
        equal(Object.prototype.toString.call(buffer), '[object ArrayBuffer]', 'the data');
        return Array.from(new Uint8Array(buffer));
    }

    function Skip(why) {
        this.why = why;
    }

    /** Skips the running test if the engine does not have this global. */
    function need(name) {
        if (typeof global[name] === 'undefined') throw new Skip('no ' + name);
        return global[name];
    }

    function skip(why) {
        throw new Skip(why);
    }

    // Returns a promise of the next event of a type. The reaction of a promise runs as a microtask after the event.
    function next(target, type) {
        return new Promise((resolve) => target.addEventListener(type, resolve, { once: true }));
    }

    const TYPES = ['open', 'message', 'error', 'close'];

    /** Records the types of all events of a socket. */
    function record(socket) {
        const log = [];
        TYPES.forEach((type) => socket.addEventListener(type, () => log.push(type)));
        return log;
    }

    // The tools of a test. All sockets of a test are closed at its end.
    function makeTools(url, print) {
        const sockets = [];
        const tools = {
            url,
            /** Returns a name for a record of the server that no other run uses. */
            key: () => Math.random().toString(36).slice(2),
            /** Returns a socket to a path of the server. */
            socket(path, protocols) {
                const socket = arguments.length > 1 ? new WebSocket(url + path, protocols) : new WebSocket(url + path);
                sockets.push(socket);
                return socket;
            },
            /** Returns an open socket that delivers binary messages as buffers. */
            open(path, protocols) {
                const socket = tools.socket.apply(null, arguments);
                socket.binaryType = 'arraybuffer';
                return new Promise((resolve, reject) => {
                    socket.addEventListener('open', () => resolve(socket), { once: true });
                    socket.addEventListener('close', () => reject(new Error('the socket to ' + path + ' does not open')), { once: true });
                });
            },
            /** Sends `data` on an open socket and returns the received data. */
            echo(socket, data) {
                const answer = Promise.race([next(socket, 'message'), next(socket, 'error')]);
                socket.send(data);
                return answer.then((event) => event.type === 'message' ? event.data : fail('got an error event: ' + event.message));
            },
            /** Ends a socket and returns a promise of the close event. */
            end(socket) {
                const close = next(socket, 'close');
                socket.close(1000);
                return close;
            },
            /** Makes a round trip with another socket. Then all events that were due before the call have arrived. */
            barrier() {
                return tools.open('/echo').then((other) => tools.echo(other, 'barrier').then(() => tools.end(other)));
            },
            /** Returns the message of an exception that the host must report. */
            willReport(label) {
                print('throws ' + label);
                return new Error(label);
            },
        };
        return {
            tools,
            cleanUp() {
                sockets.forEach((socket) => {
                    try {
                        socket.close();
                    } catch (thrown) {
                        // The test has changed the object.
                    }
                });
            },
        };
    }

    // Runs a generator and awaits the promises that it yields.
    function drive(generator) {
        return new Promise((resolve, reject) => {
            function step(method, value) {
                let result;
                try {
                    result = generator[method](value);
                } catch (thrown) {
                    reject(thrown);
                    return;
                }
                if (result.done) resolve(result.value);
                else Promise.resolve(result.value).then((it) => step('next', it), (error) => step('throw', error));
            }
            step('next');
        });
    }

    function runTest(test, url, print) {
        const { tools, cleanUp } = makeTools(url, print);
        failures = [];
        return new Promise((resolve, reject) => {
            const timer = setTimeout(() => reject(new Error('no end after ' + TIME_LIMIT_MS + ' ms')), TIME_LIMIT_MS);
            const finish = (settle) => (value) => {
                clearTimeout(timer);
                settle(value);
            };
            drive((function* () {
                const result = test.body(tools);
                if (result && typeof result.next === 'function') yield drive(result);
                else yield result;
            })()).then(finish(resolve), finish(reject));
        }).then(() => {
            if (failures.length > 0) throw new Error(failures[0]);
            print('ok ' + test.name);
        }).catch((thrown) => {
            if (thrown instanceof Skip) print('skip ' + test.name + '\t' + thrown.why);
            else print('not ok ' + test.name + '\t' + printable(String(thrown && thrown.message || thrown)).slice(0, 300));
        }).then(cleanUp);
    }

    return {
        equal, sameList, throws, printable, rethrows, bytesOf, need, skip, next, record, fail, TYPES,
        group(name) {
            group = name;
        },
        test(name, body) {
            const full = printable(group + ': ' + name);
            if (tests.some((test) => test.name === full)) fail('two tests have the name ' + full);
            tests.push({ name: full, body });
        },
        run(url, print, filter) {
            const chosen = tests.filter((test) => !filter || test.name.includes(filter));
            return chosen.reduce((before, test) => before.then(() => runTest(test, url, print)), Promise.resolve())
                .then(() => print('done ' + chosen.length));
        },
    };
})(this);
