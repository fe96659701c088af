//! Threads for blocking work, which must not run on the thread of the engine or of the game.

use super::thread::with_signals_blocked;
use crate::{fork, panics};
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;
use std::{io, thread};

type Job = Box<dyn FnOnce() + Send>;

/// A limited number of threads. They start when there are jobs, and end when there are none. If a job hangs, its thread lives
/// longer than the owner. Jobs that no thread has taken are dropped with the owner.
pub struct Workers {
    name: &'static str,
    max_threads: usize,
    queue: Arc<Mutex<Queue>>,
    /// A test can set that no thread can be started.
    #[cfg(test)]
    pub lacks_threads: std::sync::atomic::AtomicBool,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    threads: usize,
}

impl Workers {
    /// Makes a pool of at most `max_threads` threads with this name.
    pub fn new(name: &'static str, max_threads: usize) -> Workers {
        Workers {
            name,
            max_threads,
            queue: Arc::default(),
            #[cfg(test)]
            lacks_threads: false.into(),
        }
    }

    /// Runs the job on a new thread, or on the first thread that is free. Fails if no thread runs and none can be started.
    pub fn run(&self, job: impl FnOnce() + Send + 'static) -> io::Result<()> {
        self.add(Box::new(job), |threads| threads > 0)
    }

    /// Like [`Workers::run`], but also fails if threads run, one more is allowed, and it cannot be started.
    pub fn run_now(&self, job: impl FnOnce() + Send + 'static) -> io::Result<()> {
        self.add(Box::new(job), |_| false)
    }

    /// `may_wait` gets the number of threads, and returns whether the job may wait for one of them if none can be started.
    fn add(&self, job: Job, may_wait: impl FnOnce(usize) -> bool) -> io::Result<()> {
        let mut queue = self.queue.lock();
        queue.jobs.push_back(job);
        if queue.threads == self.max_threads {
            return Ok(());
        }
        let jobs = Arc::clone(&self.queue);
        let thread = thread::Builder::new().name(self.name.to_owned());
        #[cfg(test)]
        let thread = match self.lacks_threads.load(std::sync::atomic::Ordering::SeqCst) {
            true => thread.stack_size(isize::MAX as usize), // more memory than any system has
            false => thread,
        };
        match with_signals_blocked(|| thread.spawn(move || work(&jobs))) {
            Ok(_) => queue.threads += 1,
            // A running thread takes the job.
            Err(_) if may_wait(queue.threads) => {}
            Err(error) => {
                queue.jobs.pop_back();
                return Err(error);
            }
        }
        Ok(())
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        let dropped = std::mem::take(&mut self.queue.lock().jobs);
        drop(dropped); // after the lock is released: a job may have the last reference to an object of the host
    }
}

fn work(queue: &Mutex<Queue>) {
    loop {
        let job = {
            let mut queue = queue.lock();
            let Some(job) = queue.jobs.pop_front() else {
                queue.threads -= 1;
                queue.jobs = VecDeque::new(); // frees its memory
                return;
            };
            job
        };
        // A job catches and reports its own panics. This protects the thread, so that it can run the next job.
        let _ = panics::catch(job);
        // In a child that a hook of the host has forked, the lock may belong to a thread that does not exist there.
        if fork::is_child() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;
    use std::time::Duration;

    const SOON: Duration = Duration::from_secs(10);

    #[test]
    fn jobs_wait_for_a_free_thread_and_threads_end() {
        let workers = Workers::new("test", 2);
        let (done, results) = channel();
        let gates: Vec<_> = (0..3)
            .map(|number| {
                let (open, gate) = channel::<()>();
                let done = done.clone();
                workers
                    .run(move || {
                        let _ = gate.recv_timeout(SOON);
                        done.send(number).unwrap();
                    })
                    .unwrap();
                open
            })
            .collect();
        assert_eq!(workers.queue.lock().threads, 2);
        gates[1].send(()).unwrap();
        assert_eq!(results.recv_timeout(SOON), Ok(1));
        gates[2].send(()).unwrap(); // the third job runs on the thread of the second
        assert_eq!(results.recv_timeout(SOON), Ok(2));
        gates[0].send(()).unwrap();
        assert_eq!(results.recv_timeout(SOON), Ok(0));
        let queue = Arc::clone(&workers.queue);
        drop(workers);
        drop(done);
        assert!(results.recv_timeout(SOON).is_err()); // both threads have dropped their jobs
        assert!(queue.lock().jobs.is_empty());
    }
}
