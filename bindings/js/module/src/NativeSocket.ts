/** @internal */
namespace egret.ws {
    /** The common members of both kinds of native sockets. */
    export interface NativeSocket {
        /** As in the W3C's object. An `egret_native.WebSocket` that is not egret-ws may have no `readyState`. */
        readyState?: number;
        send(message: string | ArrayBuffer): void;
        close(): void;
    }

    export interface Listener {
        onConnect(socket: NativeSocket): void;
        /** The connection was lost, and the runtime itself connects again: `onConnect` is called again, or the end follows. */
        onRetry(socket: NativeSocket): void;
        onMessage(message: string | ArrayBuffer): void;
        /** `error` is 0 and `message` is empty if the runtime does not report them, for example in a browser. */
        onError(socket: NativeSocket, error: number, message: string): void;
        /** `end` is null if the runtime does not report it. */
        onClose(socket: NativeSocket, end: WebSocketCloseData): void;
    }

    const CLOSED = 3;

    export function isSupported(): boolean {
        return !!(standard() || egretNative());
    }

    /**
     * Starts a connection with the W3C's WebSocket, or with `egret_native.WebSocket` if a runtime (up to 5.0) has no other.
     * Throws the exceptions of its constructor.
     */
    export function connect(url: string, listener: Listener): NativeSocket {
        return standard() ? connectStandard(url, listener) : connectEgretNative(url, listener);
    }

    /** Whether the connection has ended. After an error it may still be open: a message that is too big to send causes one. */
    export function isLost(socket: NativeSocket): boolean {
        return socket.readyState === CLOSED;
    }

    function connectStandard(url: string, listener: Listener): NativeSocket {
        const socket = new (standard())(url);
        socket.binaryType = "arraybuffer";
        socket.onopen = () => listener.onConnect(socket);
        socket.onretry = () => listener.onRetry(socket);
        // Some runtimes pass the message itself, without an event; the engine's module accepts that from 5.4 on.
        socket.onmessage = (event: any) => listener.onMessage(event.data !== undefined ? event.data : event);
        socket.onerror = (event: any) => listener.onError(socket, numberOf(event, "error"), event && event.message || "");
        socket.onclose = (event: any) => listener.onClose(socket, event && typeof event.code == "number" ? {
            code: event.code, reason: event.reason || "", wasClean: !!event.wasClean,
        } : null);
        return socket;
    }

    function connectEgretNative(url: string, listener: Listener): NativeSocket {
        const socket = new (egretNative())(url);
        socket.onOpen = () => listener.onConnect(socket);
        socket.onMessage = (message: string | ArrayBuffer) => listener.onMessage(message);
        socket.onError = (error: any) => listener.onError(socket, Number(error) || 0, "");
        socket.onClose = () => listener.onClose(socket, null);
        return socket;
    }

    function numberOf(event: any, name: string): number {
        return event && Number(event[name]) || 0;
    }

    // Through `window`, because here `WebSocket` alone is the class of this module.
    function standard(): any {
        return (window as any).WebSocket;
    }

    function egretNative(): any {
        const native = (window as any).egret_native;
        return native && native.WebSocket;
    }
}
