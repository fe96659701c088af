//! The modes for a library with blocking calls.

use crate::{IDLE_SECONDS, Lab, Mode, end, measure::status};
use std::{thread, time::Duration};

pub trait Blocking: Sized {
    fn connect(lab: &Lab) -> Self;
    fn send(&mut self, payload: &[u8], text: bool);
    /// Queues a message, which is sent at the next `flush` or before.
    fn queue(&mut self, payload: &[u8]);
    fn flush(&mut self);
    fn receive<R>(&mut self, with: impl FnOnce(&[u8]) -> R) -> R;
    fn close(self);
}

pub fn run_blocking<C: Blocking>(mut lab: Lab) -> ! {
    match lab.mode {
        Mode::Open => open::<C>(&mut lab),
        Mode::Idle => idle::<C>(&mut lab),
        _ => messages::<C>(&mut lab),
    }
    end()
}

fn open<C: Blocking>(lab: &mut Lab) {
    C::connect(lab).close(); // does not count: it creates objects that all connections share, such as the TLS connector
    lab.measure.start();
    for _ in 0..lab.count {
        lab.measure.mark_from_here();
        let client = C::connect(lab);
        lab.measure.mark();
        client.close();
    }
    lab.measure.stop();
    lab.report();
}

fn idle<C: Blocking>(lab: &mut Lab) {
    let before = status("VmRSS");
    let clients: Vec<C> = (0..lab.count).map(|_| C::connect(lab)).collect();
    lab.measure.start();
    thread::sleep(Duration::from_secs(IDLE_SECONDS));
    lab.measure.stop();
    lab.measure.report_idle(before, lab.count, IDLE_SECONDS);
    std::mem::forget(clients);
}

fn messages<C: Blocking>(lab: &mut Lab) {
    let mut client = C::connect(lab);
    if let Some(workload) = lab.workload() {
        client.send(workload.as_bytes(), true);
    }
    let mut to_send = lab.opened();
    while !lab.done {
        let is_batch = to_send > 1;
        for _ in 0..to_send {
            if is_batch {
                client.queue(lab.next_payload());
            } else {
                client.send(lab.next_payload(), false);
            }
        }
        if is_batch {
            client.flush();
        }
        to_send = client.receive(|message| lab.received(message));
    }
    lab.report();
    client.close();
}
