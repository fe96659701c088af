// Uses of the module in a TypeScript game. It is only compiled.
class Game extends egret.EventDispatcher {
    private socket: egret.WebSocket = new egret.WebSocket("reserved", 0);

    public constructor() {
        super();
        this.socket.type = egret.WebSocket.TYPE_BINARY;
        this.socket.addEventListener(egret.Event.CONNECT, this.onConnect, this);
        this.socket.addEventListener(egret.ProgressEvent.SOCKET_DATA, this.onData, this);
        this.socket.addEventListener(egret.IOErrorEvent.IO_ERROR, this.onError, this);
        this.socket.addEventListener(egret.Event.CLOSE, this.onClose, this);
        const secure: "ws://" | "wss://" = "wss://";
        egret.WebSocket.URI = secure;
        this.socket.connect("localhost", 8080);
        this.socket.connect("localhost", null);
        this.socket.connectByUrl("ws://localhost:8080/path");
    }

    private onConnect(): void {
        this.socket.writeUTF("hello " + this.socket.URI);
        this.socket.flush();
    }

    private onError(event: egret.IOErrorEvent): void {
        const { error, message }: egret.WebSocketErrorData = event.data;
        console.log(`${message} (${error + 0})`);
    }

    private onClose(event: egret.Event): void {
        const { code, reason, wasClean } = event.data as egret.WebSocketCloseData;
        if (code !== 4001 && !wasClean) {
            this.socket.connect(reason, null);
        }
    }

    private onData(): void {
        const bytes: egret.ByteArray = new egret.ByteArray();
        this.socket.readBytes(bytes);
        this.socket.writeBytes(bytes, 0, bytes.bytesAvailable);
        const text: string = this.socket.readUTF();
        if (this.socket.connected && text == "bye") {
            this.socket.close();
        }
    }
}
