//! An import: a file's envelopes one after the other, each proved before it is believed.

use super::{Job, Stop};
use crate::cache::{Cache, Entered, Entrance};
use crate::error::{Error, ErrorKind};
use crate::log::{self, Level};
use crate::tier::file::{Damage, FileReader, Next};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

const BUFFER: usize = 256 << 10;
/// How often it looks whether it goes on, while the stores' queues are full.
const STEP: Duration = Duration::from_millis(100);

pub(super) fn run(cache: &Cache, job: &Job, entrance: &Entrance, file: &File, path: &Path) -> Result<(), Stop> {
    let len = job.total_bytes.load(Relaxed);
    let damaged = |damage: Damage| {
        let kind = if matches!(damage, Damage::Memory) { ErrorKind::NoMemory } else { ErrorKind::Io };
        let (what, imported) = (damage.sentence(), job.entries.load(Relaxed));
        Error::new(kind, format!("{}: {what} ({imported} results were imported before)", path.display()))
    };
    let from = BufReader::with_capacity(BUFFER, file);
    let mut file = FileReader::new(from, len, cache.longest_envelope()).map_err(damaged)?;
    loop {
        job.go_on()?;
        let next = file.next().map_err(damaged)?;
        let is_end = next == Next::End;
        one(cache, entrance, job, next)?;
        job.bytes.store(len - file.left(), Relaxed);
        if is_end {
            break;
        }
    }
    let [entries, refused] = [&job.entries, &job.refused].map(|number| number.load(Relaxed));
    let level = if refused > 0 { Level::Warning } else { Level::Info };
    log::say(level, "import", || {
        let why = "did not check: they are damaged, expired, or of a cache with another secret";
        let refused = if refused > 0 { format!(", {refused} {why}") } else { String::new() };
        format!("{}: {entries} results imported{refused}", path.display())
    });
    Ok(())
}

fn one(cache: &Cache, entrance: &Entrance, job: &Job, next: Next<'_>) -> Result<(), Stop> {
    let entered = match next {
        Next::End => return Ok(()),
        Next::TooLong => {
            cache.check_open()?;
            Entered::NotStored
        }
        Next::Refused(_) => {
            cache.check_open()?;
            job.refused.fetch_add(1, Relaxed);
            return Ok(());
        }
        Next::Envelope(bytes) => match cache.open_envelope(bytes) {
            Err(_) => {
                cache.check_open()?;
                job.refused.fetch_add(1, Relaxed);
                return Ok(());
            }
            Ok(opened) => {
                while !entrance.has(&opened) && !entrance.wait_for_room(STEP) {
                    job.go_on()?;
                    cache.check_open()?;
                }
                entrance.put(&opened)?
            }
        },
    };
    let counter = match entered {
        Entered::Stored => &job.entries,
        Entered::WasThere | Entered::Forgotten => &job.left_out,
        Entered::NotStored => &job.not_stored,
        Entered::Expired => &job.refused,
    };
    counter.fetch_add(1, Relaxed);
    Ok(())
}
