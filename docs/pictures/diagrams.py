"""The diagrams, each in English and Chinese."""
from svg import Picture


def architecture(language):
    t = TEXTS[language].__getitem__
    picture = Picture(900, 560, t('architecture'))
    picture.text(24, 32, t('architecture'), bold=True, size=16)
    # The bands behind the boxes show the threads.
    picture.box(24, 50, 852, 236, 'page', 'blue')
    picture.text(36, 72, t('your thread'), 'blue', bold=True)
    picture.box(24, 296, 852, 170, 'page', 'orange')
    picture.text(36, 318, t('engine thread'), 'orange', bold=True)

    picture.box(200, 60, 500, 34)
    picture.text(450, 82, t('game'), anchor='middle', bold=True)
    for index, name in enumerate(('C', 'C++', 'Java, Kotlin', 'Swift', 'JavaScript')):
        x = 40 + index * 166
        picture.arrow([(x + 77, 94), (x + 77, 112)], 'faint')
        picture.box(x, 112, 154, 32)
        picture.text(x + 77, 133, name, anchor='middle')
    picture.box(40, 160, 818, 34)
    picture.text(449, 182, t('abi'), anchor='middle', bold=True)
    picture.box(70, 224, 330, 50)
    picture.text(235, 245, t('send queue'), anchor='middle', bold=True)
    picture.text(235, 263, t('send queue limit'), 'faint', 'middle', size=12)
    picture.box(500, 224, 330, 50)
    picture.text(665, 245, t('receive queue'), anchor='middle', bold=True)
    picture.text(665, 263, t('receive queue limit'), 'faint', 'middle', size=12)
    picture.arrow([(150, 194), (150, 224)], 'blue')
    picture.text(160, 213, 'egret_ws_send', 'blue', size=12)
    picture.arrow([(580, 224), (580, 194)], 'green')
    picture.text(590, 213, t('poll'), 'green', size=12)

    picture.box(70, 330, 760, 40)
    picture.text(450, 355, t('engine'), anchor='middle')
    picture.arrow([(235, 274), (235, 330)], 'blue')
    picture.arrow([(665, 330), (665, 274)], 'green')
    for index, name in enumerate(('connection', 'protocol', 'transport')):
        x = 70 + index * 260
        picture.box(x, 392, 240, 60)
        picture.text(x + 120, 416, t(name), anchor='middle', bold=True)
        picture.text(x + 120, 436, t(f'{name} parts'), 'faint', 'middle', size=12)
        picture.arrow([(x + 105, 370), (x + 105, 392)], 'blue')
        picture.arrow([(x + 135, 392), (x + 135, 370)], 'green')
    picture.arrow([(695, 452), (695, 500)], 'blue')
    picture.arrow([(725, 500), (725, 452)], 'green')
    picture.box(590, 500, 240, 40)
    picture.text(710, 525, t('server'), anchor='middle', bold=True)
    picture.box(70, 486, 440, 62, outline='grey')
    picture.text(290, 511, t('workers'), anchor='middle', bold=True)
    picture.text(290, 532, t('workers do'), 'faint', 'middle', size=12)
    return picture


def socket_life(language):
    t = TEXTS[language].__getitem__
    picture = Picture(940, 400, t('life'))
    picture.text(24, 32, t('life'), bold=True, size=16)
    middle = 200
    states = (('CONNECTING', 40), ('OPEN', 290), ('CLOSING', 520), ('CLOSED', 760))
    for name, x in states:
        picture.box(x, middle - 26, 140, 52, outline='blue')
        picture.text(x + 70, middle + 5, name, anchor='middle', bold=True)
    # From left to right.
    picture.arrow([(180, middle), (290, middle)], 'green')
    picture.text(235, middle - 8, 'on_connect', 'green', 'middle')
    picture.arrow([(430, middle), (520, middle)])
    picture.lines(475, middle - 32, t('close call'), anchor='middle', size=12, step=14)
    picture.arrow([(660, middle), (760, middle)], 'red')
    picture.text(710, middle - 8, 'on_close', 'red', 'middle')
    # OPEN: messages.
    picture.arrow([(330, middle - 26), (330, 112), (390, 112), (390, middle - 26)], 'green')
    picture.lines(360, 86, ('on_message, on_pong,', 'on_drain'), 'green', 'middle', step=16)
    picture.arrow([(570, middle - 26), (570, 136), (620, 136), (620, middle - 26)], 'green')
    picture.text(595, 128, t('on_message too'), 'green', 'middle')
    # CONNECTING: attempts.
    picture.arrow([(70, middle - 26), (70, 112), (140, 112), (140, middle - 26)], 'orange')
    picture.lines(105, 70, t('attempts'), 'orange', 'middle', step=16)
    # A loss.
    picture.arrow([(340, middle + 26), (340, 272), (130, 272), (130, middle + 26)], 'orange')
    picture.text(235, 264, t('lost, again'), 'orange', 'middle')
    picture.arrow([(380, middle + 26), (380, 296), (800, 296), (800, middle + 26)], 'red')
    picture.text(560, 288, t('lost, no more'), 'red', 'middle')
    picture.arrow([(90, middle + 26), (90, 330), (850, 330), (850, middle + 26)], 'red')
    picture.text(460, 322, t('never connected'), 'red', 'middle')
    picture.text(24, 368, t('after'), 'faint')
    picture.text(24, 387, t('free'), 'faint')
    picture.lines(830, 158, t('release'), 'faint', 'middle', size=12, step=14)
    return picture


