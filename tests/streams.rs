//! Streams against plain recomputation: whatever is reset, forked, forgotten and evicted, an output is never wrong.

use proptest::prelude::*;
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use streamcache::{Begin, Cache, ErrorKind, Filter, Flags, Options, PutOptions, Stepped, Stream, digest};

const LONG: Duration = Duration::from_secs(30);

/// The model: any chunk changes the state, and the output depends on both and on what was trained.
fn model(trained: u8, state: &[u8], chunk: u8) -> (Vec<u8>, Vec<u8>) {
    let mixed = |salt: u8| digest::chunk(&[state, &[trained, chunk, salt]].concat()).0.to_vec();
    (mixed(0), mixed(1).repeat(2))
}

fn filter(max_bytes: u64) -> (Arc<Cache>, Arc<Filter>) {
    let cache = Cache::open(&Options { max_bytes, ..Options::default() }).unwrap();
    let filter = Filter::open(&cache, "f", digest::config_bytes(b"c"), true).unwrap();
    filter.load_state_digest(digest::state(&[0])).unwrap();
    (cache, filter)
}

/// A stream, and what it must be.
struct Run {
    stream: Arc<Stream>,
    state: Vec<u8>,
    trained: u8,
    known: bool,
    position: u64,
}

impl Run {
    fn open(filter: &Arc<Filter>, trained: u8) -> Self {
        let stream = Stream::open(filter, b"initial").unwrap();
        Self { stream, state: b"initial".to_vec(), trained, known: true, position: 0 }
    }

    /// One chunk, through the stream as an engine does it; says whether it hit.
    fn feed(&mut self, chunk: u8, tells_next: bool, flags: Flags) -> bool {
        let (output, next) = model(self.trained, &self.state, chunk);
        let begun = self.stream.begin(&digest::chunk(&[chunk]), LONG, flags).unwrap();
        let (begun, bypassed) = match begun {
            Stepped::Begun(begun) => (begun, false),
            Stepped::Bypassed(begun) => (begun, true),
        };
        assert_eq!(bypassed, !self.known);
        let hit = match begun {
            Begin::Hit(value) => {
                assert_eq!(value.bytes(), output);
                true
            }
            Begin::Fill(ticket) => {
                if self.known {
                    assert_eq!(self.stream.state().unwrap().0.bytes(), self.state);
                }
                let again = self.stream.begin(&digest::chunk(&[chunk]), Duration::ZERO, flags).unwrap();
                assert!(matches!(again, Stepped::Begun(Begin::Busy)), "one step at a time");
                let put = ticket.commit_step(&output, tells_next.then_some(&next[..]), &PutOptions::default()).unwrap();
                assert_eq!(put.value.unwrap().bytes(), output);
                assert!(!put.stored || (tells_next && !bypassed));
                self.known = tells_next;
                false
            }
            other => panic!("{other:?}"),
        };
        self.state = next;
        self.position += 1;
        self.check();
        hit
    }

    fn check(&self) {
        assert_eq!(self.stream.position().unwrap(), self.position);
        match self.stream.state() {
            Ok((value, digest)) => {
                assert!(self.known);
                assert_eq!((value.bytes(), digest), (&self.state[..], digest::chunk(&self.state)));
            }
            Err(error) => assert_eq!((error.kind(), self.known), (ErrorKind::NoState, false)),
        }
        assert_eq!(self.stream.digest().is_ok(), self.known);
    }
}

#[derive(Clone, Debug)]
enum Step {
    Feed { run: usize, chunk: u8, tells_next: bool, flags: Flags },
    Abort { run: usize, chunk: u8 },
    Reset { run: usize, given: bool },
    Fork { run: usize },
    Forget { run: usize },
    Swap,
    Purge,
}

