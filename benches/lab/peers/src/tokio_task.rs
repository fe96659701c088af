//! The modes for a library on tokio, all in one thread.

use crate::{IDLE_SECONDS, Lab, Mode, end, measure::status};
use std::time::Duration;
use tokio::{runtime, task::LocalSet, time::sleep};

#[allow(async_fn_in_trait)] // no other crate uses it
pub trait Async: Sized + 'static {
    async fn connect(lab: &Lab) -> Self;
    async fn send(&mut self, payload: &[u8], text: bool);
    /// Queues a message, which is sent at the next `flush` or before.
    async fn queue(&mut self, payload: &[u8]);
    async fn flush(&mut self);
    async fn receive<R>(&mut self, with: impl FnOnce(&[u8]) -> R) -> R;
    async fn close(self);
}

pub fn run_async<C: Async>(mut lab: Lab) -> ! {
    let runtime = runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        match lab.mode {
            Mode::Open => open::<C>(&mut lab).await,
            Mode::Idle => idle::<C>(&mut lab).await,
            _ => messages::<C>(&mut lab).await,
        }
    });
    end()
}

async fn open<C: Async>(lab: &mut Lab) {
    C::connect(lab).await.close().await; // does not count: it creates objects that all connections share, such as the TLS connector
    lab.measure.start();
    for _ in 0..lab.count {
        lab.measure.mark_from_here();
        let client = C::connect(lab).await;
        lab.measure.mark();
        client.close().await;
    }
    lab.measure.stop();
    lab.report();
}

async fn idle<C: Async>(lab: &mut Lab) {
    let before = status("VmRSS");
    let tasks = LocalSet::new();
    for _ in 0..lab.count {
        let mut client = C::connect(lab).await;
        tasks.spawn_local(async move { client.receive(|_| ()).await });
    }
    lab.measure.start();
    tasks.run_until(sleep(Duration::from_secs(IDLE_SECONDS))).await;
    lab.measure.stop();
    lab.measure.report_idle(before, lab.count, IDLE_SECONDS);
    std::mem::forget(tasks);
}

async fn messages<C: Async>(lab: &mut Lab) {
    let mut client = C::connect(lab).await;
    if let Some(workload) = lab.workload() {
        client.send(workload.as_bytes(), true).await;
    }
    let mut to_send = lab.opened();
    while !lab.done {
        let is_batch = to_send > 1;
        for _ in 0..to_send {
            if is_batch {
                client.queue(lab.next_payload()).await;
            } else {
                client.send(lab.next_payload(), false).await;
            }
        }
        if is_batch {
            client.flush().await;
        }
        to_send = client.receive(|message| lab.received(message)).await;
    }
    lab.report();
    client.close().await;
}
