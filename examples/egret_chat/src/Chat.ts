/** A message of the room, as JSON. The server sends it to all members but its sender. */
interface ChatMessage {
    from: string;
    /** A line of the chat. A message without a line means that the player is in the room. */
    text?: string;
}

/**
 * The room of a chat, without a user interface.
 *
 * @event Chat.JOIN Another player is in the room: `event.data` is the name.
 * @event Chat.LINE Another player has sent a line: `event.data` is a `ChatMessage`.
 * @event egret.Event.CLOSE The chat has ended: `event.data` is an `egret.WebSocketCloseData`.
 */
class Chat extends egret.EventDispatcher {
    public static readonly JOIN: string = "chatJoin";
    public static readonly LINE: string = "chatLine";
    /** The maximum number of characters in a line, so that no message exceeds the runtime's limit of 128 KiB. */
    public static readonly MAX_LINE: number = 1000;

    private readonly socket: egret.WebSocket = new egret.WebSocket();
    private readonly players: { [name: string]: boolean } = {};

    public constructor(private readonly name: string) {
        super();
        this.socket.addEventListener(egret.Event.CONNECT, this.onConnect, this);
        this.socket.addEventListener(egret.ProgressEvent.SOCKET_DATA, this.onData, this);
        this.socket.addEventListener(egret.IOErrorEvent.IO_ERROR, this.onError, this);
        this.socket.addEventListener(egret.Event.CLOSE, this.onClose, this);
    }

    public join(url: string): void {
        this.socket.connectByUrl(url);
    }

    public say(text: string): void {
        this.send({ from: this.name, text: text.slice(0, Chat.MAX_LINE) });
    }

    /** Lines that were sent before are still delivered. */
    public leave(): void {
        this.socket.close();
    }

    private send(message: ChatMessage): void {
        // A write without a connection throws.
        if (this.socket.connected) this.socket.writeUTF(JSON.stringify(message));
    }

    private onConnect(): void {
        this.send({ from: this.name });
    }

    private onData(): void {
        const message = Chat.parse(this.socket.readUTF());
        if (!message) return;
        if (!this.players.hasOwnProperty(message.from)) {
            this.players[message.from] = true;
            // A new player does not know the players who joined before.
            this.send({ from: this.name });
            this.dispatchEventWith(Chat.JOIN, false, message.from);
        }
        if (message.text !== undefined) this.dispatchEventWith(Chat.LINE, false, message);
    }

    /** Other programs can also send to the room, so a message may have any content. */
    private static parse(json: string): ChatMessage {
        try {
            const message = JSON.parse(json);
            const isText = (value: any) => typeof value == "string" && value.length <= Chat.MAX_LINE;
            return message && isText(message.from) && (message.text === undefined || isText(message.text)) ? message : null;
        } catch (error) {
            return null;
        }
    }

    private onError(event: egret.IOErrorEvent): void {
        console.log("error: " + (event.data ? event.data.message : "no connection"));
    }

    private onClose(event: egret.Event): void {
        this.dispatchEventWith(egret.Event.CLOSE, false, event.data);
    }
}
