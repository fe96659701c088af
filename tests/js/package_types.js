'use strict';

// Tests the types of bindings/js: the samples of tests/js/types compile in strict mode, their wrong uses do not compile, and the
// types contain all options and statistics. The arguments are a directory with TypeScript in node_modules, and the directory of
// the package.

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const test = require('node:test');

const [directory, packageDirectory] = process.argv.slice(-2);
const ts = require(path.join(directory, 'node_modules', 'typescript'));

// The samples need the package in the folder where a game installs it.
const project = path.join(directory, 'samples');
fs.rmSync(project, { recursive: true, force: true });
fs.mkdirSync(path.join(project, 'node_modules'), { recursive: true });
fs.symlinkSync(packageDirectory, path.join(project, 'node_modules', 'egret-ws'));
const samples = ['sample.mts', 'sample.cts'].map((name) => {
  fs.copyFileSync(path.join(__dirname, 'types', name), path.join(project, name));
  return path.join(project, name);
});

const STRICT = {
  strict: true, noImplicitReturns: true, noUnusedLocals: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true,
  noEmit: true, types: [], target: ts.ScriptTarget.ES2020, preserveSymlinks: true,
};

function complaints(files, options, compiler = ts) {
  const program = compiler.createProgram(files, { ...STRICT, ...options });
  return compiler.getPreEmitDiagnostics(program).map((diagnostic) =>
    compiler.formatDiagnostic(diagnostic, { getCanonicalFileName: (name) => name, getCurrentDirectory: () => project, getNewLine: () => '\n' }));
}

const NODE = { module: ts.ModuleKind.Node16, moduleResolution: ts.ModuleResolutionKind.Node16 };

test('samples compile as Node resolves modules, without the types of a browser', () => {
  assert.deepStrictEqual(complaints(samples, { ...NODE, lib: ['lib.es2020.d.ts'] }), []);
});

test('samples compile together with the types of a browser', () => {
  assert.deepStrictEqual(complaints(samples, { ...NODE, lib: ['lib.es2020.d.ts', 'lib.dom.d.ts'] }), []);
});

test('the sample compiles as bundlers resolve modules', () => {
  const options = { module: ts.ModuleKind.ES2020, moduleResolution: ts.ModuleResolutionKind.Bundler };
  assert.deepStrictEqual(complaints(samples.slice(0, 1), { ...options, lib: ['lib.es2020.d.ts'] }), []);
});

test('the sample compiles with TypeScript 4.9 as CommonJS without exports of packages', () => {
  const old = require(path.join(directory, 'node_modules', 'ohos-typescript'));
  const options = { module: old.ModuleKind.CommonJS, moduleResolution: old.ModuleResolutionKind.NodeJs, lib: ['lib.es2020.d.ts'] };
  assert.strictEqual(old.version.slice(0, 3), '4.9');
  assert.deepStrictEqual(complaints(samples.slice(1), options, old), []);
});

test('the program of the page compiles with its first lines for TypeScript', () => {
  const docs = path.join(__dirname, '..', '..', 'docs');
  const [, head] = /^```ts\n(.*?)^```$/ms.exec(fs.readFileSync(path.join(docs, 'first-socket-javascript.md'), 'utf8'));
  const program = fs.readFileSync(path.join(docs, 'samples', 'js', 'first_socket.js'), 'utf8');
  const rest = program.slice(program.indexOf('install(scope);'));
  assert.match(head, /^import .* from 'egret-ws';$/m);
  const file = path.join(project, 'page.mts');
  fs.writeFileSync(file, `declare const process: any, console: any;\n${head}${rest}`);
  assert.deepStrictEqual(complaints([file], { ...NODE, lib: ['lib.es2020.d.ts'] }), []);
});

test('the compiler finds an error in a sample', () => {
  const wrong = path.join(project, 'wrong.mts');
  fs.writeFileSync(wrong, "import { install } from 'egret-ws';\ninstall(1);\n");
  const found = complaints([wrong], { ...NODE, lib: ['lib.es2020.d.ts'] });
  assert.strictEqual(found.length, 1);
  assert.match(found[0], /^wrong\.mts\(2,9\): error TS2345/);
});

