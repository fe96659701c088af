// The sample of Egret's documentation, except that host and port are parameters.
class Main extends egret.DisplayObjectContainer {
    private socket: egret.WebSocket;

    public constructor() {
        super();
        this.socket = new egret.WebSocket();
        this.socket.addEventListener(egret.ProgressEvent.SOCKET_DATA, this.onReceiveMessage, this);
        this.socket.addEventListener(egret.Event.CONNECT, this.onSocketOpen, this);
        this.socket.connect(server.host, server.port);
    }

    private onSocketOpen(): void {
        const cmd = "Hello Egret WebSocket";
        console.log("The connection is successful, send data: " + cmd);
        this.socket.writeUTF(cmd);
    }

    private onReceiveMessage(e: egret.Event): void {
        const msg = this.socket.readUTF();
        console.log("Receive data:" + msg);
    }
}
