//! Directories and files that are not as they should be.

use super::*;
use crate::process;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};

fn refused(scratch: &Scratch, word: &str) {
    let error = Disk::open(&config(&scratch.0, None)).unwrap_err();
    assert!(error.message().contains(word), "{error}");
    assert_eq!(error.kind(), crate::ErrorKind::Io);
}

#[test]
fn only_this_user_reads_what_is_made() {
    let scratch = Scratch::new("modes");
    let disk = scratch.open();
    put(&disk, 1, 100);
    assert_eq!(fs::metadata(&scratch.0).unwrap().mode() & 0o777, 0o700);
    let files: Vec<_> = fs::read_dir(&scratch.0).unwrap().map(|file| file.unwrap()).collect();
    assert_eq!(files.len(), 3);
    for file in files {
        assert_eq!(file.metadata().unwrap().mode() & 0o777, 0o600, "{file:?}");
    }
}

#[test]
fn a_directory_that_others_may_write_to_is_refused() {
    let scratch = Scratch::new("open-to-all");
    fs::create_dir(&scratch.0).unwrap();
    fs::set_permissions(&scratch.0, Permissions::from_mode(0o770)).unwrap();
    refused(&scratch, "chmod 700");
    fs::set_permissions(&scratch.0, Permissions::from_mode(0o755)).unwrap();
    drop(scratch.open());
}

#[test]
fn planted_files_are_refused() {
    let made = |name: &str| {
        let scratch = Scratch::new(name);
        drop(scratch.open());
        scratch
    };
    let scratch = made("open-file");
    let file = scratch.0.join("streamcache.db");
    fs::set_permissions(&file, Permissions::from_mode(0o666)).unwrap();
    refused(&scratch, "may be written to by others");
    fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
    drop(scratch.open());

    let elsewhere = made("elsewhere");
    let scratch = made("linked");
    fs::remove_file(scratch.0.join("streamcache.db")).unwrap();
    std::os::unix::fs::symlink(elsewhere.0.join("streamcache.db"), scratch.0.join("streamcache.db")).unwrap();
    refused(&scratch, "no regular file");

    let scratch = made("linked-log");
    std::os::unix::fs::symlink(elsewhere.0.join("log"), scratch.0.join("streamcache.db-wal")).unwrap();
    refused(&scratch, "no regular file");
    // The way to the directory may have links: they are its owner's.
    let link = elsewhere.0.join("link");
    let way = made("behind-a-link");
    std::os::unix::fs::symlink(&way.0, &link).unwrap();
    drop(Disk::open(&config(&link, None)).unwrap());
}

#[test]
fn a_directory_of_another_user_is_refused() {
    let scratch = Scratch::new("others");
    fs::create_dir(&scratch.0).unwrap();
    if std::os::unix::fs::chown(&scratch.0, Some(1), None).is_err() {
        return skipped("a directory of another user: only root can give one away");
    }
    refused(&scratch, "belongs to user 1");
    // A service's, as a rule, which would be locked out of it by chown.
    refused(&scratch, "run this as user 1");
}

#[test]
fn network_file_systems_are_known_by_their_number() {
    assert_eq!(process::network_file_system(Path::new("/")).unwrap(), None);
    assert!(process::network_file_system(Path::new("/no/such/place")).is_err());
    let scratch = Scratch::new("allowed");
    drop(Disk::open(&Config { allow_network: true, ..config(&scratch.0, None) }).unwrap());
}

