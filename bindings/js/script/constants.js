// States of a socket, and error codes of egret_ws.h.

var CONNECTING = 0, OPEN = 1, CLOSING = 2, CLOSED = 3;

// generated: errors, by "make header"; do not edit
var ERR_INVALID_ARGUMENT = -1,
    ERR_BAD_HANDLE = -2,
    ERR_NOT_OPEN = -10,
    ERR_INVALID_URL = -14;
// generated: end

var ABNORMAL_CLOSURE = 1006;
var MAX_REASON_BYTES = 123;
