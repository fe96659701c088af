/** @internal */
namespace egret.ws {
    /** The common functions of both kinds of native sockets. */
    export interface NativeSocket {
        send(message: string | ArrayBuffer): void;
        close(): void;
    }

    export interface Listener {
        onConnect(socket: NativeSocket): void;
        onMessage(message: string | ArrayBuffer): void;
        onError(socket: NativeSocket): void;
        onClose(socket: NativeSocket): void;
    }

    export function isSupported(): boolean {
        return !!(standard() || egretNative());
    }

    /**
     * Starts a connection with the W3C's WebSocket, or with that of `egret_native` if a runtime (up to 5.0) has no other.
     * Exceptions of its constructor are passed on.
     */
    export function connect(url: string, listener: Listener): NativeSocket {
        return standard() ? connectStandard(url, listener) : connectEgretNative(url, listener);
    }

    function connectStandard(url: string, listener: Listener): NativeSocket {
        const socket = new (standard())(url);
        socket.binaryType = "arraybuffer";
        socket.onopen = () => listener.onConnect(socket);
        // Some runtimes pass the message itself, without an event; the engine's module accepts that from 5.4 on.
        socket.onmessage = (event: any) => listener.onMessage(event.data !== undefined ? event.data : event);
        socket.onerror = () => listener.onError(socket);
        socket.onclose = () => listener.onClose(socket);
        return socket;
    }

    function connectEgretNative(url: string, listener: Listener): NativeSocket {
        const socket = new (egretNative())(url);
        socket.onOpen = () => listener.onConnect(socket);
        socket.onMessage = (message: string | ArrayBuffer) => listener.onMessage(message);
        socket.onError = () => listener.onError(socket);
        socket.onClose = () => listener.onClose(socket);
        return socket;
    }

    // Through `window`, because `WebSocket` alone is the class of this module here.
    function standard(): any {
        return (window as any).WebSocket;
    }

    function egretNative(): any {
        const native = (window as any).egret_native;
        return native && native.WebSocket;
    }
}
