/** @internal */
namespace egret.ws {
    /** The limit for waiting messages in the format that the game does not read: bytes, or characters of text. */
    const MOST_WAITING = 1 << 20;
    /** The amount that each waiting message counts in addition to its length. */
    const MESSAGE_COST = 64;

    /**
     * Received messages that are not read yet. Text and bytes have separate queues, so that a read in one format never
     * gets a message of the other. Until the game selects the binary format, there is only one queue, and binary messages
     * are read as UTF-8.
     *
     * A game may never read the other format, so its queue is bounded: the oldest messages are dropped.
     */
    export class ReceiveQueue {
        private texts = new Queue<string | Uint8Array>();
        private textLength = 0;
        private chunks: Queue<Uint8Array> = null;
        /** The number of bytes of the first chunk that were read. */
        private offset = 0;
        private bytesAvailable = 0;
        private hasWarned = false;

        /** Whether the game has selected the binary format. */
        public get binary(): boolean {
            return this.chunks != null;
        }

        public acceptBinary(): void {
            if (this.binary) {
                return;
            }
            const waiting = this.texts;
            this.texts = new Queue<string | Uint8Array>();
            this.textLength = 0;
            this.chunks = new Queue<Uint8Array>();
            while (waiting.length > 0) {
                this.add(waiting.shift());
            }
        }

        /** `isBinary`: whether the game currently reads bytes. */
        public push(message: string | ArrayBuffer, isBinary: boolean): void {
            this.add(message);
            if (isBinary) {
                this.dropOldTexts();
            } else if (this.binary) {
                this.dropOldChunks();
            }
        }

        private add(message: string | ArrayBuffer | Uint8Array): void {
            if (typeof message == "string") {
                this.addText(message);
                return;
            }
            const bytes = new Uint8Array(message as ArrayBuffer);
            if (!this.binary) {
                this.addText(bytes);
                return;
            }
            // Games read the header of a message and leave the rest, which must not be read as the header of the next message.
            if (this.offset > 0) {
                this.skip(this.chunks.at(0).length - this.offset);
            }
            this.chunks.push(bytes);
            this.bytesAvailable += bytes.length;
        }

        private addText(message: string | Uint8Array): void {
            this.texts.push(message);
            this.textLength += message.length;
        }

        private shiftText(): string | Uint8Array {
            const message = this.texts.shift();
            this.textLength -= message.length;
            return message;
        }

        private dropOldTexts(): void {
            while (this.texts.length > 1 && this.textLength + MESSAGE_COST * this.texts.length > MOST_WAITING) {
                this.shiftText();
                this.warnOfLoss("text");
            }
        }

        private dropOldChunks(): void {
            while (this.chunks.length > 1 && this.bytesAvailable + MESSAGE_COST * this.chunks.length > MOST_WAITING) {
                this.skip(this.chunks.at(0).length - this.offset);
                this.warnOfLoss("binary");
            }
        }

        private warnOfLoss(format: string): void {
            if (!this.hasWarned) {
                this.hasWarned = true;
                warn(`egret.WebSocket: old ${format} messages are dropped, because the game does not read that format`);
            }
        }

        /** The next message as text; empty if there is none. */
        public readText(): string {
            const message = this.texts.length > 0 ? this.shiftText() : "";
            if (typeof message == "string") {
                return message;
            }
            return message.length > 0 ? new ByteArray(message.buffer as ArrayBuffer).readUTFBytes(message.length) : "";
        }

        /** The next string that `ByteArray.writeUTF` wrote: its length in two bytes, then UTF-8. */
        public readUTF(): string {
            const length = 2 + this.peek(2).readUnsignedShort();
            const text = this.peek(length).readUTF();
            this.skip(length);
            return text;
        }

        /** Copies `length` bytes to `target`, or all bytes if it is 0. */
        public readBytes(target: ByteArray, offset: number, length: number): void {
            length = length || this.bytesAvailable;
            this.peek(length).readBytes(target, offset);
            this.skip(length);
        }

        /** The next bytes, of one or several messages. Throws the engine's error 1025 if there are too few. */
        private peek(length: number): ByteArray {
            if (length > this.bytesAvailable) {
                $error(1025);
            }
            const bytes = new Uint8Array(length);
            let start = this.offset;
            for (let i = 0, filled = 0; filled < length; i++) {
                const part = this.chunks.at(i).subarray(start, start + length - filled);
                bytes.set(part, filled);
                filled += part.length;
                start = 0;
            }
            return new ByteArray(bytes.buffer as ArrayBuffer);
        }

        private skip(length: number): void {
            this.bytesAvailable -= length;
            this.offset += length;
            while (this.chunks.length > 0 && this.offset >= this.chunks.at(0).length) {
                this.offset -= this.chunks.shift().length;
            }
        }
    }
}