fn step() -> impl Strategy<Value = Step> {
    let run = 0usize..3;
    let flags = prop_oneof![8 => Just(Flags::default()), 1 => Just(Flags::BYPASS), 1 => Just(Flags::REFRESH), 1 => Just(Flags::READ_ONLY)];
    prop_oneof![
        20 => (run.clone(), 0u8..3, prop::bool::weighted(0.95), flags)
            .prop_map(|(run, chunk, tells_next, flags)| Step::Feed { run, chunk, tells_next, flags }),
        1 => (run.clone(), 0u8..3).prop_map(|(run, chunk)| Step::Abort { run, chunk }),
        4 => (run.clone(), prop::bool::weighted(0.3)).prop_map(|(run, given)| Step::Reset { run, given }),
        1 => run.clone().prop_map(|run| Step::Fork { run }),
        1 => run.prop_map(|run| Step::Forget { run }),
        1 => Just(Step::Swap),
        1 => Just(Step::Purge),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn a_stream_never_answers_what_recomputation_would_not(ample: bool, steps in prop::collection::vec(step(), 1..120)) {
        let (cache, filter) = filter(if ample { 1 << 24 } else { 8192 });
        let mut trained = 0;
        let mut runs = vec![Run::open(&filter, 0)];
        for step in steps {
            match step {
                Step::Feed { run, chunk, tells_next, flags } => {
                    let count = runs.len();
                    runs[run % count].feed(chunk, tells_next, flags);
                }
                Step::Abort { run, chunk } => {
                    let run = &runs[run % runs.len()];
                    let begun = run.stream.begin(&digest::chunk(&[chunk]), LONG, Flags::REFRESH).unwrap();
                    drop(begun); // its ticket, unless it is busy
                    run.check();
                }
                Step::Reset { run, given } => {
                    let count = runs.len();
                    let run = &mut runs[run % count];
                    run.stream.reset(given.then_some(&b"given"[..])).unwrap();
                    let state = if given { b"given".to_vec() } else { b"initial".to_vec() };
                    (run.state, run.known, run.position, run.trained) = (state, true, 0, trained);
                    run.check();
                }
                Step::Fork { run } => {
                    let run = &runs[run % runs.len()];
                    let stream = run.stream.fork().unwrap();
                    let Run { state, trained, known, position, .. } = run;
                    let fork = Run { stream, state: state.clone(), trained: *trained, known: *known, position: *position };
                    fork.check();
                    if runs.len() == 3 {
                        runs.remove(0);
                    }
                    runs.push(fork);
                }
                Step::Forget { run } => {
                    let count = runs.len();
                    let run = &mut runs[run % count];
                    run.stream.forget().unwrap();
                    run.known = false;
                    run.check();
                }
                Step::Swap => {
                    trained = 1 - trained;
                    filter.load_state_digest(digest::state(&[trained])).unwrap();
                }
                Step::Purge => cache.purge().unwrap(),
            }
            prop_assert!(cache.stats().bytes <= cache.stats().max_bytes);
        }
        drop(runs);
        cache.purge().unwrap();
        let stats = cache.stats();
        prop_assert_eq!((stats.open_tickets, stats.detached_bytes, stats.state_bytes, stats.leased_bytes), (0, 0, 0, 0));
    }
}

#[test]
fn a_replay_from_a_reset_hits_every_step_and_a_longer_one_goes_on() {
    let (cache, filter) = filter(1 << 24);
    let mut first = Run::open(&filter, 0);
    assert!((0..20).all(|chunk| !first.feed(chunk, true, Flags::default())));
    let mut second = Run::open(&filter, 0);
    assert!((0..20).all(|chunk| second.feed(chunk, true, Flags::default())));
    assert_eq!(first.stream.digest().unwrap(), second.stream.digest().unwrap());
    assert!(!second.feed(0, true, Flags::default()), "no one has been here");
    assert!(!first.feed(1, true, Flags::default()), "the same state, another chunk");
    assert_ne!(first.stream.digest().unwrap(), second.stream.digest().unwrap());
    assert_eq!((cache.stats().hits, cache.stats().misses), (20, 22));
}

#[test]
fn a_ticket_that_outlives_a_reset_is_stored_and_moves_nothing() {
    let (_cache, filter) = filter(1 << 24);
    let mut run = Run::open(&filter, 0);
    let Stepped::Begun(Begin::Fill(ticket)) = run.stream.begin(&digest::chunk(&[1]), LONG, Flags::default()).unwrap()
    else {
        panic!("nothing is there");
    };
    run.stream.reset(Some(b"elsewhere")).unwrap();
    let (output, next) = model(0, b"initial", 1);
    assert!(ticket.commit_step(&output, Some(&next), &PutOptions::default()).unwrap().stored);
    run.state = b"elsewhere".to_vec();
    run.check();
    run.stream.reset(None).unwrap();
    run.state = b"initial".to_vec();
    assert!(run.feed(1, true, Flags::default()), "what the ticket stored");
}

#[test]
fn streams_of_many_threads_share_their_steps() {
    let (cache, filter) = filter(1 << 24);
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let filter = Arc::clone(&filter);
            thread::spawn(move || {
                let mut run = Run::open(&filter, 0);
                (0..100).for_each(|chunk| {
                    let (output, next) = model(0, &run.state, chunk);
                    match run.stream.begin(&digest::chunk(&[chunk]), LONG, Flags::default()).unwrap() {
                        Stepped::Begun(Begin::Hit(value)) => assert_eq!(value.bytes(), output),
                        Stepped::Begun(Begin::Fill(ticket)) => {
                            assert!(ticket.commit_step(&output, Some(&next), &PutOptions::default()).unwrap().stored);
                        }
                        other => panic!("{other:?}"),
                    }
                    run.state = next;
                    run.position += 1;
                    run.check();
                });
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!((cache.stats().misses, cache.stats().lookups()), (100, 800));
}

fn fill(stream: &Stream, chunk: u8) -> Arc<streamcache::Ticket> {
    match stream.begin(&digest::chunk(&[chunk]), LONG, Flags::default()).unwrap() {
        Stepped::Begun(Begin::Fill(ticket)) => ticket,
        other => panic!("not this stream's to compute: {other:?}"),
    }
}

/// A next state without room in the budget would live outside it as long as its output is stored.
#[test]
fn a_step_whose_next_state_has_no_room_is_not_stored() {
    let (cache, filter) = filter(1 << 20);
    let stream = Stream::open(&filter, b"initial").unwrap();
    for chunk in 0..20 {
        stream.reset(None).unwrap();
        let next = vec![chunk; 2 << 20];
        let put = fill(&stream, chunk).commit_step(b"output", Some(&next), &PutOptions::default()).unwrap();
        assert!(!put.stored);
        assert_eq!(stream.state().unwrap().0.bytes(), next, "the stream has moved on all the same");
    }
    stream.reset(None).unwrap();
    let stats = cache.stats();
    assert_eq!((stats.detached_bytes, stats.entries, stats.leased_bytes), (0, 0, 0));
}

/// The swap trap of recurrent states: another thread resets the stream between the begin and the reading of its state.
#[test]
fn a_tickets_state_is_the_one_its_key_names_whatever_became_of_the_stream() {
    let (_cache, filter) = filter(1 << 24);
    let stream = Stream::open(&filter, b"zero").unwrap();
    fill(&stream, 1).commit_step(b"o1", Some(b"one"), &PutOptions::default()).unwrap();
    let ticket = fill(&stream, 2);
    stream.reset(None).unwrap();
    assert_eq!(stream.state().unwrap().0.bytes(), b"zero");
    let (state, digest_of_state) = ticket.step_state().unwrap();
    assert_eq!((state.bytes(), digest_of_state), (&b"one"[..], digest::chunk(b"one")));
    let plain = filter.begin(&digest::chunk(b"x"), LONG, Flags::default()).unwrap();
    let Begin::Fill(plain) = plain else { panic!("missing") };
    assert_eq!(plain.step_state().unwrap_err().kind(), ErrorKind::NoState);
}

/// Who waits at a state it knows must not come out without one.
#[test]
fn who_waits_for_a_step_without_a_next_state_computes_it_from_its_own() {
    let (_cache, filter) = filter(1 << 24);
    let (careless, waiting) = (Stream::open(&filter, b"0").unwrap(), Stream::open(&filter, b"0").unwrap());
    let ticket = fill(&careless, 1);
    let waiter = thread::spawn(move || {
        fill(&waiting, 1).commit_step(b"output", Some(b"1"), &PutOptions::default()).unwrap();
        waiting.state().unwrap().0.bytes().to_vec()
    });
    thread::sleep(Duration::from_millis(50));
    assert!(!ticket.commit_step(b"output", None, &PutOptions::default()).unwrap().stored);
    assert_eq!(waiter.join().unwrap(), b"1");
    assert!(careless.state().is_err());
}

/// A step's key is known to whoever holds its ticket: what is put there has no next state, and moves no stream on.
#[test]
fn what_was_put_under_a_steps_key_moves_no_stream_on() {
    let (cache, filter) = filter(1 << 24);
    let stream = Stream::open(&filter, b"0").unwrap();
    let ticket = fill(&stream, 1);
    let key = *ticket.key();
    drop(ticket);
    assert!(cache.put(&key, b"put", &PutOptions::default()).unwrap().stored);
    fill(&stream, 1).commit_step(b"output", Some(b"1"), &PutOptions::default()).unwrap();
    assert_eq!(stream.state().unwrap().0.bytes(), b"1");
    stream.reset(None).unwrap();
    let again = stream.begin(&digest::chunk(&[1]), LONG, Flags::default()).unwrap();
    assert!(matches!(again, Stepped::Begun(Begin::Hit(value)) if value.bytes() == b"output"));
}
