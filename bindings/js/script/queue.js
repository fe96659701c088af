// First in, first out, in amortised constant time. (Array.shift moves all items.)
function Queue() {
    this.items = [];
    this.head = 0;
}

Queue.prototype.push = function (item) {
    this.items.push(item);
};
Queue.prototype.isEmpty = function () {
    return this.head === this.items.length;
};
Queue.prototype.first = function () {
    return this.items[this.head];
};
Queue.prototype.removeFirst = function () {
    this.items[this.head++] = null;
    if (2 * this.head >= this.items.length) {
        this.items.splice(0, this.head);
        this.head = 0;
    }
};
