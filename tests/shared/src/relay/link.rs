//! One connection through the relay, with the faults of each direction.

use socket2::SockRef;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

/// A direction of the data.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Direction {
    /// Bytes go to the server.
    ToServer,
    /// Bytes go to the client.
    ToClient,
}

/// A fault of a connection.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// Both sides see the end of the stream. Data in transit is dropped. A stalled direction stays stalled.
    Cut,
    /// Both sides see a reset.
    Reset,
    /// The relay neither reads nor forwards in this direction, until [`Fault::Resume`]. Both connections stay open.
    Stall(Direction),
    Resume(Direction),
    /// The stream in this direction ends, and later data is dropped. The other direction continues.
    HalfClose(Direction),
    /// Data is forwarded with this delay from now on.
    Delay(Direction, Duration),
    /// The next bytes are forwarded one by one. The number is their count.
    Bytewise(Direction, u64),
    /// Like [`Fault::Cut`], when this total number of bytes has been forwarded in this direction.
    CutAt(Direction, u64),
}

/// The largest number of bytes that the relay reads before it forwards them.
const CAPACITY: usize = 64 * 1024;

/// A connection that is forwarded.
pub struct Link {
    client: TcpStream,
    server: TcpStream,
    up: Pipe,
    down: Pipe,
}

#[derive(Default)]
struct Pipe {
    /// Data, and the time at which it is forwarded.
    chunks: VecDeque<(Instant, Vec<u8>)>,
    taken: usize,
    forwarded: u64,
    stalled: bool,
    delay: Duration,
    bytewise: u64,
    cut_at: Option<u64>,
    /// The source has ended.
    ended: bool,
    /// The end was forwarded. Further data is dropped.
    closed: bool,
}

/// The result of a turn.
pub enum Turn {
    GoesOn,
    Over,
}

impl Link {
    /// This fails only if a connection has already ended.
    pub fn new(client: TcpStream, server: TcpStream) -> io::Result<Link> {
        for stream in [&client, &server] {
            stream.set_nonblocking(true)?;
            stream.set_nodelay(true)?;
        }
        Ok(Link { client, server, up: Pipe::default(), down: Pipe::default() })
    }

    /// Returns both sockets, and for each whether the relay waits to read from it and to write to it.
    pub fn interests(&self, now: Instant) -> [(&TcpStream, bool, bool); 2] {
        let (up, down) = (&self.up, &self.down);
        [
            (&self.client, up.wants_input(), down.wants_output(now)),
            (&self.server, down.wants_input(), up.wants_output(now)),
        ]
    }

    /// Returns the time at which the next delayed data is due.
    pub fn next_due(&self) -> Option<Instant> {
        let due = |pipe: &Pipe| pipe.chunks.front().map(|(due, _)| *due).filter(|_| !pipe.stalled);
        due(&self.up).into_iter().chain(due(&self.down)).min()
    }

    pub fn forwarded(&self, direction: Direction) -> u64 {
        if direction == Direction::ToServer { self.up.forwarded } else { self.down.forwarded }
    }

    /// Forwards what can be forwarded now.
    pub fn turn(&mut self, now: Instant) -> Turn {
        let up = self.up.turn(&self.client, &self.server, now);
        let down = self.down.turn(&self.server, &self.client, now);
        match (up, down) {
            (Ok(false), Ok(false)) => {}
            (Ok(_), Ok(_)) => return self.inject(Fault::Cut),
            _ => return self.inject(Fault::Reset),
        }
        let is_over = [&self.up, &self.down].iter().all(|pipe| pipe.ended && pipe.closed);
        if is_over { Turn::Over } else { Turn::GoesOn }
    }

    pub fn inject(&mut self, fault: Fault) -> Turn {
        match fault {
            Fault::Cut => {
                self.half_close(Direction::ToServer);
                self.half_close(Direction::ToClient);
            }
            Fault::Reset => {
                for stream in [&self.client, &self.server] {
                    // With this, a socket sends RST when it is dropped. It fails if the other side has sent RST.
                    let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
                }
                return Turn::Over;
            }
            Fault::HalfClose(direction) => self.half_close(direction),
            Fault::Stall(direction) => self.pipe(direction).stalled = true,
            Fault::Resume(direction) => self.pipe(direction).stalled = false,
            Fault::Delay(direction, delay) => self.pipe(direction).delay = delay,
            Fault::Bytewise(direction, bytes) => self.pipe(direction).bytewise = bytes,
            Fault::CutAt(direction, bytes) => self.pipe(direction).cut_at = Some(bytes),
        }
        Turn::GoesOn
    }

    fn half_close(&mut self, direction: Direction) {
        let (pipe, sink) = match direction {
            Direction::ToServer => (&mut self.up, &self.server),
            Direction::ToClient => (&mut self.down, &self.client),
        };
        pipe.close(sink);
    }

    fn pipe(&mut self, direction: Direction) -> &mut Pipe {
        if direction == Direction::ToServer { &mut self.up } else { &mut self.down }
    }
}

impl Pipe {
    fn wants_input(&self) -> bool {
        !self.ended && !self.stalled && (self.closed || self.taken < CAPACITY)
    }

    fn wants_output(&self, now: Instant) -> bool {
        !self.stalled && self.chunks.front().is_some_and(|(due, _)| *due <= now)
    }

    /// Returns true if the connection must be cut. An error belongs to a connection that is still in use.
    fn turn(&mut self, mut source: &TcpStream, sink: &TcpStream, now: Instant) -> io::Result<bool> {
        if self.wants_input() {
            let mut buffer = [0; 16 * 1024];
            match source.read(&mut buffer) {
                Ok(0) => self.ended = true,
                Ok(_) if self.closed => {}
                Ok(count) => {
                    self.chunks.push_back((now + self.delay, buffer[..count].to_vec()));
                    self.taken += count;
                }
                Err(error) if is_passing(&error) => {}
                Err(_) if self.closed => self.ended = true,
                Err(error) => return Err(error),
            }
        }
        while self.wants_output(now) && !self.is_to_be_cut() {
            if !self.forward(sink)? {
                break;
            }
        }
        if self.ended && self.chunks.is_empty() && !self.closed && !self.stalled {
            self.close(sink);
        }
        Ok(self.is_to_be_cut())
    }

    fn is_to_be_cut(&self) -> bool {
        !self.closed && self.cut_at.is_some_and(|at| self.forwarded >= at)
    }

    /// Returns false if other connections must get their turn first.
    fn forward(&mut self, mut sink: &TcpStream) -> io::Result<bool> {
        let Some((_, chunk)) = self.chunks.front_mut() else { return Ok(false) };
        let cut = self.cut_at.map_or(u64::MAX, |at| at.saturating_sub(self.forwarded));
        let most = if self.bytewise > 0 { 1 } else { chunk.len() };
        let count = match sink.write(&chunk[..most.min(usize::try_from(cut).unwrap_or(usize::MAX))]) {
            Ok(count) => count,
            Err(error) if is_passing(&error) => return Ok(false),
            Err(error) => return Err(error),
        };
        chunk.drain(..count);
        if chunk.is_empty() {
            self.chunks.pop_front();
        }
        self.taken -= count;
        self.forwarded += count as u64;
        let was_bytewise = self.bytewise > 0;
        self.bytewise = self.bytewise.saturating_sub(1);
        Ok(!was_bytewise)
    }

    fn close(&mut self, sink: &TcpStream) {
        self.chunks.clear();
        (self.taken, self.closed) = (0, true);
        // This fails if the other side has disconnected.
        let _ = sink.shutdown(Shutdown::Write);
    }
}

fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}