# The seconds of the train ride, and their positions in the picture. Long waits are drawn shorter.
PLACES = ((0, 30), (4, 80), (24, 260), (34, 400), (46, 580), (60, 730), (61, 770), (70, 910))


def place(second):
    for (a, x), (b, end) in zip(PLACES, PLACES[1:]):
        if a <= second <= b:
            return x + (end - x) * (second - a) / (b - a)
    raise ValueError(second)


def reconnect(language):
    t = TEXTS[language].__getitem__
    picture = Picture(940, 380, t('reconnect'))
    picture.text(24, 32, t('reconnect'), bold=True, size=16)
    y = 200
    picture.box(place(4), 52, place(60) - place(4), 30, 'box', 'grey')
    picture.text((place(4) + place(60)) / 2, 72, t('tunnel'), 'faint', 'middle')
    # States.
    for begin, end, colour, name in ((0, 34, 'green', t('open')), (34, 61, 'orange', t('connecting')), (61, 70, 'green', t('open again'))):
        picture.bar(place(begin), y - 9, place(end) - place(begin), 18, colour)
        picture.text((place(begin) + place(end)) / 2, y + 5, name, 'page', 'middle', bold=True, size=12)
    for second, lines, colour, above in (
            (4, t('last byte'), 'faint', True), (24, t('ping'), 'blue', True), (34, t('timeout'), 'red', True),
            (46, t('attempt'), 'orange', True), (60, t('network changed'), 'blue', False), (61, t('on_connect'), 'green', True)):
        x = place(second)
        if above:
            picture.path(f'M{x:g} {y - 9}V{y - 28}', colour, 1.5)
            align = 'start' if second == 61 else 'middle'
            picture.lines(x, y - 34 - 15 * (len(lines) - 1), lines, colour, align, size=12, step=15)
        else:
            picture.path(f'M{x:g} {y + 9}V{y + 30}', colour, 1.5)
            picture.lines(x, y + 46, lines, colour, 'middle', size=12, step=15)
    for begin, end, lines in ((4, 24, t('silence')), (24, 34, t('answer')), (34, 46, t('wait'))):
        a, b = place(begin), place(end)
        picture.arrow([((a + b) / 2, y + 32), (b - 2, y + 32)], 'faint')
        picture.arrow([((a + b) / 2, y + 32), (a + 2, y + 32)], 'faint')
        picture.lines((a + b) / 2, y + 52, lines, 'faint', 'middle', size=12, step=15)
    picture.lines(24, 318, t('notes'), 'faint', step=19)
    return picture


ALL = {'architecture': architecture, 'socket-life': socket_life, 'reconnect': reconnect}

