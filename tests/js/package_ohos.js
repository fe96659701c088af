'use strict';

// Tests the package for HarmonyOS: its files, its ArkTS with the rules of OpenHarmony's compiler, and its module under Node. The
// native part is the one for HarmonyOS: the constructor that registers the module, and the driver. The arguments are a directory
// with the compiler in node_modules, an echo server, and the directory of the library.

const assert = require('node:assert');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const test = require('node:test');
const { pathToFileURL } = require('node:url');
const { Worker } = require('node:worker_threads');
const { serve } = require('./node_support.js');

const [tools, echoUrl, libraryDirectory] = process.argv.slice(-3);
const binding = path.join(__dirname, '..', '..', 'bindings', 'js');
const directory = path.join(tools, 'ohos');
const application = path.join(directory, 'entry');
const installed = path.join(application, 'oh_modules', 'egret-ws');

fs.rmSync(directory, { recursive: true, force: true });
fs.mkdirSync(installed, { recursive: true });
const library = path.join(directory, 'libs', 'arm64-v8a', 'libegret_ws_napi.so');
fs.mkdirSync(path.dirname(library), { recursive: true });
fs.writeFileSync(library, 'not compiled in this test');
const har = path.join(directory, 'egret-ws.har');
execFileSync(path.join(binding, 'ohos', 'build_har.sh'), [path.join(directory, 'libs'), har]);
execFileSync('tar', ['-xzf', har, '--strip-components=1', '-C', installed]);

test('the package has the files that ohpm and DevEco Studio expect', () => {
  const files = execFileSync('tar', ['-tzf', har], { encoding: 'utf8' }).split('\n').filter((name) => name && !name.endsWith('/'));
  assert.deepStrictEqual(files.sort(), [
    'package/Index.ets',
    'package/LICENSE-APACHE',
    'package/LICENSE-MIT',
    'package/README.md',
    'package/libs/arm64-v8a/libegret_ws_napi.so',
    'package/oh-package.json5',
    'package/src/main/cpp/types/libegret_ws_napi/Index.d.ts',
    'package/src/main/cpp/types/libegret_ws_napi/oh-package.json5',
    'package/src/main/ets/websocket.d.ts',
    'package/src/main/ets/websocket.js',
    'package/src/main/module.json5',
  ]);
});

test('the descriptions name the version and the native module', () => {
  const { version } = JSON.parse(fs.readFileSync(path.join(binding, 'package.json'), 'utf8'));
  const { parse } = require(path.join(tools, 'node_modules', 'json5'));
  const read = (file) => parse(fs.readFileSync(path.join(installed, file), 'utf8'));
  const description = read('oh-package.json5');
  const [[name, place]] = Object.entries(description.dependencies);
  assert.deepStrictEqual([description.version, description.main, name], [version, 'Index.ets', 'libegret_ws_napi.so']);
  const types = read(path.join(place.replace('file:', ''), 'oh-package.json5'));
  assert.deepStrictEqual([types.name, types.version, types.types], [name, version, './Index.d.ts']);
  assert.strictEqual(read('src/main/module.json5').module.type, 'har');
});

test('without a library there is no package', () => {
  const empty = path.join(directory, 'empty');
  fs.mkdirSync(empty);
  assert.throws(() => execFileSync(path.join(binding, 'ohos', 'build_har.sh'), [empty, har], { stdio: 'pipe' }),
    /no ABI\/libegret_ws_napi\.so/);
});

