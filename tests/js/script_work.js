// Tests that the work for long lists of subprotocols and long queues of messages is linear.
'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const { makeHost } = require('./script_host.js');

// Runs `body` and returns its work: the sum of the lengths of the arrays in all calls of methods that read or move all elements.
async function workOf(body) {
    const names = ['shift', 'unshift', 'splice', 'slice', 'concat', 'indexOf', 'lastIndexOf', 'includes', 'find', 'findIndex',
        'filter', 'some', 'every', 'forEach', 'map', 'join'];
    const originals = names.map((name) => Array.prototype[name]);
    let work = 0;
    names.forEach((name, index) => {
        const method = originals[index];
        Array.prototype[name] = function (...words) {
            work += this.length;
            return Reflect.apply(method, this, words);
        };
    });
    try {
        await body();
    } finally {
        names.forEach((name, index) => (Array.prototype[name] = originals[index]));
    }
    return work;
}

async function assertLinear(body) {
    const [few, many] = [await workOf(() => body(500)), await workOf(() => body(4000))];
    assert.ok(few > 0, 'no work was counted');
    assert.ok(many < 12 * few, `eight times as many took ${many} units of work instead of ${few}`);
}

test('subprotocols', async () => {
    const list = (count) => Array.from({ length: count }, (_, index) => `p${index}`);
    const host = makeHost();
    await assertLinear((count) => new host.WebSocket('ws://game.test/', list(count)));
    await assertLinear((count) => new host.NativeWebSocket('ws://game.test/', list(count)));
    await assertLinear((count) => assert.throws(() => new host.WebSocket('ws://game.test/', [...list(count), 'p7']),
        { name: 'SyntaxError' }));
    for (const odd of ['__proto__', 'constructor', 'toString']) {
        new host.WebSocket('ws://game.test/', [odd]);
        assert.throws(() => new host.WebSocket('ws://game.test/', [odd, 'x', odd]), { name: 'SyntaxError' });
    }
});

test('messages that wait for a Blob', async () => {
    await assertLinear(async (count) => {
        const host = makeHost({ Blob });
        const ws = new host.WebSocket('ws://game.test/');
        host.connected();
        for (let index = 0; index < count; index++) ws.send(index % 2 ? new Blob(['x']) : `text ${index}`);
        for (let turns = 0; ws.readyState === 1 && turns < 50 * count; turns++) {
            if (host.host.calls.length > count) break; // one of them was `open`
            await new Promise(setImmediate);
        }
        assert.equal(host.host.calls.length, count + 1);
        host.host.calls.slice(1).forEach((call, index) => assert.equal(call[2], index % 2 ? '78' : `text ${index}`));
    });
});