TEXTS = {
    'en': {
        'architecture': 'From the game to the network',
        'your thread': 'your thread',
        'engine thread': 'I/O thread of the loop; with EGRET_WS_LOOP_INLINE: the thread that calls',
        'game': 'your game',
        'abi': 'C ABI: egret_ws.h, checked handles',
        'send queue': 'send queue of a socket',
        'send queue limit': 'full: EGRET_WS_ERR_BACKPRESSURE, then on_drain',
        'receive queue': 'received events of the loop',
        'receive queue limit': 'full: the library stops reading',
        'poll': 'egret_ws_loop_poll makes the callbacks',
        'engine': 'engine: commands, ready sockets, timers, in bounded passes',
        'connection': 'connection', 'connection parts': 'opening, session, retry',
        'protocol': 'protocol', 'protocol parts': 'RFC 6455, permessage-deflate',
        'transport': 'transport', 'transport parts': 'TCP, proxies, TLS',
        'server': 'server',
        'workers': 'worker threads', 'workers do': 'name look-ups, TLS contexts, hooks of the application',

        'life': 'The life of a socket, and its callbacks',
        'close call': ('either side', 'closes'),
        'on_message too': 'on_message, on_pong',
        'attempts': ('on_request before', 'each attempt,', 'on_retry after a failure'),
        'lost, again': 'lost: on_retry',
        'lost, no more': 'lost, no further attempt: on_close',
        'never connected': 'not connected, no further attempt: on_close',
        'after': 'A retry comes only with retry_attempts. CLOSING also leads to CONNECTING if a retry follows. egret_ws_abort: on_close comes next.',
        'free': 'egret_ws_free in any state: no callback begins after it but release_user, which comes exactly once.',
        'release': ('then release_user, once',),

        'reconnect': 'A train in a tunnel: from silence to the new connection, with the default options',
        'tunnel': 'tunnel: no network',
        'open': 'OPEN', 'connecting': 'CONNECTING', 'open again': 'OPEN',
        'last byte': ('last byte',),
        'ping': ('the library', 'sends a ping'),
        'timeout': ('connection lost (TIMEOUT):', 'on_retry'),
        'attempt': ('attempts fail,', 'on_retry each time'),
        'network changed': ('the app calls', 'egret_ws_loop_network_changed:', 'the wait ends'),
        'on_connect': ('on_connect; with RESEND', 'the queued messages', 'are sent first'),
        'silence': ('20 s of silence', 'ping_interval_ms'),
        'answer': ('10 s', 'pong_timeout_ms'),
        'wait': ('random wait', '0.25 to 4 s, then longer'),
        'notes': ('An app that calls egret_ws_loop_network_changed when the network goes finds the loss within 3 s (probe_timeout_ms).',
                  'retry_attempts must be set; without it, on_close comes instead of the first on_retry.'),
    },
    'zh': {
        'architecture': '从游戏到网络',
        'your thread': '您的线程',
        'engine thread': '循环的 I/O 线程；使用 EGRET_WS_LOOP_INLINE 时为发起调用的线程',
        'game': '您的游戏',
        'abi': 'C ABI：egret_ws.h，每次调用都检查句柄',
        'send queue': '套接字的发送队列',
        'send queue limit': '队列已满：EGRET_WS_ERR_BACKPRESSURE，之后 on_drain',
        'receive queue': '循环收到的事件',
        'receive queue limit': '队列已满：库停止读取',
        'poll': 'egret_ws_loop_poll 执行回调',
        'engine': '引擎：命令、就绪的套接字、定时器，每轮工作量有上限',
        'connection': '连接', 'connection parts': '建立、会话、重试',
        'protocol': '协议', 'protocol parts': 'RFC 6455、permessage-deflate',
        'transport': '传输', 'transport parts': 'TCP、代理、TLS',
        'server': '服务器',
        'workers': '工作线程', 'workers do': '域名解析、TLS 上下文、应用程序的钩子',

        'life': '套接字的生命周期及其回调',
        'close call': ('任一方', '关闭'),
        'on_message too': 'on_message、on_pong',
        'attempts': ('每次尝试之前 on_request，', '失败之后 on_retry'),
        'lost, again': '连接丢失：on_retry',
        'lost, no more': '连接丢失，不再尝试：on_close',
        'never connected': '未能连接，不再尝试：on_close',
        'after': '只有设置了 retry_attempts 才会重试。如果随后重试，CLOSING 也会转到 CONNECTING。egret_ws_abort 之后的下一个回调是 on_close。',
        'free': '在任何状态下调用 egret_ws_free 之后，只会再有一次 release_user，不会开始其他回调。',
        'release': ('随后 release_user，仅一次',),

        'reconnect': '列车驶过隧道：从静默到新的连接（默认选项）',
        'tunnel': '隧道：没有网络',
        'open': 'OPEN', 'connecting': 'CONNECTING', 'open again': 'OPEN',
        'last byte': ('最后一个字节',),
        'ping': ('库发送', 'ping'),
        'timeout': ('连接丢失（TIMEOUT）：', 'on_retry'),
        'attempt': ('尝试失败，', '每次都有 on_retry'),
        'network changed': ('应用程序调用', 'egret_ws_loop_network_changed：', '等待结束'),
        'on_connect': ('on_connect；使用', 'RESEND 时先发送', '队列中的消息'),
        'silence': ('静默 20 秒', 'ping_interval_ms'),
        'answer': ('10 秒', 'pong_timeout_ms'),
        'wait': ('随机等待', '0.25 到 4 秒，之后更长'),
        'notes': ('如果应用程序在网络断开时调用 egret_ws_loop_network_changed，3 秒之内就能发现连接丢失（probe_timeout_ms）。',
                  '必须设置 retry_attempts；否则第一次 on_retry 的位置上是 on_close。'),
    },
}
