/**
 * A chat. In a page there is a text field, and `?room=URL&name=NAME` in the page's address selects the room and the name. In the
 * shell, which has no page, variables contain the room, the name and the lines. The shell sends the lines when the first other
 * player has joined, and leaves when it has received an equal number of lines.
 */
declare var chat_room: string;
declare var chat_name: string;
declare var chat_lines: string[];

class Main extends egret.DisplayObjectContainer {
    private readonly isPage: boolean = typeof chat_room != "string";
    private readonly chat: Chat = new Chat(this.isPage ? Main.parameter("name") : chat_name);
    private log: egret.TextField;
    private hasSaid: boolean = false;
    private heard: number = 0;

    public constructor() {
        super();
        this.chat.addEventListener(Chat.JOIN, this.onJoin, this);
        this.chat.addEventListener(Chat.LINE, this.onLine, this);
        this.chat.addEventListener(egret.Event.CLOSE, this.onClose, this);
        this.chat.join(this.isPage ? Main.parameter("room") : chat_room);
        if (this.isPage) this.addEventListener(egret.Event.ADDED_TO_STAGE, this.draw, this);
    }

    private static parameter(name: string): string {
        const found = new RegExp("[?&]" + name + "=([^&]+)").exec(location.search);
        return found ? decodeURIComponent(found[1]) : name == "name" ? "player" : "ws://127.0.0.1:9000/room/lobby";
    }

    private onJoin(event: egret.Event): void {
        this.show(event.data + " is here");
        if (this.isPage || this.hasSaid) return;
        this.hasSaid = true;
        for (const line of chat_lines) this.chat.say(line);
    }

    private onLine(event: egret.Event): void {
        const message: ChatMessage = event.data;
        this.show(message.from + ": " + message.text);
        if (!this.isPage && ++this.heard == chat_lines.length) this.chat.leave();
    }

    private onClose(event: egret.Event): void {
        this.show("the chat has ended (" + event.data.code + ")");
    }

    private show(line: string): void {
        console.log(line);
        if (this.log) this.log.appendText(line + "\n");
    }

    /** There is a stage, so this is a page. */
    private draw(): void {
        this.log = new egret.TextField();
        this.log.width = this.stage.stageWidth;
        this.log.height = this.stage.stageHeight - 60;
        const input = new egret.TextField();
        input.type = egret.TextFieldType.INPUT;
        input.y = this.log.height;
        input.width = this.log.width;
        input.height = 60;
        input.border = true;
        // The line is sent when the player leaves the text field, by Enter or by a touch elsewhere.
        input.addEventListener(egret.FocusEvent.FOCUS_OUT, () => {
            if (input.text) {
                this.chat.say(input.text);
                this.show("I: " + input.text);
            }
            input.text = "";
        }, this);
        this.addChild(this.log);
        this.addChild(input);
    }
}
