// Uses of the module in a TypeScript game. It is only compiled.
class Game extends egret.EventDispatcher {
    private socket: egret.WebSocket = new egret.WebSocket("reserved", 0);

    public constructor() {
        super();
        this.socket.type = egret.WebSocket.TYPE_BINARY;
        this.socket.addEventListener(egret.Event.CONNECT, this.onConnect, this);
        this.socket.addEventListener(egret.ProgressEvent.SOCKET_DATA, this.onData, this);
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
