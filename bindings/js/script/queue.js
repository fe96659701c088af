// First in, first out, in amortised constant time. (Array.shift moves all items.)
class Queue {
    constructor() {
        this.items = [];
        this.head = 0;
    }

    push(item) {
        this.items.push(item);
    }

    isEmpty() {
        return this.head === this.items.length;
    }

    first() {
        return this.items[this.head];
    }

    removeFirst() {
        this.items[this.head++] = null;
        if (2 * this.head >= this.items.length) {
            this.items.splice(0, this.head);
            this.head = 0;
        }
    }
}
