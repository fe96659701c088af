// The ES module form of node/index.js.
import install from './node/index.js';

export { install, install as default };
