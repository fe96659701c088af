'use strict';

// Evaluates the script in the realm of a global object. A vm context is a realm: it has its own TypeError, ArrayBuffer and so on,
// and the code in it compares values with these.

const fs = require('fs');
const path = require('path');
const vm = require('vm');

const filename = path.join(__dirname, '..', 'egret_ws.js');
const source = fs.readFileSync(filename, 'utf8');

/**
 * Returns a function that evaluates an expression in the realm of `global`, which is a result of vm.createContext or a global
 * object.
 */
function evaluatorOf(global) {
  if (vm.isContext(global)) return (code) => vm.runInContext(code, global, { filename });
  // The global object as seen by code inside a context. A function that is made from text belongs to the realm of its constructor.
  const { Function: Constructor } = global;
  if (typeof Constructor !== 'function' || Constructor === Function) return (code) => vm.runInThisContext(code, { filename });
  return (code) => new Constructor(`return (${code.trim().replace(/;$/, '')})`)();
}

// The script is evaluated once for each realm. Its ArrayBuffer.prototype identifies the realm.
const scripts = new WeakMap();

/** Returns the function `install` of egret_ws.js for this global object. */
module.exports = function scriptFor(global) {
  const evaluate = evaluatorOf(global);
  const prototype = evaluate('ArrayBuffer.prototype');
  if (!scripts.has(prototype)) scripts.set(prototype, evaluate(source));
  const install = scripts.get(prototype);
  if (prototype === ArrayBuffer.prototype) return install;
  return (global, host, ...rest) => {
    const { bytes } = host;
    host.bytes = (...args) => {
      const buffer = bytes(...args);
      return buffer === null ? null : Object.setPrototypeOf(buffer, prototype);
    };
    const events = install(global, host, ...rest);
    // The addon creates the buffers of messages in this realm.
    return Object.assign(Object.create(events), {
      binary(id, buffer) {
        events.binary(id, Object.setPrototypeOf(buffer, prototype));
      },
    });
  };
};
