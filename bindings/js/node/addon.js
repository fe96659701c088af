'use strict';

// Finds and loads the compiled addon.

const fs = require('fs');
const path = require('path');

const TARGET = `${process.platform}-${process.arch}`;

// An addon that was compiled here has precedence over one from the package.
const PLACES = [
  path.join(__dirname, 'egret_ws.node'),
  path.join(__dirname, '..', 'prebuilds', TARGET, 'egret_ws.node'),
];

const HOW_TO_BUILD =
  `To compile it: install libegret_ws ("make install" in its sources; pkg-config must find it), then run\n` +
  `  ${path.join(__dirname, 'build.sh')}\n` +
  'which needs a C compiler and the headers of Node. To use an addon at another path: install(global, { addon: path }).';

function failure(message, code, cause) {
  const error = new Error(`egret_ws: ${message}\n${HOW_TO_BUILD}`);
  error.code = code;
  error.cause = cause;
  return error;
}

/** Returns the exports of the addon at `file`, or without `file`, of the first addon in PLACES. */
module.exports = function load(file) {
  if (file !== undefined && typeof file !== 'string') throw new TypeError('the option addon must be a path');
  const found = file === undefined ? PLACES.find((place) => fs.existsSync(place)) : path.resolve(file);
  if (found === undefined || !fs.existsSync(found)) {
    const places = (file === undefined ? PLACES : [found]).map((place) => `\n  ${place}`).join('');
    throw failure(`there is no addon for ${TARGET}. Places searched:${places}`, 'MODULE_NOT_FOUND');
  }
  try {
    return require(found);
  } catch (error) {
    throw failure(`cannot load the addon: ${error.message}`, error.code, error);
  }
};
