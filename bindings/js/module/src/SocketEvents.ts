namespace egret {
    /** `event.data` of IO_ERROR. */
    export interface WebSocketErrorData {
        /**
         * An `EGRET_WS_ERR_*` of egret_ws.h, which is negative, or 0 if the runtime does not report it, for example in a
         * browser.
         */
        error: number;
        /** A sentence for a log. */
        message: string;
    }

    /** `event.data` of CLOSE. */
    export interface WebSocketCloseData {
        /** The code of the server's Close frame, 1005 if the frame has no code, 1006 if no Close frame was received. */
        code: number;
        /** The reason of the server's Close frame, or an empty string. */
        reason: string;
        wasClean: boolean;
    }
}

/** @internal */
namespace egret.ws {
    // The engine's events are printed as "[object Object]".
    function describe(event: Event): string {
        const data = event.data || {};
        const members = Object.keys(data).map(name => ` ${name}=${JSON.stringify(data[name])}`).join("");
        return `[${getQualifiedClassName(event)} type=${JSON.stringify(event.type)}${members}]`;
    }

    export class ConnectionEvent extends Event {
        public toString(): string {
            return describe(this);
        }
    }

    export class ConnectionErrorEvent extends IOErrorEvent {
        public toString(): string {
            return describe(this);
        }
    }

    export class MessageEvent extends ProgressEvent {
        // A separate pool, because on some engines a class starts with a copy of the static members of its parent.
        public static eventPool: Event[] = [];

        public toString(): string {
            return describe(this);
        }
    }

    // Registered with the names of the engine's classes, so that a game sees those.
    registerClass(ConnectionEvent, "egret.Event");
    registerClass(ConnectionErrorEvent, "egret.IOErrorEvent");
    registerClass(MessageEvent, "egret.ProgressEvent");

    export function dispatchConnection(target: EventDispatcher, type: string, data?: WebSocketCloseData): void {
        const event = new ConnectionEvent(type);
        event.data = data;
        target.dispatchEvent(event);
    }

    export function dispatchError(target: EventDispatcher, data: WebSocketErrorData): void {
        const event = new ConnectionErrorEvent(IOErrorEvent.IO_ERROR);
        event.data = data;
        target.dispatchEvent(event);
    }

    /** Pooled like the engine's events, because there is one event for each message. */
    export function dispatchMessage(target: EventDispatcher): void {
        const event = Event.create(MessageEvent, ProgressEvent.SOCKET_DATA);
        target.dispatchEvent(event);
        Event.release(event);
    }
}
