//! A proxy that spoils what a real server replies.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::{sleep, spawn};
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Spoil {
    Nothing,
    /// So many bytes of a reply, then the end.
    Cut(usize),
    /// A byte of a reply each such time.
    Drip(Duration),
    /// Each reply later.
    Slow(Duration),
    /// This in place of replies, for ever if it is to be repeated.
    Garbage(&'static [u8], bool),
    /// The one, and then the other for ever.
    Endless(&'static [u8], &'static [u8]),
    /// The second in place of the first, once in what comes together.
    Instead(&'static [u8], &'static [u8]),
    /// Each reply twice.
    Twice,
    /// Requests vanish.
    Swallow,
    /// Of a reply that is longer, so many bytes, and nothing ever after.
    Stall(usize),
}

pub(super) struct Proxy {
    pub(super) port: u16,
    spoil: Arc<Mutex<Spoil>>,
}

impl Proxy {
    pub(super) fn before(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let spoil = Arc::new(Mutex::new(Spoil::Nothing));
        let mine = spoil.clone();
        spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(("127.0.0.1", server)) else { continue };
                client.set_nodelay(true).unwrap();
                server.set_nodelay(true).unwrap();
                let (requests, replies) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                let (one, other) = (mine.clone(), mine.clone());
                spawn(move || forward(requests, server, &one));
                spawn(move || spoiled(replies, client, &other));
            }
        });
        Self { port, spoil }
    }

    pub(super) fn set(&self, spoil: Spoil) {
        *self.spoil.lock().unwrap() = spoil;
    }
}

fn forward(mut from: TcpStream, mut to: TcpStream, spoil: &Mutex<Spoil>) {
    let mut buffer = [0; 65536];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        if *spoil.lock().unwrap() != Spoil::Swallow && to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}

fn spoiled(mut from: TcpStream, mut to: TcpStream, spoil: &Mutex<Spoil>) {
    let mut buffer = [0; 65536];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        let reply = &buffer[..count];
        let now = *spoil.lock().unwrap();
        let done = match now {
            Spoil::Nothing | Spoil::Swallow => to.write_all(reply),
            Spoil::Cut(at) => {
                let _ = to.write_all(&reply[..at.min(count)]);
                break;
            }
            Spoil::Drip(pause) => reply.chunks(1).try_for_each(|byte| {
                sleep(pause);
                to.write_all(byte)
            }),
            Spoil::Slow(pause) => {
                sleep(pause);
                to.write_all(reply)
            }
            Spoil::Garbage(bytes, endless) => loop {
                let done = to.write_all(bytes);
                if !endless || done.is_err() {
                    break done;
                }
            },
            Spoil::Endless(head, tail) => {
                let mut done = to.write_all(head);
                while done.is_ok() {
                    done = to.write_all(tail);
                }
                done
            }
            Spoil::Instead(from, by) => match reply.windows(from.len()).position(|bytes| bytes == from) {
                Some(at) => to.write_all(&[&reply[..at], by, &reply[at + from.len()..]].concat()),
                None => to.write_all(reply),
            },
            Spoil::Stall(at) if count > at => {
                let done = to.write_all(&reply[..at]);
                while let Ok(1..) = from.read(&mut buffer) {}
                done
            }
            Spoil::Stall(_) => to.write_all(reply),
            Spoil::Twice => to.write_all(reply).and_then(|()| to.write_all(reply)),
        };
        if done.is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}
