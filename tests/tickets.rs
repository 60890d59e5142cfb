//! Tickets against a plain reference: whatever is begun, committed, given up, purged, removed, put and swapped, in
//! whatever order, and with a budget that is ample or one that evicts.

use proptest::prelude::*;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;
use streamcache::{Begin, Cache, Digest, ErrorKind, Filter, Flags, Options, Phase, PutOptions, Ticket, digest, ticket};

const CHUNKS: u8 = 3;
const STATES: u8 = 2;

#[derive(Clone, Copy, Debug)]
enum How {
    Copy,
    Rejection,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Begin {
        chunk: u8,
        flags: Flags,
    },
    /// By the key the filter would make.
    BeginKey {
        chunk: u8,
    },
    Commit {
        ticket: usize,
        how: How,
        len: usize,
    },
    Abort {
        ticket: usize,
    },
    Release {
        ticket: usize,
    },
    Put {
        chunk: u8,
        len: usize,
    },
    Remove {
        chunk: u8,
    },
    PurgeCache,
    PurgeFilter,
    Retire,
    Swap,
    Get {
        chunk: u8,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let chunk = 0..CHUNKS;
    let len = prop_oneof![0usize..200, 1000usize..3000];
    let flags = prop_oneof![
        5 => Just(Flags::default()),
        1 => Just(Flags::REFRESH),
        1 => Just(Flags::READ_ONLY),
        1 => Just(Flags::BYPASS),
        1 => Just(Flags::NO_WAIT),
    ];
    let how = prop_oneof![5 => Just(How::Copy), 1 => Just(How::Rejection)];
    prop_oneof![
        8 => (chunk.clone(), flags).prop_map(|(chunk, flags)| Step::Begin { chunk, flags }),
        2 => chunk.clone().prop_map(|chunk| Step::BeginKey { chunk }),
        8 => (0usize..6, how, len.clone()).prop_map(|(ticket, how, len)| Step::Commit { ticket, how, len }),
        2 => (0usize..6).prop_map(|ticket| Step::Abort { ticket }),
        2 => (0usize..6).prop_map(|ticket| Step::Release { ticket }),
        2 => (chunk.clone(), len).prop_map(|(chunk, len)| Step::Put { chunk, len }),
        1 => chunk.clone().prop_map(|chunk| Step::Remove { chunk }),
        1 => Just(Step::PurgeCache),
        1 => Just(Step::PurgeFilter),
        1 => Just(Step::Retire),
        2 => Just(Step::Swap),
        4 => chunk.prop_map(|chunk| Step::Get { chunk }),
    ]
}

type Name = (u8, u8); // state, chunk

#[derive(Clone, Debug, PartialEq)]
enum Stored {
    Bytes(Vec<u8>),
    Rejection(i32),
}

struct Held {
    ticket: Arc<Ticket>,
    name: Name,
    /// By a ready key: it knows no state.
    bare: bool,
    /// Nor does a filter's purge find it, unless its filter has asked for it, too.
    untagged: bool,
    /// Others wait for it, and a commit is stored.
    shared: bool,
    open: bool,
    fenced: bool,
    /// By a put, which ends it at once.
    overtaken: bool,
}

struct World {
    cache: Arc<Cache>,
    filter: Arc<Filter>,
    ample: bool,
    state: u8,
    loaded: BTreeSet<u8>,
    /// What a lookup may find; with an ample budget, what it must find.
    stored: HashMap<Name, (Stored, bool)>,
    tickets: Vec<Held>,
    count: u32,
}

impl World {
    fn new(ample: bool) -> Self {
        let max_bytes = if ample { 1 << 24 } else { 8192 };
        let cache = Cache::open(&Options { max_bytes, ..Options::default() }).unwrap();
        let filter = Filter::open(&cache, "f", digest::config_bytes(b"c"), true).unwrap();
        filter.load_state_digest(digest::state(&[0])).unwrap();
        let (stored, tickets) = (HashMap::new(), Vec::new());
        Self { cache, filter, ample, state: 0, loaded: BTreeSet::from([0]), stored, tickets, count: 0 }
    }

