/** @internal */
namespace egret.ws {
    /**
     * Received messages that are not read yet. Text and bytes have separate queues, so that a read in one format never
     * gets a message of the other. Until the game asks for the binary format there is only one queue, and binary messages
     * are read as UTF-8.
     */
    export class ReceiveQueue {
        private texts = new Queue<string | Uint8Array>();
        private chunks: Queue<Uint8Array> = null;
        /** How many bytes of the first chunk were read. */
        private offset = 0;
        private bytesAvailable = 0;

        /** Whether the game has asked for the binary format. */
        public get binary(): boolean {
            return this.chunks != null;
        }

        public acceptBinary(): void {
            if (this.binary) {
                return;
            }
            const waiting = this.texts;
            this.texts = new Queue<string | Uint8Array>();
            this.chunks = new Queue<Uint8Array>();
            while (waiting.length > 0) {
                this.push(waiting.shift());
            }
        }

        public push(message: string | ArrayBuffer | Uint8Array): void {
            if (typeof message == "string") {
                this.texts.push(message);
                return;
            }
            const bytes = new Uint8Array(message as ArrayBuffer);
            if (!this.binary) {
                this.texts.push(bytes);
                return;
            }
            // Games read the head of a message and leave the rest: it must not be read as the head of the next message.
            if (this.offset > 0) {
                this.skip(this.chunks.at(0).length - this.offset);
            }
            this.chunks.push(bytes);
            this.bytesAvailable += bytes.length;
        }

        /** The next message as text; empty if there is none. */
        public readText(): string {
            const message = this.texts.length > 0 ? this.texts.shift() : "";
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
