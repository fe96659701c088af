'use strict';

// The scripts of the suite, in the order in which an engine evaluates them.
module.exports = [
  'harness.js', 'interface.js', 'event_objects.js', 'dispatch.js', 'listeners.js', 'handlers.js', 'constructor.js', 'send.js',
  'close.js', 'ends.js', 'tasks.js',
];