    fn chunk(chunk: u8) -> Digest {
        digest::chunk(&[chunk])
    }

    fn bytes(&mut self, len: usize) -> Vec<u8> {
        self.count += 1;
        self.count.to_le_bytes().into_iter().cycle().take(len).collect()
    }

    fn owner(&self, name: Name) -> Option<&Held> {
        self.tickets.iter().find(|held| held.name == name && held.open && held.shared && !held.fenced)
    }

    fn fence(&mut self, which: impl Fn(&Held) -> bool) {
        self.tickets.iter_mut().filter(|held| held.open && which(held)).for_each(|held| held.fenced = true);
    }

    fn check_found(&self, name: Name, value: &streamcache::Value) {
        let (stored, _) = self.stored.get(&name).expect("nothing was stored there");
        match stored {
            Stored::Bytes(bytes) => assert_eq!((value.bytes(), value.rejection()), (&bytes[..], None)),
            Stored::Rejection(code) => assert_eq!((value.bytes(), value.rejection()), (&[][..], Some(*code))),
        }
    }

    fn begun(&mut self, name: Name, flags: Flags, bare: bool, begun: Begin) {
        let looks = flags != Flags::REFRESH && flags != Flags::BYPASS;
        let busy = self.owner(name).is_some() && flags != Flags::BYPASS;
        match begun {
            Begin::Hit(value) | Begin::Rejected(value) => {
                assert!(looks);
                self.check_found(name, &value);
            }
            Begin::Busy => {
                assert!(busy, "no one computes it");
                // Asked for by its filter, it is the filter's from now on.
                let joined = |held: &&mut Held| held.name == name && held.open && held.shared && !held.fenced;
                self.tickets.iter_mut().filter(joined).for_each(|held| held.untagged &= bare);
            }
            Begin::Fill(ticket) => {
                assert!(!busy, "someone computes it already");
                assert!(!looks || !self.ample || !self.stored.contains_key(&name), "it is there");
                assert_eq!(ticket.phase(), Phase::Open);
                let shared = flags != Flags::BYPASS && flags != Flags::READ_ONLY;
                self.tickets.push(Held {
                    ticket,
                    name,
                    bare,
                    untagged: bare,
                    shared,
                    open: true,
                    fenced: false,
                    overtaken: false,
                });
            }
        }
    }

    fn put_in(&mut self, name: Name, stored: Stored, bare: bool, was_stored: bool) {
        if was_stored {
            self.stored.insert(name, (stored, bare));
        }
    }

    fn commit(&mut self, at: usize, how: How, len: usize) {
        let bytes = self.bytes(len);
        let Some(held) = self.tickets.get(at) else { return };
        let (name, bare) = (held.name, held.untagged);
        let code = self.count as i32;
        let put = match how {
            How::Copy => held.ticket.commit_copy(&bytes, &PutOptions::default()),
            How::Rejection => held.ticket.commit_rejection(code, 0),
        };
        if !held.open {
            assert_eq!(put.unwrap_err().kind(), ErrorKind::Ended);
            return;
        }
        let put = put.unwrap();
        let may = held.shared && !held.fenced;
        assert!(may || !put.stored, "it was fenced");
        assert!(!may || !self.ample || put.stored, "there is room");
        let value = put.value.unwrap();
        let stored = match how {
            How::Copy => Stored::Bytes(bytes),
            How::Rejection => Stored::Rejection(code),
        };
        let phase = if held.fenced { Phase::Fenced } else { Phase::Committed };
        assert_eq!(held.ticket.phase(), phase);
        self.tickets[at].open = false;
        self.put_in(name, stored.clone(), bare, put.stored);
        match stored {
            Stored::Bytes(bytes) => assert_eq!(value.bytes(), bytes),
            Stored::Rejection(code) => assert_eq!(value.rejection(), Some(code)),
        }
    }

