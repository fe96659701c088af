// Hooks of an installation: functions that find the addresses of a name, or the proxies for a URL.

const HOOKS = ['resolve', 'findProxy'];

// Throws if the shell has its own hook for a question.
function readHooks(host, given) {
    const hooks = { resolve: null, findProxy: null };
    if (given === undefined || given === null) return hooks;
    if (!isObject(given)) throw new TypeError('the hooks of an installation must be an object');
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

// Converts an answer: a text, a list of texts, or null for the default of the library (the system's resolver, a direct connection).
function toAnswer(hook, value) {
    if (value === undefined || value === null) return hook === 'resolve' ? null : '';
    const method = typeof value === 'string' ? null : iteratorMethodOf(value);
    const list = typeof value === 'string' ? [value] : method === null ? null : toSequence(value, method, (item) => item);
    if (list === null || list.some((item) => typeof item !== 'string' || item.indexOf('\0') >= 0)) {
        throw new TypeError(`${hook} returned a value that is not a string, an array of strings or null`);
    }
    return toText(list.join(','));
}

// Calls a hook. After an exception or a wrong answer the attempt fails: the name has no address, or no proxy was found.
function answerHook(host, hooks, ticket, hook, text) {
    const fail = (thrown) => {
        host.answer(ticket, hook === 'resolve' ? '' : null);
        host.reportError(thrown);
    };
    const answer = (value) => {
        try {
            // It is not an error if no connection waits for the answer any more.
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
