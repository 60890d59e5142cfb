//! How a ticket ends: with a value, whose memory comes from somewhere, or without one.

use super::{Moved, Open, Phase, Ticket};
use crate::budget::Reservation;
use crate::call::PutOptions;
use crate::description::Plan;
use crate::error::{Error, ErrorKind, Result};
use crate::memory::Put;
use crate::value::{Draft, Payload, Value};

/// Where the value of a commit comes from.
enum Source<'a> {
    Given(Payload<'a>),
    /// The first bytes of the ticket's buffer.
    Written(usize),
    Rejection(i32),
    /// A stream's output and next state, where that is known.
    Step(&'a [u8], Option<&'a [u8]>),
}

impl Ticket {
    /// Publishes a copy of `bytes`.
    pub fn commit_copy(&self, bytes: &[u8], options: &PutOptions<'_>) -> Result<Put> {
        self.commit(Source::Given(Payload::Copy(bytes)), options)
    }

    pub(crate) fn commit_payload(&self, payload: Payload<'_>, options: &PutOptions<'_>) -> Result<Put> {
        self.commit(Source::Given(payload), options)
    }

    /// Publishes the first `len` bytes of the buffer.
    pub(crate) fn commit_written(&self, len: usize, options: &PutOptions<'_>) -> Result<Put> {
        self.commit(Source::Written(len), options)
    }

    /// Publishes that there is no result, with a reason in the caller's own numbers. It stays in memory, for `ttl_ms`
    /// (0: as long as results do).
    pub fn commit_rejection(&self, code: i32, ttl_ms: u64) -> Result<Put> {
        if self.is_step {
            return Err(Error::invalid(
                "a stream's step can't be a rejection: abort the ticket, and the stream stays where it is",
            ));
        }
        self.commit(Source::Rejection(code), &PutOptions { ttl_ms, ..PutOptions::default() })
    }

    /// Publishes a stream's output together with its next state, None where that is not known, and moves it on.
    pub fn commit_step(&self, output: &[u8], next: Option<&[u8]>, options: &PutOptions<'_>) -> Result<Put> {
        if !self.is_step {
            return Err(Error::invalid("this ticket is no stream's: it has no next state"));
        }
        self.commit(Source::Step(output, next), options)
    }

    /// Gives the right up: a caller who waits gets it.
    pub fn abort(&self) -> Result<()> {
        self.cache.check_open()?;
        drop(self.take()?);
        self.ended(Phase::Aborted, None);
        Ok(())
    }

    /// A refused commit leaves the ticket open.
    fn commit(&self, source: Source<'_>, options: &PutOptions<'_>) -> Result<Put> {
        if self.is_step && !matches!(source, Source::Step(..)) {
            return Err(Error::invalid("this ticket is a stream's: commit its output and next state together"));
        }
        let mut open = self.take()?;
        let draft = self.draft(&mut open, source, options);
        let put = draft.and_then(|(draft, reserved, stores)| {
            self.cache.publish((&open.claim, open.epochs), draft, reserved, stores, self.flags)
        });
        match put {
            Ok(put) => Ok(self.land(open, put)),
            Err(refused) => {
                self.put_back(open);
                Err(refused)
            }
        }
    }

    fn draft<'a>(
        &self, open: &mut Open, source: Source<'a>, options: &PutOptions<'a>,
    ) -> Result<(Draft<'a>, Option<Reservation>, bool)> {
        self.cache.check_open()?;
        let capacity = open.buffer.as_ref().map(|(buffer, _)| buffer.capacity());
        let len = match &source {
            Source::Given(payload) => payload.len(),
            Source::Written(len) if capacity.is_some_and(|capacity| *len <= capacity) => *len,
            Source::Written(len) => {
                let capacity = capacity.map_or("this ticket has none".into(), |it| format!("it has {it}"));
                return Err(Error::invalid(format!("a commit of {len} bytes of the buffer: {capacity}")));
            }
            Source::Rejection(_) => 0,
            Source::Step(output, _) => output.len(),
        };
        let description = Plan::new(options.tensors, options.blob, len)?;
        let (mut reserved, mut companion, mut rejection, mut stores) = (None, None, None, self.flags.stores());
        let payload = match source {
            Source::Given(payload) => payload,
            Source::Written(_) => {
                let Some((mut buffer, bytes)) = open.buffer.take() else {
                    return Err(ErrorKind::InvalidArgument.into());
                };
                if let Err(refused) = buffer.shrink_to(len) {
                    open.buffer = Some((buffer, bytes));
                    return Err(refused);
                }
                reserved = Some(bytes);
                Payload::Written(buffer, len)
            }
            Source::Rejection(code) => {
                rejection = Some(code);
                Payload::Copy(&[])
            }
            Source::Step(output, next) => {
                // Without its next state, or room for that, a step is of no use to a stream that would go on from it.
                let made = next.map(|next| self.cache.companion(&self.key, next, stores)).transpose()?;
                stores = made.as_ref().is_some_and(|(_, fits)| *fits);
                companion = made.map(|(state, _)| state);
                // Digested before anyone finds it: each stream that moves on to it needs that.
                companion.as_ref().map(Value::content).transpose()?;
                Payload::Copy(output)
            }
        };
        let measured = || self.began(open).elapsed().as_nanos() as u64;
        let compute_ns = if options.compute_ns > 0 { options.compute_ns } else { measured().max(1) };
        let expires_ms = self.cache.expiry(options.ttl_ms);
        Ok((Draft { payload, description, compute_ns, expires_ms, companion, rejection, origin: 0 }, reserved, stores))
    }

    /// After the value is in memory, or could not be stored: gives it to those who wait.
    fn land(&self, mut open: Open, put: Put) -> Put {
        let Some(value) = &put.value else { unreachable!("a commit's put leases its value") };
        open.tell(Moved::On(value.companion().cloned()));
        if let Some(last) = &self.batch {
            last.is_now();
        }
        let fenced = !put.stored && open.claim.is_fenced();
        // A step without its next state is an answer for its owner alone: who waits at a state it knows would lose it.
        let landed = (!self.is_step || value.companion().is_some()) && open.claim.land(value);
        let phase = if put.stored || landed && !fenced || self.is_step { Phase::Committed } else { Phase::Fenced };
        self.ended(phase, Some(value.clone()));
        if let Some(counted) = self.counted.as_ref().filter(|_| put.stored) {
            counted.counters.stored();
        }
        put
    }
}
