//! Rooms: a message of a member goes to all other members.
//!
//! Each member has two threads. One reads its connection; the other writes the messages of its queue to it. So a member that does
//! not read blocks its own writer only.

use super::behaviour::Behaviour;
use super::connection;
use std::collections::{HashMap, VecDeque};
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use tungstenite::{Message, WebSocket};

/// The most rooms at a time. A room ends with its last member.
pub const MAX_ROOMS: usize = 64;
/// The most members of a room.
pub const MAX_MEMBERS: usize = 64;
/// The largest number of messages that wait for one member.
pub const MAX_QUEUE_MESSAGES: usize = 1024;
/// The largest number of bytes that wait for one member. A single message may always wait.
pub const MAX_QUEUE_BYTES: usize = 1 << 20;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The rooms of a server.
#[derive(Default)]
pub struct Rooms(Mutex<HashMap<String, Vec<Arc<Queue>>>>);

impl Rooms {
    /// Adds a member. An error is a sentence for the client.
    pub fn join(self: &Arc<Rooms>, name: &str, tcp: TcpStream) -> Result<Member, String> {
        let mut rooms = lock(&self.0);
        if rooms.len() >= MAX_ROOMS && !rooms.contains_key(name) {
            return Err(format!("There are {MAX_ROOMS} rooms already.\n"));
        }
        let members = rooms.entry(name.to_owned()).or_default();
        if members.len() >= MAX_MEMBERS {
            return Err(format!("The room has {MAX_MEMBERS} members already.\n"));
        }
        let queue = Arc::new(Queue { waiting: Mutex::default(), changed: Condvar::new(), tcp });
        members.push(Arc::clone(&queue));
        Ok(Member { rooms: Arc::clone(self), name: name.to_owned(), queue })
    }
}

/// A member of a room, until it is dropped.
pub struct Member {
    rooms: Arc<Rooms>,
    name: String,
    queue: Arc<Queue>,
}

impl Member {
    /// Queues a message for each other member. All members get the messages of a room in an equal order.
    fn say(&self, message: &Message) {
        let rooms = lock(&self.rooms.0);
        let members = rooms.get(&self.name).into_iter().flatten();
        members.filter(|member| !Arc::ptr_eq(member, &self.queue)).for_each(|member| member.push(message.clone()));
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let mut rooms = lock(&self.rooms.0);
        if let Some(members) = rooms.get_mut(&self.name) {
            members.retain(|member| !Arc::ptr_eq(member, &self.queue));
            if members.is_empty() {
                rooms.remove(&self.name);
            }
        }
    }
}

/// The messages that wait for a member.
struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
    /// The connection of the member.
    tcp: TcpStream,
}

#[derive(Default)]
struct Waiting {
    messages: VecDeque<Message>,
    bytes: usize,
    is_closed: bool,
}

impl Queue {
    fn push(&self, message: Message) {
        let mut waiting = lock(&self.waiting);
        if waiting.is_closed {
            return;
        }
        let bytes = waiting.bytes + message.len();
        let has_room = waiting.messages.len() < MAX_QUEUE_MESSAGES && bytes <= MAX_QUEUE_BYTES;
        if has_room || waiting.messages.is_empty() {
            waiting.bytes = bytes;
            waiting.messages.push_back(message);
        } else {
            // The member does not read: end its connection, which also ends a write that blocks.
            *waiting = Waiting { is_closed: true, ..Waiting::default() };
            let _ = self.tcp.shutdown(Shutdown::Both);
        }
        self.changed.notify_one();
    }

