"""The common part of the clients in Python: arguments, payloads, measurements and the result line, as in common/lab.h, which describes
the modes. The modes `frame`, `poll` and `backlog` are not supported.
"""
import asyncio
import os
import ssl
import sys
import time

PATHS = {'ping-pong': '/echo', 'in-flight': '/echo', 'receive': '/source', 'send': '/sink', 'burst': '/burst', 'idle': '/echo',
         'open': '/echo'}
WINDOW, BURST, IDLE_S = 64, 100, 1


def tag(number):
    """Works like payload_tag of common/payload.h."""
    return bytes(0x41 + (number >> shift & 15) for shift in range(0, 32, 4))


def check(number):
    return tag(number * 2654435761 & 0xFFFFFFFF)


def fail(text):
    print(text, file=sys.stderr, flush=True)
    os._exit(3)  # a library may catch the exception of sys.exit in its callback


def status(key):
    """Returns the number in a line of /proc/self/status."""
    with open('/proc/self/status') as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith(key))


class Lab:
    def __init__(self):
        self.mode, url, size, count, self.ca = sys.argv[1:]
        if self.mode not in PATHS:
            fail('no such mode')
        self.url = url + PATHS[self.mode]
        self.size, self.count = int(size), int(count)
        self.ssl = ssl.create_default_context(cafile=self.ca) if url.startswith('wss:') else None
        self.workload = f'{size} {count} {BURST}' if self.mode in ('receive', 'send', 'burst') else None
        """The first message, as text, if the server needs one."""
        self.payload = bytearray(ord('a') + i * 7 % 26 for i in range(self.size))
        # The texts are made before the measurement, because making one costs as much as a small message.
        self.tags, self.checks = [tag(i) for i in range(self.count)], [check(i) for i in range(self.count)]
        self.next = self.received_count = 0
        self.done = False
        self.times_ns = []

    def start(self):
        self.begun_cpu, self.begun = time.process_time_ns(), time.monotonic_ns()
        self.marked = self.begun

    def stop(self):
        self.used_cpu, self.used = time.process_time_ns() - self.begun_cpu, time.monotonic_ns() - self.begun

    def mark(self):
        """Records the time since the last mark."""
        now = time.monotonic_ns()
        self.times_ns.append(now - self.marked)
        self.marked = now

    def report(self):
        times = sorted(self.times_ns) or [0]
        p50, p99 = (times[len(times) * percent // 100] / 1e3 for percent in (50, 99))
        print(f'cpu_us={self.used_cpu / 1e3 / self.count:.4f} wall_us={self.used / 1e3 / self.count:.4f} '
              f'p50_us={p50:.2f} p99_us={p99:.2f}')

    def stamped(self):
        """Returns the next message to send. All messages share these bytes, so they must be copied before the next call."""
        payload, number = self.payload, self.next
        payload[:8] = self.tags[number]
        payload[-8:] = self.checks[number]
        self.next = number + 1
        return payload

    def opened(self):
        """Call it when the connection is open. Returns how many messages may be sent immediately."""
        self.start()
        return {'ping-pong': 1, 'in-flight': min(WINDOW, self.count), 'send': self.count}.get(self.mode, 0)

    def received(self, message):
        """Call it for a message. Returns how many messages may be sent now. Sets `done` after the last message."""
        if self.mode == 'send':
            if message[:3] != b'ok ':
                fail('the server received a wrong message')
            return self._end()
        number = self.received_count
        if len(message) != self.size or message[:8] != self.tags[number] or message[-8:] != self.checks[number]:
            fail(f'a wrong payload was received after {number} messages')
        self.received_count = number = number + 1
        is_answered = self.mode == 'ping-pong' or (self.mode == 'burst' and number % BURST == 0)
        if is_answered:
            self.mark()
        if number == self.count:
            return self._end()
        return is_answered or (self.mode == 'in-flight' and self.next < self.count)

    def _end(self):
        self.stop()
        self.done = True
        return 0

    async def _open(self, connect, close):
        await close(await connect())  # creates objects that all connections share, so it does not count
        self.start()
        for _ in range(self.count):
            self.marked = time.monotonic_ns()
            connection = await connect()
            self.mark()
            await close(connection)
        self.stop()
        self.report()

    async def _idle(self, connect):
        before = status('VmRSS:')
        connections = [await connect() for _ in range(self.count)]
        self.start()
        await asyncio.sleep(IDLE_S)
        self.stop()
        print(f'rss_kib={(status("VmRSS:") - before) / len(connections):.2f} threads={status("Threads:")} '
              f'cpu_us={self.used_cpu / 1e3 / IDLE_S:.2f}')

    async def run(self, connect, close, exchange):
        """`exchange` sends the workload, and then sends and receives until `done`."""
        if self.mode == 'open':
            await self._open(connect, close)
        elif self.mode == 'idle':
            await self._idle(connect)
        else:
            connection = await connect()
            await exchange(connection)
            self.report()
            await close(connection)
