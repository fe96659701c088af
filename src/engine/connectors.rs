//! TLS connectors: one for equal settings, made off the engine, for it takes tens of milliseconds to read the trusted roots.

use super::workers::Workers;
use super::{Command, Link, Shared};
use crate::connection::Prepared;
use crate::connection::report::{Ending, Initiator};
use crate::error::Error;
use crate::transport::tls::{Connector, Settings};
use crate::{fault, panics};
use std::sync::Arc;

/// Connectors that are kept for later connections; those in use live on by themselves.
const KEPT: usize = 8;
/// Connectors made at a time.
const MAX_THREADS: usize = 2;

/// The connectors of a loop.
pub struct Connectors {
    workers: Workers,
    /// The one used last comes last.
    kept: Vec<(Arc<Settings>, Connector)>,
    /// Those being made, and who waits for them.
    awaited: Vec<(Arc<Settings>, Vec<Arc<Link>>)>,
    shared: Arc<Shared>,
}

impl Connectors {
    /// What is made goes to `shared`, as commands.
    pub fn new(shared: Arc<Shared>) -> Connectors {
        Connectors { workers: Workers::new("egret-ws-tls", MAX_THREADS), kept: Vec::new(), awaited: Vec::new(), shared }
    }

    /// The connector for these settings, if there is one; else it is being made, and `link` hears of it.
    pub fn ask(&mut self, settings: &Arc<Settings>, link: &Arc<Link>) -> Option<Prepared> {
        if let Some(at) = self.kept.iter().position(|(kept, _)| kept == settings) {
            let entry = self.kept.remove(at);
            let connector = entry.1.clone();
            self.kept.push(entry);
            return Some(Ok(connector));
        }
        if let Some((_, waiters)) = self.awaited.iter_mut().find(|(awaited, _)| awaited == settings) {
            waiters.push(Arc::clone(link));
            return None;
        }
        let (shared, wanted) = (Arc::clone(&self.shared), Arc::clone(settings));
        let begun = self.workers.run(move || {
            let made = panics::catch(|| {
                fault::point(fault::Place::Roots);
                Connector::build(&wanted)
            });
            let made = match made {
                Ok(made) => made.map_err(|why| Ending::new(Error::TlsOptions, Initiator::Local, why)),
                Err(panicked) => {
                    let _ = shared.command(Command::Panicked(format!("{panicked}, while trusted roots were read")));
                    Err(Ending::internal())
                }
            };
            // It fails if the engine has ended: then nobody waits.
            if shared.command(Command::Made(wanted, made)).is_ok() {
                shared.wake();
            }
        });
        match begun {
            Ok(()) => {
                self.awaited.push((Arc::clone(settings), vec![Arc::clone(link)]));
                None
            }
            Err(error) => Some(Err(Ending::io(Error::NoResources, "no thread to read the trusted roots", &error))),
        }
    }

    /// One was made, or could not be: who has waited for it?
    pub fn made(&mut self, settings: Arc<Settings>, made: &Prepared) -> Vec<Arc<Link>> {
        let Some(at) = self.awaited.iter().position(|(awaited, _)| *awaited == settings) else { return Vec::new() };
        let (_, waiters) = self.awaited.swap_remove(at);
        if let Ok(connector) = made {
            if self.kept.len() == KEPT {
                self.kept.remove(0);
            }
            self.kept.push((settings, connector.clone()));
        }
        waiters
    }
}