    /// The next message; `None` when the queue is closed.
    fn take(&self) -> Option<Message> {
        let mut waiting = lock(&self.waiting);
        loop {
            if waiting.is_closed {
                return None;
            }
            if let Some(message) = waiting.messages.pop_front() {
                waiting.bytes -= message.len();
                return Some(message);
            }
            waiting = self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn close(&self) {
        *lock(&self.waiting) = Waiting { is_closed: true, ..Waiting::default() };
        self.changed.notify_one();
    }
}

/// Serves a member until one side closes.
pub fn talk<S: Read + Write + Send>(
    socket: WebSocket<S>,
    tcp: &TcpStream,
    behaviour: &Behaviour,
    member: &Member,
) -> tungstenite::Result<()> {
    let socket = Mutex::new(socket);
    thread::scope(|scope| {
        thread::Builder::new().name("room".into()).spawn_scoped(scope, || {
            while let Some(message) = member.queue.take() {
                // The thread that reads sees the end of the connection, too.
                if lock(&socket).send(message).is_err() {
                    member.queue.close();
                }
            }
        })?;
        let result = read(&socket, tcp, behaviour, member);
        member.queue.close();
        result
    })
}

fn read<S: Read + Write>(
    socket: &Mutex<WebSocket<S>>,
    tcp: &TcpStream,
    behaviour: &Behaviour,
    member: &Member,
) -> tungstenite::Result<()> {
    let mut said = 0;
    loop {
        if let Some((end, after)) = behaviour.end
            && said >= after
        {
            return connection::finish(&mut lock(socket), tcp, end);
        }
        match read_one(socket, tcp)? {
            Some(message) if message.is_text() || message.is_binary() => {
                thread::sleep(behaviour.delay);
                member.say(&message);
                said += 1;
            }
            Some(_) => {}
            // Waits without the lock, so that messages can be written in the meantime.
            None => _ = tcp.peek(&mut [0])?,
        }
    }
}

/// A message that has arrived completely, if there is one. Does not block.
fn read_one<S: Read + Write>(socket: &Mutex<WebSocket<S>>, tcp: &TcpStream) -> tungstenite::Result<Option<Message>> {
    let mut socket = lock(socket);
    tcp.set_nonblocking(true)?;
    let result = socket.read();
    tcp.set_nonblocking(false)?;
    match result {
        Ok(message) => Ok(Some(message)),
        Err(tungstenite::Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    /// A connection: the server's side and the client's.
    fn connection() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let client = TcpStream::connect(listener.local_addr().expect("an address")).expect("a connection");
        (listener.accept().expect("a connection").0, client)
    }

    fn join(rooms: &Arc<Rooms>, name: &str) -> Result<Member, String> {
        rooms.join(name, connection().0)
    }

    fn queued(member: &Member) -> usize {
        lock(&member.queue.waiting).messages.len()
    }

    #[test]
    fn rooms_and_members_are_bounded() {
        let rooms = Arc::new(Rooms::default());
        let join = |name: &str| join(&rooms, name);
        let mut members: Vec<_> = (0..MAX_ROOMS).map(|room| join(&room.to_string()).expect("a room")).collect();
        assert!(join("another").is_err_and(|complaint| complaint.contains("64 rooms")));
        members.extend((1..MAX_MEMBERS).map(|_| join("0").expect("a member")));
        assert!(join("0").is_err_and(|complaint| complaint.contains("64 members")));
        // A room ends with its last member.
        drop(members.swap_remove(1));
        members.push(join("another").expect("a room"));
        drop(members);
        assert!(lock(&rooms.0).is_empty());
    }

    #[test]
    fn the_others_get_a_message() {
        let rooms = Arc::new(Rooms::default());
        let [a, b, c] = ["x", "x", "y"].map(|room| join(&rooms, room).expect("a member"));
        a.say(&Message::text("hello"));
        assert_eq!([&a, &b, &c].map(queued), [0, 1, 0]);
        assert_eq!(b.queue.take(), Some(Message::text("hello")));
    }

    #[test]
    fn a_member_that_does_not_read_is_dropped() {
        let rooms = Arc::new(Rooms::default());
        for (message, accepted) in [
            (Message::text("x"), MAX_QUEUE_MESSAGES),
            (Message::binary(vec![0; MAX_QUEUE_BYTES / 4]), 4),
            (Message::binary(vec![0; MAX_QUEUE_BYTES * 2]), 1),
        ] {
            let (server, mut client) = connection();
            let [a, b] = [join(&rooms, "x"), rooms.join("x", server)].map(|member| member.expect("a member"));
            (0..accepted).for_each(|_| a.say(&message));
            assert_eq!(queued(&b), accepted);
            a.say(&message);
            assert_eq!((queued(&b), b.queue.take()), (0, None));
            assert!(matches!(client.read(&mut [0]), Ok(0)), "the connection has ended");
        }
    }
}
