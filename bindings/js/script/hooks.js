// Hooks of an installation: functions that find the addresses of a name, or the proxies for a URL.

const HOOKS = ['resolve', 'findProxy'];

// Throws where the shell has a hook of its own.
function readHooks(host, given) {
    const hooks = { resolve: null, findProxy: null };
    if (given === undefined || given === null) return hooks;
    if (!isObject(given)) throw new TypeError('the hooks of an installation are an object');
    for (const name of HOOKS) {
        const hook = given[name];
        if (hook === undefined || hook === null) continue;
        if (typeof hook !== 'function') throw new TypeError(`the hook ${name} is not a function`);
        const answered = host.text(0, 'hooks').split(' ');
        if (answered.indexOf(name) < 0) throw new Error(`the hook ${name} is not called: the shell has a hook of its own`);
        hooks[name] = hook;
    }
    return hooks;
}

// A text, a list of them, or null for the work of the library: the system's resolver, or a direct connection.
function toAnswer(hook, value) {
    if (value === undefined || value === null) return hook === 'resolve' ? null : '';
    const method = typeof value === 'string' ? null : iteratorMethodOf(value);
    const list = typeof value === 'string' ? [value] : method === null ? null : toSequence(value, method, (item) => item);
    if (list === null || list.some((item) => typeof item !== 'string' || item.indexOf('\0') >= 0)) {
        throw new TypeError(`${hook} returned a value that is not a string, an array of strings or null`);
    }
    return toText(list.join(','));
}

// Asks a hook. After an exception, and a wrong answer, the attempt fails: the name has no address, or the proxies were not found.
function answerHook(host, hooks, ticket, hook, text) {
    const fail = (thrown) => {
        host.answer(ticket, hook === 'resolve' ? '' : null);
        host.reportError(thrown);
    };
    const answer = (value) => {
        try {
            // A question for which no connection waits any more is no error.
            const result = host.answer(ticket, toAnswer(hook, value));
            if (result < 0 && result !== ERR_BAD_HANDLE) throw new TypeError(`${hook} returned a wrong value: ${host.lastError()}`);
        } catch (thrown) {
            fail(thrown);
        }
    };
    try {
        const value = hooks[hook].call(undefined, text);
        if (isObject(value) && typeof value.then === 'function') Promise.resolve(value).then(answer, fail);
        else answer(value);
    } catch (thrown) {
        fail(thrown);
    }
}