/** Returns the errors of OpenHarmony's compiler and its ArkTS checks for files in the application's directory. */
function complaints(files) {
  const ts = require(path.join(tools, 'node_modules', 'ohos-typescript'));
  const options = {
    strict: true, noEmit: true, types: [], target: ts.ScriptTarget.ES2021, lib: ['lib.es2021.d.ts'],
    module: ts.ModuleKind.ES2020, moduleResolution: ts.ModuleResolutionKind.NodeJs, packageManagerType: 'ohpm',
    compatibleSdkVersion: 11, needDoArkTsLinter: true, isArkTsLinter: true,
  };
  const host = ts.createIncrementalCompilerHost(options);
  const builder = ts.createIncrementalProgramForArkTs({ rootNames: files, options, host });
  const found = [...builder.getSyntacticDiagnostics(), ...builder.getSemanticDiagnostics()];
  for (const file of files) {
    found.push(...ts.ArkTSLinter_1_1.runArkTSLinter(builder, builder.getSourceFile(file), undefined, 'ArkTS_1_1'));
  }
  return found.map(({ messageText, file, start }) => `${path.basename(file.fileName)}:` +
    `${file.getLineAndCharacterOfPosition(start).line + 1}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`);
}

test('the ArkTS of the package and of a game follows the rules', () => {
  const game = path.join(application, 'sample.ets');
  fs.copyFileSync(path.join(__dirname, 'ohos', 'sample.ets'), game);
  assert.deepStrictEqual(complaints([game, path.join(installed, 'Index.ets')]), []);
});

// The page is bindings/js/README.md.
test('the ArkTS of the page follows the rules', () => {
  const page = fs.readFileSync(path.join(binding, 'README.md'), 'utf8');
  const [, sample] = /^## HarmonyOS$.*?^```ts$(.*?)^```$/ms.exec(page);
  const file = path.join(application, 'page.ets');
  fs.writeFileSync(file, `${sample}declare namespace console { function info(message: string): void }\n`);
  assert.deepStrictEqual(complaints([file]), []);
});

