//! A small cache of keys only, in one mode for ever: it shows what that mode would hit.

use super::contest::{MAX_USES, Mode, Queues, Search, Weights};
use super::past::Past;
use super::policy::{Passing, Queue};
use super::slab::NIL;
use super::worth::Worth;
use hashbrown::HashTable;

#[derive(Debug)]
struct Key {
    hash: u64,
    /// The next younger one of its queue; of a free one, the next free one.
    next: u32,
    uses: u8,
}

#[derive(Clone, Copy, Debug)]
struct Fifo {
    head: u32,
    tail: u32,
    len: u32,
}

impl Fifo {
    const EMPTY: Self = Self { head: NIL, tail: NIL, len: 0 };
}

#[derive(Debug)]
struct Keys {
    keys: Vec<Key>,
    free: u32,
    small: Fifo,
    main: Fifo,
}

#[derive(Debug)]
pub(super) struct Shadow {
    table: HashTable<u32>,
    queues: Keys,
    past: Past,
    mode: Mode,
}

impl Keys {
    fn len(&self) -> usize {
        (self.small.len + self.main.len) as usize
    }

    fn fifo(&mut self, queue: Queue) -> &mut Fifo {
        match queue {
            Queue::Small => &mut self.small,
            Queue::Main => &mut self.main,
        }
    }

    fn link(&mut self, queue: Queue, at: u32) {
        self.keys[at as usize].next = NIL;
        let fifo = self.fifo(queue);
        let old = std::mem::replace(&mut fifo.head, at);
        fifo.len += 1;
        match old {
            NIL => fifo.tail = at,
            old => self.keys[old as usize].next = at,
        }
    }

    fn unlink_tail(&mut self, queue: Queue) {
        let tail = self.fifo(queue).tail;
        let next = self.keys[tail as usize].next;
        let fifo = self.fifo(queue);
        fifo.len -= 1;
        fifo.tail = next;
        if next == NIL {
            fifo.head = NIL;
        }
    }

    /// Adds a key at a queue's head.
    fn push(&mut self, queue: Queue, hash: u64) -> u32 {
        let key = Key { hash, next: NIL, uses: 0 };
        let at = match self.free {
            NIL => {
                self.keys.push(key);
                self.keys.len() as u32 - 1
            }
            at => {
                self.free = self.keys[at as usize].next;
                self.keys[at as usize] = key;
                at
            }
        };
        self.link(queue, at);
        at
    }

    fn free_tail(&mut self, at: u32) {
        self.unlink_tail(if self.small.tail == at { Queue::Small } else { Queue::Main });
        self.keys[at as usize].next = self.free;
        self.free = at;
    }
}

impl Queues for Keys {
    fn weights(&self) -> Weights {
        let (small, main) = (u64::from(self.small.len), u64::from(self.main.len));
        Weights { small, main, entries: small + main }
    }

    fn main_len(&self) -> u32 {
        self.main.len
    }

    fn tail(&self, queue: Queue) -> Option<u32> {
        let tail = if queue == Queue::Small { self.small.tail } else { self.main.tail };
        (tail != NIL).then_some(tail)
    }

    fn before(&self, at: u32) -> Option<u32> {
        let next = self.keys[at as usize].next;
        (next != NIL).then_some(next)
    }

    fn weight(&self, _: u32) -> u64 {
        1
    }

    fn hash(&self, at: u32) -> u64 {
        self.keys[at as usize].hash
    }

    fn worth(&self, _: u32) -> Worth {
        Worth::UNKNOWN
    }

    fn uses(&mut self, at: u32) -> &mut u8 {
        &mut self.keys[at as usize].uses
    }

    fn passes(&mut self, _: u32, _: &mut Passing) -> bool {
        false
    }

    fn move_to_main(&mut self, from: Queue, at: u32) {
        self.unlink_tail(from);
        self.link(Queue::Main, at);
    }
}

impl Shadow {
    /// With room for `most` keys, a power of two, or None where the allocator refuses. 50 bytes each: the key 16, the
    /// table 20, the sketch 12, the ghost 2.
    pub(super) fn with_room(most: usize, mode: Mode, seed: u64) -> Option<Self> {
        let mut keys = Vec::new();
        keys.try_reserve_exact(most).ok()?;
        let mut table = HashTable::new();
        // Twice as many, so that what removals leave behind is cleared in place: a lookup allocates nothing.
        table.try_reserve(2 * most, |_| 0).ok()?;
        let mut past = Past::new(seed);
        past.grow(most).ok()?;
        Some(Self { table, queues: Keys { keys, free: NIL, small: Fifo::EMPTY, main: Fifo::EMPTY }, past, mode })
    }

    /// A lookup, and after a miss a put, at a capacity within the room; says whether it hit.
    pub(super) fn access(&mut self, hash: u64, capacity: usize) -> bool {
        let queues = &mut self.queues;
        if let Some(&at) = self.table.find(hash, |&at| queues.hash(at) == hash) {
            let uses = queues.uses(at);
            *uses = (*uses + 1).min(MAX_USES);
            return true;
        }
        self.past.set_entries(capacity);
        let mut arrival = self.past.arrive(hash);
        while queues.len() >= capacity {
            let mut passing = Passing::over_none();
            let Some(at) = Search::new(queues, &mut self.past, self.mode, &mut passing, 0).run(Some(&mut arrival))
            else {
                break;
            };
            if let Ok(found) = self.table.find_entry(queues.hash(at), |&n| n == at) {
                found.remove();
            }
            queues.free_tail(at);
        }
        let at = queues.push(arrival.queue, hash);
        self.table.insert_unique(hash, at, |&at| queues.hash(at));
        false
    }
}
