//! The thread that asks the server for engines' threads: whatever waits for it goes out in one pipeline, what has
//! nobody who waits any more is dropped unsent, and a rest ends with this thread's probe, not with an engine's request.

use super::batch::Batch;
use super::fault::Fault;
use super::replies::Reply;
use super::request::{Request, Verb};
use super::servers::{Answer, Servers};
use super::shared::Shared;
use crate::log::{self, Level};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Commands in one pipeline: what a server has to keep in memory for us meanwhile.
const PIPELINE: usize = 256;
/// The longest this thread waits for a reply, whatever the one who asked allows: others wait behind.
const LONGEST: Duration = Duration::from_secs(5);

/// The requests of a turn. Who waits for one is told its end whatever happens, a panic too.
struct Turn(Vec<Arc<Request>>);

impl Drop for Turn {
    fn drop(&mut self) {
        let panicked = std::thread::panicking();
        for request in &self.0 {
            if panicked {
                request.failed(Fault::Panic);
            }
            request.end();
        }
    }
}

/// Until the store is closed.
pub(super) fn run(shared: &Shared) {
    let mut servers = None;
    while !shared.settings.is_closed() {
        if catch_unwind(AssertUnwindSafe(|| turns(shared, &mut servers))).is_err() {
            servers = None; // whatever state its connections are in
            log::say(Level::Error, "remote", || "a panic was contained; please report it".into());
            shared.tell(shared.rest(&shared.reads, "lookups", &Fault::Panic)); // also where the probe panicked
        }
    }
    for request in shared.queue.change(std::mem::take).requests {
        request.failed(Fault::Closed);
        request.end();
    }
}

fn turns(shared: &Shared, servers: &mut Option<Servers>) {
    let servers = servers.get_or_insert_with(|| {
        let mut servers = Servers::new(&shared.settings);
        // The first connection is made before anyone waits for it. A server that isn't there rests from the start.
        if let Err(fault) = servers.probe(Instant::now() + shared.settings.connect_timeout) {
            shared.tell(shared.rest(&shared.reads, "lookups", &fault));
        }
        servers
    });
    let mut all_rest = false;
    while !shared.settings.is_closed() {
        let tend = servers.tend();
        if all_rest && shared.reads.rests() && servers.rests().is_none() {
            shared.recovered(&shared.reads, "lookups"); // a node does, before the whole was to be asked again
        }
        if shared.reads.probe() {
            match servers.probe(Instant::now() + shared.settings.connect_timeout) {
                Ok(()) => shared.recovered(&shared.reads, "lookups"),
                Err(fault) => shared.tell(shared.rest(&shared.reads, "lookups", &fault)),
            }
        }
        let wake = [shared.reads.due(), tend].into_iter().flatten().min();
        let queue = std::mem::take(&mut *shared.queue.wait(wake, |queue| queue.news || !queue.requests.is_empty()));
        turn(shared, servers, queue.requests);
        if let Some(fault) = servers.rests().filter(|_| !shared.reads.rests()) {
            all_rest = true;
            shared.tell(shared.rest(&shared.reads, "lookups", &fault));
        }
        all_rest &= shared.reads.rests();
        shared.count(&servers.failures());
    }
}

fn turn(shared: &Shared, servers: &mut Servers, waiting: Vec<Arc<Request>>) {
    let turn = Turn(waiting);
    // Each key of each request that someone still waits for.
    let mut commands = turn.0.iter().flat_map(|request| (0..request.keys.len()).map(move |place| (request, place)));
    loop {
        let mut asked = Vec::new();
        let now = Instant::now();
        for (request, place) in commands.by_ref() {
            if request.until <= now {
                request.failed(Fault::Late); // unsent: whoever asked is not to take it for done
                continue;
            }
            if let Some(why) = shared.reads.reason() {
                request.failed(Fault::Resting(why));
                continue;
            }
            asked.push((request, place));
            if asked.len() == PIPELINE.min(shared.pace.keys_at_once()) {
                break;
            }
        }
        let Some(until) = asked.iter().map(|(request, _)| request.until).max() else { return };
        let mut answered = vec![false; asked.len()];
        let mut ask = |servers: &mut Servers| {
            let batch = batch(shared, servers.gathers(), &asked);
            servers.ask(&batch, until.min(now + LONGEST), &mut |n, answer| {
                let (request, place) = asked[n];
                answered[n] = true;
                deliver(shared, request, place, answer);
            })
        };
        let gathered = servers.gathers();
        let mut result = ask(servers);
        if gathered && !servers.gathers() {
            result = ask(servers); // it has refused that, and keeps the rest of the time
        }
        if let Err(fault) = result {
            for ((request, _), _) in asked.iter().zip(answered).filter(|(_, answered)| !answered) {
                request.failed(fault.clone());
            }
        }
    }
}

fn batch(shared: &Shared, gathers: bool, asked: &[(&Arc<Request>, usize)]) -> Batch {
    let is_gathered = gathers && asked.len() > 1 && asked.iter().all(|(request, _)| request.verb == Verb::Get);
    let mut batch = if is_gathered { Batch::gathered(asked.len()) } else { Batch::new(shared.settings.cluster) };
    for (request, place) in asked {
        let name = shared.name(&request.keys[*place]);
        match request.verb {
            Verb::Get => batch.get(&name),
            Verb::Remove => batch.remove(&name),
        }
    }
    batch
}

fn deliver(shared: &Shared, request: &Request, place: usize, answer: Answer<'_>) {
    match answer {
        Ok(Reply::Bytes(bytes)) => {
            shared.pace.heard(bytes.len());
            request.found(place, bytes);
        }
        Ok(_) => {
            shared.pace.heard(0);
            request.answered();
        }
        Err(fault) if fault.concerns_one_entry() && request.verb == Verb::Get => {
            shared.tally.count(&fault);
            request.answered();
        }
        // A node of a cluster rests: its keys are misses, and the others' answers are answers.
        Err(Fault::Resting(_)) if request.verb == Verb::Get => request.answered(),
        Err(fault) if shared.settings.cluster && request.verb == Verb::Get => request.missed(fault),
        Err(fault) => request.failed(fault),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Config, request::Came};
    use super::*;
    use crate::digest::Digest;

    #[test]
    fn who_waits_is_told_of_a_panic() {
        let request = Arc::new(Request::new(Verb::Get, Vec::new(), Instant::now() + Duration::from_secs(60)));
        let turn = Turn(vec![request.clone()]);
        let thread = std::thread::spawn(move || {
            let _turn = turn;
            std::panic::resume_unwind(Box::new("no hook hears of it"));
        });
        assert_eq!(request.wait(), (Came::default(), Err(Fault::Panic)));
        assert!(thread.join().is_err());
    }

    #[test]
    fn what_was_not_sent_in_time_was_not_done() {
        let shared = Shared::new(&Config { urls: vec!["redis://127.0.0.1:1".into()], ..Config::default() }).unwrap();
        let mut servers = Servers::new(&shared.settings);
        for verb in [Verb::Remove, Verb::Get] {
            let request = Arc::new(Request::new(verb, vec![Digest([1; 32])], Instant::now()));
            turn(&shared, &mut servers, vec![request.clone()]);
            assert_eq!(request.wait(), (Came::default(), Err(Fault::Late)));
        }
        assert_eq!(shared.tally.faults(), 0);
    }
}
