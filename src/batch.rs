//! Batches: many chunks looked up at once. What is missing shrinks to one ticket a distinct key; what others compute
//! comes back pending, and is waited for once this batch's own work is done.

use crate::cache::{Begun, Cache, LookedMany as Looked, Many};
use crate::call::{Flags, PutOptions};
use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::flight::{Seats, Turn, Watch};
use crate::last_commit::LastCommit;
use crate::lock::Mutex;
use crate::named::Bound;
use crate::process::deadline_in;
use crate::stats::FilterUse;
use crate::ticket::{Origin, Phase, Ticket};
use crate::value::Value;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

/// One chunk of a batch, as it stands.
#[derive(Clone, Debug)]
pub enum Item {
    /// It has its result, or a rejection.
    Here(Value),
    /// It is missing, and this batch's to compute.
    Fill(Arc<Ticket>),
    /// Another caller computes it.
    Pending,
    /// It has the key of an earlier item, and will have its result.
    SameAs(usize),
    /// This batch gave it up, or the earlier item of its key.
    Aborted,
}

#[derive(Debug)]
enum Slot {
    Here(Value),
    Fill(Arc<Ticket>),
    Pending(Watch<Value>),
    SameAs(usize),
}

/// Why waiting for a batch ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    /// Nothing is pending any more.
    Done,
    /// The batch became the owner of an item: its former one gave up.
    Fill,
    /// The time was up.
    Busy,
}

/// Chunks that were looked up together. Dropping it gives up what it has not committed.
#[derive(Debug)]
pub struct Batch {
    cache: Arc<Cache>,
    bound: Arc<Bound>,
    counted: Arc<FilterUse>,
    flags: Flags,
    last: Arc<LastCommit>,
    slots: Mutex<Vec<Slot>>,
}

impl Batch {
    /// Looks the results of `chunks` up under the state of `bound`, without waiting for anyone.
    pub(crate) fn begin(
        cache: &Arc<Cache>, bound: Arc<Bound>, counted: &Arc<FilterUse>, chunks: &[Digest], flags: Flags,
    ) -> Result<Arc<Self>> {
        let last = Arc::new(LastCommit::none_yet());
        let keys = bound.name.keys(chunks);
        let Looked { found, missing } = cache.begin_many(&keys, bound.name.tag, flags)?;
        let (cache, counted) = (Arc::clone(cache), Arc::clone(counted));
        counted.counters.found(&found);
        let mut batch = Self { cache, bound, counted, flags, last, slots: Mutex::default() };
        // What is missing has its place below.
        let mut slots: Vec<Slot> = found.into_iter().map(|found| found.map_or(Slot::SameAs(0), Slot::Here)).collect();
        for (at, one) in missing {
            slots[at] = match one {
                Many::Begun(begun) => {
                    begun.count(&batch.counted.counters, flags);
                    batch.slot(begun)
                }
                Many::Pending(watch) => Slot::Pending(watch),
                Many::SameAs(first) => {
                    batch.counted.counters.coalesced(1);
                    Slot::SameAs(first)
                }
            };
        }
        batch.slots = Mutex::new(slots);
        Ok(Arc::new(batch))
    }

    /// Keeps what a lookup got.
    fn slot(&self, begun: Begun) -> Slot {
        match begun {
            Begun::Hit(value) | Begun::Coalesced(value) => Slot::Here(value),
            Begun::Fill(claim, epochs) => {
                let (bound, counted) = (Some(Arc::clone(&self.bound)), Some(Arc::clone(&self.counted)));
                let batch = Some(Arc::clone(&self.last));
                let origin = Origin { bound, counted, flags: self.flags, step: None, batch };
                Slot::Fill(Ticket::new(&self.cache, claim, epochs, origin))
            }
            Begun::Busy => unreachable!("only a lookup that waits is busy"),
        }
    }

    pub(crate) fn cache(&self) -> &Cache {
        &self.cache
    }

    /// How many chunks it has.
    pub fn count(&self) -> usize {
        self.slots.lock().len()
    }

    /// Gives each of the first `most` items as it stands now to `see`.
    pub(crate) fn each(&self, most: usize, mut see: impl FnMut(usize, &Item)) {
        let slots = self.slots.lock();
        for (at, slot) in slots.iter().enumerate().take(most) {
            let item = match slot {
                Slot::SameAs(first) => match item(&slots[*first]) {
                    done @ (Item::Here(_) | Item::Aborted) => done,
                    _ => Item::SameAs(*first),
                },
                slot => item(slot),
            };
            see(at, &item);
        }
    }

    /// The items as they stand now.
    pub fn items(&self) -> Vec<Item> {
        let mut items = Vec::new();
        self.each(usize::MAX, |_, item| items.push(item.clone()));
        items
    }

