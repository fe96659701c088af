'use strict';

// The package of HarmonyOS: its files, its ArkTS by the rules of OpenHarmony's compiler, and its module under Node. The arguments are a
// directory with the compiler in node_modules, an echo server, and the addon of Node, which has the functions of the library.

const assert = require('node:assert');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const test = require('node:test');
const { pathToFileURL } = require('node:url');

const [tools, echoUrl, addon] = process.argv.slice(-3);
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

/** The complaints of OpenHarmony's compiler and its checks of ArkTS about files in the application's directory. */
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

test('the ArkTS of the package and of a game keeps the rules', () => {
  const game = path.join(application, 'sample.ets');
  fs.copyFileSync(path.join(__dirname, 'ohos', 'sample.ets'), game);
  assert.deepStrictEqual(complaints([game, path.join(installed, 'Index.ets')]), []);
});

test('the check finds a wrong type and what ArkTS forbids', () => {
  const wrong = path.join(application, 'wrong.ets');
  fs.writeFileSync(wrong, `import { install } from 'egret-ws';
const installation = install({ interval: 'often' });
let value: any = installation.poll();
`);
  const found = complaints([wrong]).join('\n');
  assert.match(found, /wrong\.ets:2: Type 'string' is not assignable to type 'number'/);
  assert.match(found, /wrong\.ets:3: .*"any"/);
});

test('the module says hello', { timeout: 10_000 }, async () => {
  // Node loads the library by another name.
  const text = fs.readFileSync(path.join(installed, 'src/main/ets/websocket.js'), 'utf8');
  const native = path.join(directory, 'native.cjs');
  fs.writeFileSync(native, `module.exports.Host = require(${JSON.stringify(addon)}).Host;\n`);
  const module = path.join(directory, 'websocket.mjs');
  assert(text.includes("from 'libegret_ws_napi.so'"));
  fs.writeFileSync(module, text.replace('libegret_ws_napi.so', './native.cjs'));
  const { install } = await import(pathToFileURL(module));

  const reported = [];
  const installation = install({ interval: 1, reportError: (error) => reported.push(error.message) });
  try {
    const hello = (socket) => new Promise((resolve, reject) => {
      socket.onopen = () => socket.send('Hello Egret WebSocket');
      socket.onmessage = ({ data }) => {
        socket.close(1000, data);
        throw new Error('reported');
      };
      socket.onerror = ({ message }) => reject(new Error(message));
      socket.onclose = ({ code, reason }) => resolve([code, reason]);
    });
    // From ArkTS, and from a game in JavaScript.
    assert.deepStrictEqual(await hello(installation.connect(echoUrl)), [1000, 'Hello Egret WebSocket']);
    assert.deepStrictEqual(await hello(new WebSocket(echoUrl)), [1000, 'Hello Egret WebSocket']);
    assert.strictEqual(typeof egret_native.WebSocket, 'function');
    assert.deepStrictEqual(reported, ['reported', 'reported']);
  } finally {
    installation.free();
  }
  assert.strictEqual(installation.poll(), 0);
});
