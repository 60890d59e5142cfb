//! A real cluster of three nodes, one of which is unwell: the other two thirds go on as if nothing were.

use super::lateness::with_lateness;
use super::server::{Server, redis};
use super::three::Three;
use super::*;

const KEYS: usize = 120;

struct Fleet {
    three: Three,
    writer: Arc<Cache>,
    cache: Arc<Cache>,
    /// The node of each key.
    nodes: Vec<usize>,
}

impl Fleet {
    fn start(more: &[&str]) -> Option<Self> {
        let three = Three::start(&redis()?, more);
        let urls = || three.0.iter().map(|server| server.url().into()).collect();
        let options = || Options { remote_urls: urls(), ..Options::default() };
        let (writer, cache) = (Cache::open(&options()).unwrap(), forgetful(options()));
        fill(&writer, 0..KEYS);
        let mut raw = three.0[0].raw();
        let mut node = |n| {
            let slot: usize = redis::cmd("CLUSTER").arg("KEYSLOT").arg(name(&key(n))).query(&mut raw).unwrap();
            (0..3).find(|n| slot < (n + 1) * 16_384 / 3).unwrap()
        };
        let nodes = (0..KEYS).map(&mut node).collect();
        eventually("all is found", || (0..KEYS).all(|n| has(&cache, n)));
        Some(Self { three, writer, cache, nodes })
    }

    fn of(&self, is_one: impl Fn(usize) -> bool) -> Vec<usize> {
        (0..KEYS).filter(|&n| is_one(self.nodes[n])).collect()
    }

    /// Looks the other nodes' keys up for so long, and `its` now and then, which must all be misses.
    fn goes_on(&self, name: &str, bad: usize, time: Duration) {
        let (its, others) = (self.of(|node| node == bad), self.of(|node| node != bad));
        let (mut times, mut missed, mut its_times) = (Vec::new(), 0, Vec::new());
        let timed = |n| {
            let started = Instant::now();
            (has(&self.cache, n), started.elapsed())
        };
        // Until it rests a lookup of its own takes its deadline at most.
        let (longest, lateness) = with_lateness(|| its.iter().take(8).map(|&n| timed(n).1).max().unwrap());
        let allowed = DEADLINE + Duration::from_millis(5) + lateness.min(lateness::LATENESS);
        assert!(longest <= allowed, "{name}: {longest:?}, machine late by {lateness:?}");
        let since = Instant::now();
        for count in 0.. {
            if since.elapsed() > time {
                break;
            }
            let (found, took) = timed(others[count % others.len()]);
            missed += usize::from(!found);
            times.push(took);
            if count % 10 == 0 {
                let (found, took) = timed(its[count / 10 % its.len()]);
                assert!(!found, "{name}");
                its_times.push(took);
                let stats = remote(&self.cache);
                assert_eq!(stats.resting(), None, "{name}: the whole rests after {:?}", since.elapsed());
            }
            std::thread::sleep(Duration::from_micros(500));
        }
        times.sort();
        its_times.sort();
        let at = |times: &[Duration], percent: usize| times[(times.len() - 1) * percent / 100].as_secs_f64() * 1e3;
        println!(
            "| {name} | its own before it rests {:.1} ms | others {:.2} / {:.2} / {:.1} ms (p50, p99, max) of {}, {missed} \
             missed | its own {:.2} / {:.1} ms (p50, max) |",
            longest.as_secs_f64() * 1e3,
            at(&times, 50),
            at(&times, 99),
            at(&times, 100),
            times.len(),
            at(&its_times, 50),
            at(&its_times, 100),
        );
        assert!(missed * 200 <= times.len(), "{name}: {missed} of {} were not found", times.len());
        assert!(at(&times, 50) < 5.0 && at(&times, 99) < 25.0, "{name}: {} ms", at(&times, 99));
    }

    fn recovers(&self) {
        eventually("all is there again", || {
            (0..KEYS).for_each(|n| put(&self.writer, n));
            self.writer.flush(SOON).unwrap() && (0..KEYS).all(|n| has(&self.cache, n))
        });
        assert_eq!(remote(&self.cache).resting(), None);
    }
}

#[test]
fn a_node_that_is_paused_rests_alone() {
    paused(Duration::from_secs(4)); // its first rests
}

#[test]
#[ignore = "takes 40 s; script/test --full runs it"]
fn a_node_that_is_paused_rests_alone_for_long() {
    paused(Duration::from_secs(40));
}

fn paused(time: Duration) {
    let Some(fleet) = Fleet::start(&[]) else { return };
    fleet.three.0[0].pause();
    fleet.goes_on(&format!("a node of a cluster paused for {time:?}"), 0, time);
    fleet.three.0[0].go_on();
    fleet.recovers();
    // All of them: now the whole rests, and comes back.
    fleet.three.0.iter().for_each(Server::pause);
    eventually("the whole rests", || {
        (0..9).for_each(|n| assert!(has(&fleet.cache, n) || n < KEYS));
        remote(&fleet.cache).resting().is_some()
    });
    fleet.three.0.iter().for_each(Server::go_on);
    fleet.recovers();
}

#[test]
fn a_node_that_answers_with_errors_rests_alone() {
    let delay = ["--key-load-delay", "80000", "--loading-process-events-interval-bytes", "1024"];
    let Some(mut fleet) = Fleet::start(&[&delay[..], &["--maxmemory-policy", "noeviction"]].concat()) else { return };
    // Full: the others take what is theirs.
    let limit = |value: &str| {
        let () =
            redis::cmd("CONFIG").arg("SET").arg("maxmemory").arg(value).query(&mut fleet.three.0[0].raw()).unwrap();
    };
    limit("1");
    let others = fleet.of(|node| node != 0).len() as u64;
    for _ in 0..5 {
        let before = remote(&fleet.writer).written();
        (0..KEYS).for_each(|n| put(&fleet.writer, n));
        assert!(fleet.writer.flush(SOON).unwrap());
        assert_eq!(remote(&fleet.writer).written() - before, others);
        assert_eq!(remote(&fleet.writer).resting(), None);
    }
    let found = (0..KEYS).filter(|&n| has(&fleet.cache, n)).count();
    assert!(found + 2 >= KEYS, "lookups go on: {found}");
    limit("0");
    fleet.recovers();
    // Loading its data, for some seconds.
    let () = redis::cmd("SAVE").query(&mut fleet.three.0[0].raw()).unwrap();
    fleet.three.0[0].restart();
    fleet.goes_on("a node of a cluster loading", 0, Duration::from_secs(2));
    fleet.recovers();
}
