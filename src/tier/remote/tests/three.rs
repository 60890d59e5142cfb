//! A cluster of three servers, each with a third of the slots.

use super::server::{Folder, Server, free_port};
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

const SLOTS: usize = 16_384;

pub(super) struct Three(pub(super) Vec<Server>);

impl Three {
    /// `own`: more arguments for all of them.
    pub(super) fn start(program: &Path, own: &[&str]) -> Self {
        let servers: Vec<_> = (0..3)
            .map(|_| {
                let bus = free_port().to_string();
                let first = ["--cluster-enabled", "yes", "--cluster-port", &bus, "--cluster-config-file", "nodes.conf"];
                let more = ["--cluster-node-timeout", "2000", "--cluster-require-full-coverage", "no"];
                Server::start_on(program, free_port(), Folder::new(), &[&first[..], &more[..], own].concat())
            })
            .collect();
        let three = Self(servers);
        for (n, server) in three.0.iter().enumerate() {
            let (first, last) = (n * SLOTS / 3, (n + 1) * SLOTS / 3 - 1);
            three.cluster(n, &["ADDSLOTSRANGE", &first.to_string(), &last.to_string()]);
            three.cluster(n, &["SET-CONFIG-EPOCH", &(n + 1).to_string()]);
            if n > 0 {
                let bus = server.bus();
                three.cluster(0, &["MEET", "127.0.0.1", &server.port.to_string(), &bus]);
            }
        }
        let begun = Instant::now();
        while !(0..3).all(|n| three.is_whole(n)) {
            assert!(begun.elapsed() < Duration::from_secs(10), "the cluster does not become whole");
            sleep(Duration::from_millis(5));
        }
        three
    }

    fn is_whole(&self, n: usize) -> bool {
        let info: String = redis::cmd("CLUSTER").arg("INFO").query(&mut self.0[n].raw()).unwrap();
        info.contains("cluster_state:ok") && info.contains("cluster_slots_ok:16384")
    }

    pub(super) fn cluster(&self, n: usize, command: &[&str]) {
        let () = redis::cmd("CLUSTER").arg(command).query(&mut self.0[n].raw()).unwrap();
    }

    pub(super) fn id(&self, n: usize) -> String {
        redis::cmd("CLUSTER").arg("MYID").query(&mut self.0[n].raw()).unwrap()
    }

    pub(super) fn entries(&self, n: usize) -> usize {
        redis::cmd("DBSIZE").query(&mut self.0[n].raw()).unwrap()
    }
}