test('the check finds a wrong type and a construct that ArkTS forbids', () => {
  const wrong = path.join(application, 'wrong.ets');
  fs.writeFileSync(wrong, `import { install } from 'egret-ws';
const installation = install({ poll: 'often' });
let value: any = installation.poll();
`);
  const found = complaints([wrong]).join('\n');
  assert.match(found, /wrong\.ets:2: Type 'string' is not assignable to type 'boolean/);
  assert.match(found, /wrong\.ets:3: .*"any"/);
});

/** Compiles the native module for Node, and returns the functions of the ES module. */
async function load() {
  // As in the SDK of HarmonyOS, this header includes the headers of Node.
  const headers = process.env.NODE_INCLUDE || path.resolve(process.execPath, '../../include/node');
  const napi = path.join(directory, 'include', 'napi');
  fs.cpSync(headers, napi, { recursive: true, filter: (file) => fs.statSync(file).isDirectory() || /node_api|js_native_api/.test(file) });
  fs.writeFileSync(path.join(napi, 'native_api.h'), '#include "node_api.h"\n');
  const native = path.join(directory, 'egret_ws_napi.node');
  const sources = ['egret_ws_host.c', 'node/egret_ws_node.c', 'node/egret_ws_node_events.c', 'node/egret_ws_node_values.c',
    'ohos/egret_ws_ohos.c', 'ohos/egret_ws_ohos_driver.c'];
  execFileSync(process.env.CC || 'cc', [
    '-std=c99', '-O2', '-Wall', '-Wextra', '-pedantic', '-Werror', '-shared', '-fPIC', '-D__OHOS__',
    `-I${path.join(binding, 'ohos', 'include')}`, `-I${path.dirname(napi)}`, `-I${path.join(binding, '..', '..', 'include')}`,
    ...sources.map((source) => path.join(binding, source)), '-o', native,
    `-L${libraryDirectory}`, '-legret_ws', `-Wl,-rpath,${libraryDirectory}`,
  ]);
  // Node loads the library under another name.
  const text = fs.readFileSync(path.join(installed, 'src/main/ets/websocket.js'), 'utf8');
  assert(text.includes("import { createHost } from 'libegret_ws_napi.so';"));
  const module = path.join(directory, 'websocket.mjs');
  fs.writeFileSync(module, text.replace("import { createHost } from 'libegret_ws_napi.so';",
    `import { createRequire } from 'node:module';\nconst { createHost } = createRequire(import.meta.url)('./egret_ws_napi.node');`));
  return import(pathToFileURL(module));
}

const loaded = load();

function hello(socket) {
  return new Promise((resolve, reject) => {
    socket.onopen = () => socket.send('Hello Egret WebSocket');
    socket.onmessage = ({ data }) => socket.close(1000, data);
    socket.onerror = ({ message }) => reject(new Error(message));
    socket.onclose = ({ code, reason }) => resolve([code, reason]);
  });
}
const SAID = [1000, 'Hello Egret WebSocket'];

test('the module exchanges a message without polls of the application', { timeout: 10_000 }, async () => {
  const { install } = await loaded;
  const installation = install();
  try {
    // The calls come from ArkTS, and from a game in JavaScript.
    assert.deepStrictEqual(await hello(installation.connect(echoUrl)), SAID);
    assert.deepStrictEqual(await hello(new WebSocket(echoUrl)), SAID);
    assert.strictEqual(typeof egret_native.WebSocket, 'function');
  } finally {
    installation.free();
  }
  assert.strictEqual(installation.poll(), 0);
});

test('the message about an unknown option of install lists the options of the installation', async () => {
  const { install } = await loaded;
  assert.throws(() => install({ pol: true }), /^TypeError: there is no option pol \(did you mean poll\?\); there are poll, resolve, findProxy, reportError, headers, /);
});

test('the application polls', { timeout: 10_000 }, async () => {
  const { install } = await loaded;
  const installation = install({ poll: true });
  const said = hello(installation.connect(echoUrl));
  let ended = false;
  said.then(() => { ended = true; });
  while (!ended) {
    installation.poll();
    await new Promise(setImmediate);
  }
  assert.deepStrictEqual(await said, SAID);
  installation.free();
});

test('a hook finds the address, and its exception is reported', { timeout: 10_000 }, async () => {
  const { install } = await loaded;
  const url = echoUrl.replace('127.0.0.1', 'game.test');
  for (const poll of [false, true]) {
    const reported = [];
    const installation = install({
      poll,
      resolve(host) {
        if (host !== 'game.test') throw new Error(host);
        return new Promise((resolve) => setTimeout(resolve, 1, ['127.0.0.1']));
      },
      findProxy: () => null,
      reportError: (error) => reported.push(error.message),
    });
    const timer = poll && setInterval(() => installation.poll(), 1);
    assert.deepStrictEqual(await hello(installation.connect(url)), SAID);
    await assert.rejects(hello(installation.connect(url.replace('game', 'other'))), /on_resolve/);
    assert.deepStrictEqual(reported, ['other.test']);
    clearInterval(timer);
    installation.free();
  }
});

test('messages for which one poll has no time are delivered by the next poll, in order', { timeout: 10_000 }, async () => {
  const { install } = await loaded;
  const installation = install();
  const socket = installation.connect(echoUrl);
  const COUNT = 200;
  let next = 0;
  const end = new Promise((resolve, reject) => {
    socket.onopen = () => {
      for (let i = 0; i < COUNT; i++) socket.send(String(i));
    };
    socket.onmessage = ({ data }) => {
      assert.strictEqual(data, String(next++));
      // This takes longer than the time of a poll, so the last messages are still queued when nothing more arrives from the
      // network.
      for (const start = performance.now(); performance.now() - start < 2;);
      if (next === COUNT) socket.close();
    };
    socket.onerror = ({ message }) => reject(new Error(message));
    socket.onclose = resolve;
  });
  await end;
  assert.strictEqual(next, COUNT);
  installation.free();
});

test('an error of a call is delivered without traffic', { timeout: 10_000 }, async () => {
  const { install } = await loaded;
  const installation = install();
  const socket = installation.connect(echoUrl);
  await new Promise((resolve) => { socket.onopen = resolve; });
  const error = new Promise((resolve) => { socket.onerror = resolve; });
  socket.send(new Uint8Array(131073));
  assert.strictEqual((await error).error < 0, true);
  installation.free();
});

test('a drain event is delivered without traffic from the server', { timeout: 10_000 }, async () => {
  const { install } = await loaded;
  const silent = await serve((peer) => peer.accept());
  const installation = install();
  const socket = installation.connect(silent.url, [], { highWaterMark: 1000 });
  await new Promise((resolve) => { socket.onopen = resolve; });
  // Sends faster than the I/O thread writes, until the queue is so large that the script requests the event.
  const fill = () => {
    while (installation.drains.timer === null) socket.send('x'.repeat(100));
  };
  for (let round = 0; round < 2; round++) {
    const drained = new Promise((resolve) => { socket.ondrain = resolve; });
    fill();
    await drained;
    assert(socket.bufferedAmount <= 500, String(socket.bufferedAmount));
  }
  // The timer also stops if a connection ends before that.
  fill();
  const closed = new Promise((resolve) => { socket.onclose = resolve; });
  socket.close();
  await closed;
  assert.strictEqual(installation.drains.timer, null);
  installation.free();
});

test('free ends the module in each state, also inside an event', { timeout: 10_000 }, async () => {
  const { install } = await loaded;
  install().free();
  const connecting = install();
  connecting.connect(echoUrl).onclose = () => assert.fail('an event after free');
  connecting.free();
  connecting.free();
  const open = install();
  await new Promise((resolve) => {
    open.connect(echoUrl).onopen = () => {
      open.free();
      resolve();
    };
  });
  await new Promise(setImmediate);
  assert.strictEqual(open.poll(), 0);
});

test('a process ends when no socket is left, and when one is', { timeout: 10_000 }, async () => {
  await loaded;
  const module = JSON.stringify(String(pathToFileURL(path.join(directory, 'websocket.mjs'))));
  const run = (body) => execFileSync(process.execPath, ['--input-type=module', '-e',
    `import { install } from ${module};\nconst socket = install().connect(${JSON.stringify(echoUrl)});\n${body}`], { encoding: 'utf8' });
  assert.strictEqual(run("socket.onopen = () => socket.close(); socket.onclose = () => console.log('closed');"), 'closed\n');
  assert.strictEqual(run("socket.onopen = () => { console.log('open'); process.exit(); };"), 'open\n');
});

test('a worker that is terminated closes its sockets', { timeout: 10_000 }, async () => {
  await loaded;
  const module = JSON.stringify(String(pathToFileURL(path.join(directory, 'websocket.mjs'))));
  for (let i = 0; i < 5; i++) {
    const worker = new Worker(`
      const { parentPort } = require('node:worker_threads');
      import(${module}).then(({ install }) => {
        const socket = install().connect(${JSON.stringify(echoUrl)});
        socket.onopen = () => socket.send('first');
        socket.onmessage = () => {
          socket.send('next'); // so messages arrive while the worker ends
          parentPort.postMessage('open');
        };
      });`, { eval: true });
    await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
    assert.strictEqual(await worker.terminate(), 1);
  }
});

test('an installation without references is collected, also while a poll is requested', { timeout: 10_000 }, async () => {
  const { install } = await loaded;
  const collected = new Promise((resolve) => {
    const registry = new FinalizationRegistry(resolve);
    (() => {
      const installation = install();
      registry.register(installation.native, 'collected');
      installation.connect(echoUrl);
      installation.free();
    })();
    delete globalThis.WebSocket; // it refers to the last installation
    delete globalThis.egret_native;
    globalThis.registry = registry;
  });
  let result;
  collected.then((value) => { result = value; });
  while (result === undefined) {
    gc();
    await new Promise(setImmediate);
  }
  assert.strictEqual(result, 'collected');
});