/** Returns the names of the members of an interface in types.d.ts. */
function members(name) {
  const file = path.join(packageDirectory, 'types.d.ts');
  const source = ts.createSourceFile(file, fs.readFileSync(file, 'utf8'), ts.ScriptTarget.ES2020);
  const found = source.statements.find((statement) => ts.isInterfaceDeclaration(statement) && statement.name.text === name);
  assert(found, name);
  return found.members.filter((member) => member.name).map((member) => member.name.text);
}

function camelCase(name) {
  return name.replace(/_(.)/g, (_, letter) => letter.toUpperCase());
}

test('statistics have the fields of the header', () => {
  const header = fs.readFileSync(path.join(__dirname, '..', '..', 'include', 'egret_ws.h'), 'utf8');
  const [, fields] = /typedef struct egret_ws_statistics \{([^}]*)\}/.exec(header);
  const names = [...fields.matchAll(/^ *uint\d+_t (\w+);$/gm)].map(([, name]) => name).filter((name) => name !== 'struct_size');
  assert(names.length > 20);
  assert.deepStrictEqual(members('WebSocketStatistics'), names.map(camelCase));
});

/** Returns the names of the options that the script knows. */
function optionsOfTheScript() {
  const file = path.join(packageDirectory, 'script', 'options.js');
  const source = ts.createSourceFile(file, fs.readFileSync(file, 'utf8'), ts.ScriptTarget.ES2020);
  const tables = source.statements.filter(ts.isVariableStatement).flatMap(({ declarationList }) => [...declarationList.declarations]);
  const { initializer } = tables.find(({ name }) => name.text === 'OPTIONS');
  return initializer.properties.map(({ name }) => name.text).filter((name) => name !== '__proto__');
}

test('the options in the types are the options of the script', () => {
  assert.deepStrictEqual(members('WebSocketOptions').sort(), optionsOfTheScript().sort());
});

/** A host that refuses everything with ERR_NOT_OPEN, so that only the script itself throws. */
function makeWebSocket() {
  const vm = require('node:vm');
  const script = vm.runInThisContext(fs.readFileSync(path.join(packageDirectory, 'egret_ws.js'), 'utf8'));
  const host = { normalizeUrl: String, lastError: () => '', wake() {}, open: () => -10 };
  const scope = {};
  script(scope, host, undefined);
  return scope.WebSocket;
}

test('the script accepts the values of the sample, and refuses options that the types do not have', () => {
  const text = fs.readFileSync(path.join(__dirname, 'types', 'sample.mts'), 'utf8');
  const [, literal] = /^const every: Required<WebSocketOptions> = (\{.*?^\});$/ms.exec(text);
  const every = new Function(`return ${literal}`)();
  assert.deepStrictEqual(Object.keys(every).sort(), optionsOfTheScript().sort());
  const WebSocket = makeWebSocket();
  for (const [name, value] of Object.entries(every)) new WebSocket('ws://example.com/', [], { [name]: value });
  for (const name of ['addon', 'poll', 'maxMessages']) {
    assert.throws(() => new WebSocket('ws://example.com/', [], { [name]: 1 }), TypeError, name);
  }
});

test('the samples use each type, and each of its members', () => {
  const text = ['sample.mts', 'sample.cts'].map((name) => fs.readFileSync(path.join(__dirname, 'types', name), 'utf8')).join('');
  const words = new Set(text.match(/\w+/g));
  const types = fs.readFileSync(path.join(packageDirectory, 'types.d.ts'), 'utf8');
  const interfaces = [...types.matchAll(/^export interface (\w+)/gm)].map(([, name]) => name);
  assert(interfaces.length > 15);
  // The test above checks the members of WebSocketStatistics.
  const named = interfaces.flatMap((name) => (name === 'WebSocketStatistics' ? [] : members(name)));
  assert.deepStrictEqual([...interfaces, ...named].filter((name) => !words.has(name)), []);
});
