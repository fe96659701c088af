// Echoes texts with each kind of character at each place: the glues convert ASCII in blocks, and other characters one by one.
var texts = [];
['\0', '\x7f', '\x80', '\u00ff', '\u07ff', '\u0800', '\uffff', '\ud800\udc00', '\udbff\udfff'].forEach(function (character) {
    for (var before = 0; before < 34; before++) texts.push(repeat('x', before) + character + repeat('y', 34 - before));
    texts.push(repeat(character, 33), character);
});
texts.push(repeat('\u00e9', 65536), repeat('\u4e2d', 43690), repeat('\ud83d\ude00', 32768), repeat('\0', 131072));

var socket = open();
var next = 0;
socket.onopen = function () { texts.forEach(function (text) { socket.send(text); }); };
socket.onmessage = function (event) {
    equal(event.data === texts[next], true, 'text ' + next);
    if (++next === texts.length) socket.close();
};
socket.onclose = function (event) {
    equal(event.code, 1005, 'code');
    passed();
};