    /// Waits for what others compute, until nothing is pending, or this batch has become the owner of an item, or the
    /// time is up. Commit what is this batch's own first: others may wait for it.
    pub fn wait(&self, timeout: Duration) -> Result<Waited> {
        let deadline = deadline_in(timeout);
        self.cache.check_open()?;
        let pending = self.pending();
        if pending.is_empty() {
            return Ok(Waited::Done); // needs no memory
        }
        let mut seats = self.cache.seats(self.flags);
        pending.into_iter().for_each(|(at, watch)| seats.take(at, watch));
        while !seats.is_empty() {
            let turns = seats.wait(deadline);
            let time_is_up = turns.is_empty();
            let mut fills = self.settle_all(turns, &mut seats)?;
            if fills || time_is_up {
                let last = seats.leave();
                fills |= self.settle_all(last, &mut seats)?;
                // Another thread may have settled the rest.
                return Ok(match fills {
                    true => Waited::Fill,
                    false if self.pending().is_empty() => Waited::Done,
                    false => Waited::Busy,
                });
            }
        }
        Ok(Waited::Done)
    }

    fn pending(&self) -> Vec<(usize, Watch<Value>)> {
        let watch = |(at, slot): (usize, &Slot)| match slot {
            Slot::Pending(watch) => Some((at, watch.clone())),
            _ => None,
        };
        self.slots.lock().iter().enumerate().filter_map(watch).collect()
    }

    /// Goes on with items after a wait; says whether one is this batch's to compute now.
    fn settle_all(&self, turns: Vec<(usize, Turn<Value>)>, seats: &mut Seats<Value>) -> Result<bool> {
        let mut fills = false;
        for (at, turn) in turns {
            fills |= self.settle(at, turn, seats)?;
        }
        Ok(fills)
    }

    /// Another thread may have waited for the same item: what comes second is given up again, and not counted.
    fn settle(&self, at: usize, turn: Turn<Value>, seats: &mut Seats<Value>) -> Result<bool> {
        let key = match &self.slots.lock()[at] {
            Slot::Pending(watch) => *watch.key(),
            _ => return Ok(false),
        };
        let slot = match self.cache.go_on(turn, &key, self.bound.name.tag, self.flags)? {
            Many::Begun(begun) => self.slot(begun),
            Many::Pending(watch) => {
                seats.take(at, watch.clone());
                Slot::Pending(watch)
            }
            Many::SameAs(_) => unreachable!("one key is the same as no other"),
        };
        let fills = matches!(slot, Slot::Fill(_));
        let mut slots = self.slots.lock();
        let wins = matches!(slots[at], Slot::Pending(_));
        if wins && !matches!(slot, Slot::Pending(_)) {
            self.cache.count_settled(fills, self.flags);
            match fills {
                true => self.counted.counters.looked(self.flags.looks(), None),
                false => self.counted.counters.coalesced(1),
            }
        }
        let given_up = if wins { std::mem::replace(&mut slots[at], slot) } else { slot };
        drop(slots);
        drop(given_up);
        Ok(wins && fills)
    }

    /// Publishes one row for each of `items`, which must be this batch's to compute; None stands for all of those, in
    /// order, `count` of them. `row` gives their bytes. Says how many were stored, also when a row is refused: those
    /// before it are committed.
    pub(crate) fn commit<'a>(
        &self, items: Option<&[u32]>, count: usize, row: impl Fn(usize) -> &'a [u8], options: &PutOptions<'_>,
        stored: &mut usize,
    ) -> Result<()> {
        let tickets = self.open_tickets(items, count)?;
        let oldest = tickets.iter().map(|ticket| ticket.age()).max().unwrap_or_default();
        let each = oldest.as_nanos() as u64 / (tickets.len() as u64).max(1);
        let compute_ns = if options.compute_ns > 0 { options.compute_ns } else { each.max(1) };
        let options = PutOptions { compute_ns, ..*options };
        for (n, ticket) in tickets.iter().enumerate() {
            let put = ticket.commit_copy(row(n), &options)?;
            *stored += usize::from(put.stored);
        }
        Ok(())
    }

    fn open_tickets(&self, items: Option<&[u32]>, count: usize) -> Result<Vec<Arc<Ticket>>> {
        let slots = self.slots.lock();
        let open = |at: usize| match slots.get(at) {
            Some(Slot::Fill(ticket)) if ticket.is_open() => Some(Arc::clone(ticket)),
            _ => None,
        };
        let mut tickets = Vec::new();
        tickets.try_reserve_exact(items.map_or(slots.len(), <[u32]>::len))?;
        let Some(items) = items else {
            tickets.extend((0..slots.len()).filter_map(open));
            if tickets.len() != count {
                let all = tickets.len();
                return Err(Error::invalid(format!(
                    "{count} rows for the {all} items that are this batch's to compute"
                )));
            }
            return Ok(tickets);
        };
        let mut seen = HashSet::new();
        seen.try_reserve(items.len())?;
        for &at in items {
            let ticket = open(at as usize).filter(|_| seen.insert(at));
            let wrong = || Error::invalid(format!("item {at} is not this batch's to compute, or has two rows"));
            tickets.push(ticket.ok_or_else(wrong)?);
        }
        Ok(tickets)
    }
}

fn item(slot: &Slot) -> Item {
    match slot {
        Slot::Here(value) => Item::Here(value.clone()),
        Slot::Pending(_) => Item::Pending,
        Slot::SameAs(first) => Item::SameAs(*first),
        Slot::Fill(ticket) => match ticket.outcome() {
            (_, Some(value)) => Item::Here(value),
            (Phase::Aborted, None) => Item::Aborted,
            (_, None) => Item::Fill(Arc::clone(ticket)),
        },
    }
}