#[test]
fn what_is_no_store_is_refused_and_left_alone() {
    let garbage = b"this is not a database, and longer than a header of one hundred bytes; nobody may delete it just because it lies in the way".repeat(100);
    let scratch = Scratch::new("garbage");
    let file = scratch.0.join("streamcache.db");
    fs::create_dir(&scratch.0).unwrap();
    fs::write(&file, &garbage).unwrap();
    refused(&scratch, "not a store");
    assert_eq!(fs::read(&file).unwrap(), garbage);

    let scratch = Scratch::new("foreign");
    fs::create_dir(&scratch.0).unwrap();
    let foreign = rusqlite::Connection::open(scratch.0.join("streamcache.db")).unwrap();
    foreign.execute_batch("CREATE TABLE notes(text); INSERT INTO notes VALUES('mine')").unwrap();
    refused(&scratch, "something else");
    assert_eq!(foreign.query_row("SELECT text FROM notes", [], |row| row.get::<_, String>(0)).unwrap(), "mine");

    let scratch = Scratch::new("newer");
    drop(scratch.open());
    let newer = rusqlite::Connection::open(scratch.0.join("streamcache.db")).unwrap();
    newer.execute_batch("PRAGMA user_version=2").unwrap();
    refused(&scratch, "newer version");
}

#[test]
fn a_path_that_is_no_directory_says_so() {
    let scratch = Scratch::new("file");
    fs::write(&scratch.0, "").unwrap();
    refused(&scratch, "can't be made");
    fs::remove_file(&scratch.0).unwrap();
    assert!(Disk::open(&config(Path::new(""), None)).unwrap_err().message().contains("not empty"));
}

#[test]
fn files_deleted_under_a_running_process_are_noticed_and_made_anew() {
    let scratch = Scratch::new("deleted");
    let disk = scratch.open();
    let early = sealed(&disk, 2, 100);
    put(&disk, 1, 100);
    for file in fs::read_dir(&scratch.0).unwrap() {
        fs::remove_file(file.unwrap().path()).unwrap();
    }
    // Another process makes a store of its own in its place.
    let other = scratch.open();
    put(&other, 3, 100);
    std::thread::sleep(Duration::from_millis(1100));
    assert_eq!(get(&disk, 1), None, "nobody purges what nobody else sees");
    assert_eq!(disk.put_many(&[early]).unwrap().taken, 0, "its epoch was the other store's");
    assert_eq!(put(&disk, 4, 100), 1);
    assert_eq!((get(&disk, 3), get(&other, 4)), (Some(envelope(3, 100)), Some(envelope(4, 100))));
    other.purge(Purged::Everything, soon()).unwrap();
    assert_eq!(get(&disk, 4), None);
    assert_eq!(disk.stats().faults, 0);
}

#[test]
fn a_full_file_system_drops_writes_and_keeps_what_it_has() {
    let scratch = Scratch::new("full");
    fs::create_dir(&scratch.0).unwrap();
    let mount =
        |arguments: &[&str]| std::process::Command::new(arguments[0]).args(&arguments[1..]).arg(&scratch.0).output();
    let mounted = mount(&["mount", "-t", "tmpfs", "-o", "size=6m,mode=700", "tmpfs"]);
    if !mounted.is_ok_and(|output| output.status.success()) {
        return skipped("a store on a full file system: only root can mount a small one");
    }
    let disk = scratch.open_with(Some(32 << 20));
    let mut stored = 0;
    for n in 0..60 {
        let batch: Vec<Sealed> = (0..16).map(|i| sealed(&disk, n * 16 + i, 16_000)).collect();
        stored += disk.put_many(&batch).unwrap().taken;
    }
    let stats = disk.stats();
    let there = (0..960).filter(|n| get(&disk, *n).is_some_and(|bytes| bytes == envelope(*n, 16_000))).count();
    let again = Disk::open(&config(&scratch.0, Some(4 << 20))).map(|disk| put(&disk, 1, 100));
    drop(disk);
    assert!(mount(&["umount"]).unwrap().status.success());
    assert!(stored > 50 && stored < 960 && stats.faults > 0, "{stored} {stats:?}");
    assert!(stats.last_fault.as_ref().unwrap().contains("full"), "{stats:?}");
    assert_eq!(there, stored, "{stats:?}");
    println!("{stored} stored, {} faults; opened with less: {again:?}", stats.faults);
}
