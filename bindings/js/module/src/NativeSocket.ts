/** @internal */
namespace egret.ws {
    /** What both kinds of native sockets have in common. */
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
     * Starts a connection by the WebSocket of the W3C, or by that of `egret_native` where a runtime (up to 5.0) has no
     * other. Throws what its constructor throws.
     */
    export function connect(url: string, listener: Listener): NativeSocket {
        return standard() ? connectStandard(url, listener) : connectEgretNative(url, listener);
    }

    function connectStandard(url: string, listener: Listener): NativeSocket {
        const socket = new (standard())(url);
        socket.binaryType = "arraybuffer";
        socket.onopen = () => listener.onConnect(socket);
        // As the engine's module does from 5.4 on: some runtimes pass the message itself, without an event.
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

    // By way of `window`, for a bare `WebSocket` is the class of this module here.
    function standard(): any {
        return (window as any).WebSocket;
    }

    function egretNative(): any {
        const native = (window as any).egret_native;
        return native && native.WebSocket;
    }
}
