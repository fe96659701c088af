// States of a socket, and numbers of egret_ws.h.

const CONNECTING = 0, OPEN = 1, CLOSING = 2, CLOSED = 3;

// generated: errors, by "make header"; do not edit
const ERR_INVALID_ARGUMENT = -1,
    ERR_BAD_HANDLE = -2,
    ERR_UNSUPPORTED = -9,
    ERR_NOT_OPEN = -10,
    ERR_MESSAGE_TOO_BIG = -11,
    ERR_BACKPRESSURE = -13,
    ERR_INVALID_URL = -14,
    ERR_TIMEOUT = -50,
    ERR_CONNECTION_LOST = -51,
    ERR_ABORTED = -53,
    ERR_TLS = -60,
    ERR_TLS_ISSUER = -63,
    ERR_TLS_OPTIONS = -65;
// generated: end

// Values of options: no limit, and no wait.
const UNLIMITED = 0xFFFFFFFF, AT_ONCE = 0xFFFFFFFE;
const TLS_VERSIONS = { '1.2': 771, '1.3': 772 };

// A number that is less than every number of bytes.
const DRAIN_IS_DUE = -Infinity;

const NO_CLOSE_FRAME = 1006;
const MESSAGE_TOO_BIG_CODE = 1009;
const MAX_REASON_BYTES = 123;