    fn run(&mut self, step: Step) {
        let present = self.state;
        match step {
            Step::Begin { chunk, flags } => {
                let begun = self.filter.begin(&Self::chunk(chunk), Duration::ZERO, flags).unwrap();
                self.begun((present, chunk), flags, false, begun);
            }
            Step::BeginKey { chunk } => {
                let key = self.filter.key(&Self::chunk(chunk)).unwrap();
                let begun = ticket::begin_key(&self.cache, &key, Duration::ZERO, Flags::default()).unwrap();
                self.begun((present, chunk), Flags::default(), true, begun);
            }
            Step::Commit { ticket, how, len } => self.commit(ticket, how, len),
            Step::Abort { ticket } => {
                let Some(held) = self.tickets.get_mut(ticket) else { return };
                let aborted = held.ticket.abort();
                assert_eq!(aborted.is_ok(), held.open);
                held.open = false;
            }
            Step::Release { ticket } => {
                if ticket < self.tickets.len() {
                    self.tickets.remove(ticket);
                }
            }
            Step::Put { chunk, len } => {
                let (bytes, digest) = (self.bytes(len), Self::chunk(chunk));
                let key = self.filter.key(&digest).unwrap();
                let put = self.filter.put(&digest, Some(&key), &bytes, &PutOptions::default()).unwrap();
                let name = (present, chunk);
                let overtaken = |held: &&mut Held| put.stored && held.name == name && held.shared && held.open;
                for held in self.tickets.iter_mut().filter(overtaken) {
                    held.overtaken |= !held.fenced;
                    held.fenced = true;
                }
                self.put_in(name, Stored::Bytes(bytes), false, put.stored);
            }
            Step::Remove { chunk } => {
                let removed = self.filter.remove(&Self::chunk(chunk)).unwrap();
                let name = (present, chunk);
                assert!(self.stored.remove(&name).is_some() || !removed);
                self.fence(|held| held.name == name && held.shared);
            }
            Step::PurgeCache => {
                self.cache.purge().unwrap();
                self.stored.clear();
                self.fence(|_| true);
            }
            Step::PurgeFilter => {
                self.filter.purge().unwrap();
                self.stored.retain(|(state, _), (_, bare)| *state != present || *bare);
                self.fence(|held| held.name.0 == present && !held.untagged);
            }
            Step::Retire => {
                self.filter.retire().unwrap();
                let others: Vec<u8> = self.loaded.iter().copied().filter(|&state| state != present).collect();
                self.stored.retain(|(state, _), (_, bare)| !others.contains(state) || *bare);
                self.fence(|held| others.contains(&held.name.0) && !held.untagged);
            }
            Step::Swap => {
                self.state = (present + 1) % STATES;
                self.loaded.insert(self.state);
                self.filter.load_state_digest(digest::state(&[self.state])).unwrap();
            }
            Step::Get { chunk } => {
                let found = self.filter.get(&Self::chunk(chunk), Flags::default()).unwrap().value;
                match found {
                    Some(value) => self.check_found((present, chunk), &value),
                    None => assert!(!self.ample || !self.stored.contains_key(&(present, chunk))),
                }
            }
        }
    }

    fn check(&self) {
        let stats = self.cache.stats();
        let open = self.tickets.iter().filter(|held| held.open && !held.overtaken).count();
        assert_eq!(stats.open_tickets, open as u64);
        assert!(stats.bytes <= stats.max_bytes);
        for held in &self.tickets {
            let (state, chunk) = held.name;
            let fenced = held.open && held.fenced;
            assert_eq!(held.ticket.phase() == Phase::Fenced && held.open, fenced);
            if !held.bare {
                assert_eq!(held.ticket.state().unwrap().1, digest::state(&[state]), "the state its key names");
                let again = Filter::open(&self.cache, "g", digest::config_bytes(b"c"), true).unwrap();
                again.load_state_digest(digest::state(&[state])).unwrap();
                assert_eq!(*held.ticket.key(), again.key(&Self::chunk(chunk)).unwrap());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn tickets_do_what_the_reference_does(ample: bool, steps in prop::collection::vec(step(), 1..80)) {
        let mut world = World::new(ample);
        for step in steps {
            world.run(step);
            world.check();
        }
        let World { cache, tickets, .. } = world;
        drop(tickets);
        prop_assert_eq!(cache.stats().open_tickets, 0);
        cache.purge().unwrap();
        prop_assert_eq!(cache.stats().entries, 0);
    }
}
