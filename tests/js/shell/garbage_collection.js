// A live socket that the game has dropped is not collected; a closed socket is collected.
var canary, socket;
(function () {
    canary = new WeakRef({});
    var dropped = open();
    socket = new WeakRef(dropped);
    dropped.onopen = function () { setTimeout(collect); };
    dropped.onmessage = function (event) {
        equal(event.data, 'alive', 'message');
        this.close();
    };
    dropped.onclose = function () { setTimeout(collectAgain); };
})();

// deref() keeps its object alive until the task ends, so a collection and its check are separate tasks. The collector treats every
// word on the stack as a reference, so an old pointer may keep an object for some time.
var attempts = 0;
function collect() {
    gc();
    setTimeout(function () {
        if (canary.deref() !== undefined && ++attempts < 100) {
            setTimeout(collect);
            return;
        }
        equal(canary.deref(), undefined, 'the canary');
        gc();
        attempts = 0;
        socket.deref().send('alive');
    });
}

function collectAgain() {
    gc();
    setTimeout(function () {
        if (socket.deref() === undefined) passed();
        else if (++attempts < 100) setTimeout(collectAgain);
        else throw new Error('the closed socket is not collected');
    });
}
