/** @internal */
namespace egret.ws {
    /** First in, first out, in amortised constant time. (`Array.shift` moves all items.) */
    export class Queue<T> {
        private items: T[] = [];
        private head = 0;

        public get length(): number {
            return this.items.length - this.head;
        }

        /** The item at this index, counted from the first. */
        public at(index: number): T {
            return this.items[this.head + index];
        }

        public push(item: T): void {
            this.items.push(item);
        }

        public shift(): T {
            const item = this.items[this.head];
            this.items[this.head++] = null;
            if (2 * this.head >= this.items.length) {
                this.items.splice(0, this.head);
                this.head = 0;
            }
            return item;
        }
    }
}
