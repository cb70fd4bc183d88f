//! Many threads on one mount, with names that overlap; at the end the books must balance.
//!
//! Every rule is one that POSIX gives and programs rely on: O_APPEND writes do not overlap, O_EXCL has one winner, rename
//! replaces without a moment in between and loses nothing, a lock excludes, link counts are the number of names, one copy-up
//! of a file happens however many ask for it at once.

use crate::oracle::generate::Random;
use rustix::fs::{CWD, FlockOperation, RenameFlags};
use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{FileExt as _, MetadataExt as _, PermissionsExt as _};
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};

const THREADS: usize = 6;
const RECORD: usize = 64;
const TOKENS: usize = 40;
const PLACES: [&str; 4] = ["p0", "p1", "many", "p3"];

/// What all threads share.
struct Books {
    appended: AtomicU64,
    won: AtomicU64,
    counted: AtomicU64,
    barrier: Barrier,
    rounds: usize,
}

/// Runs below the working directory, which holds the oracle's layers.
pub fn run(rounds: usize) {
    for place in PLACES {
        fs::create_dir_all(place).unwrap();
    }
    for token in 0..TOKENS {
        fs::write(format!("{}/token{token}", PLACES[token % 4]), format!("token {token}")).unwrap();
    }
    fs::write("counter", 0u64.to_le_bytes()).unwrap();
    fs::write("linked", "x").unwrap();
    replace_config(0, 0);
    let books = Books {
        appended: AtomicU64::new(0),
        won: AtomicU64::new(0),
        counted: AtomicU64::new(0),
        barrier: Barrier::new(THREADS),
        rounds,
    };
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let books = &books;
            scope.spawn(move || work(thread, books));
        }
    });
    settle(&books);
}

fn work(thread: usize, books: &Books) {
    let mut random = Random(thread as u64 + 1);
    let mut own = vec![0u8; 40_000];
    let private =
        File::options().read(true).write(true).create(true).truncate(true).open(format!("private{thread}")).unwrap();
    private.write_all_at(&own, 0).unwrap();
    for round in 0..books.rounds {
        if round % 50 == 0 {
            // All at once at a file that only the layers hold: one copy-up, nobody's bytes lost.
            books.barrier.wait();
            copy_up_together(thread, round / 50);
            books.barrier.wait();
        }
        match random.below(12) {
            0 | 1 => append(thread, round, books),
            2 => win(round, books),
            3 | 4 => move_token(&mut random),
            5 => count(books),
            6 => replace_config(thread, round),
            7 => read_config(),
            8 => link_or_unlink(&mut random, thread),
            9 => directories(&mut random),
            10 => look(&mut random),
            _ => {
                let (at, byte) = (random.below(own.len() - 5000), random.below(256) as u8);
                own[at..at + 5000].fill(byte);
                private.write_all_at(&own[at..at + 5000], at as u64).unwrap();
            }
        }
    }
    let mut found = vec![0; own.len()];
    private.read_exact_at(&mut found, 0).unwrap();
    assert!(found == own, "what a thread wrote to its own file is what it reads");
    assert!(fs::read(format!("private{thread}")).unwrap() == own);
}

fn copy_up_together(thread: usize, number: usize) {
    let path = format!("many/{}", 20 + number % 90);
    // Files swept into place as tokens are others; these come from the layers alone.
    let mut file = OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(&[b'A' + thread as u8; RECORD]).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
}

fn append(thread: usize, round: usize, books: &Books) {
    let mut file = OpenOptions::new().append(true).create(true).open("journal").unwrap();
    let text = format!("{thread} {round} ");
    let mut record = text.repeat(RECORD / text.len() + 1).into_bytes();
    record.truncate(RECORD - 1);
    record.push(b'\n');
    file.write_all(&record).unwrap();
    books.appended.fetch_add(1, Ordering::Relaxed);
}

fn win(round: usize, books: &Books) {
    if File::create_new(format!("won{}", round / 3)).is_ok() {
        books.won.fetch_add(1, Ordering::Relaxed);
    }
}

fn move_token(random: &mut Random) {
    let name = format!("token{}", random.below(TOKENS));
    let (from, to) = (random.pick(&PLACES), random.pick(&PLACES));
    let (from, to) = (format!("{from}/{name}"), format!("{to}/{name}"));
    // A token is in one place only, so whoever finds it moves it and nobody is in the way.
    let _ = rustix::fs::renameat_with(CWD, &from, CWD, &to, RenameFlags::NOREPLACE);
}

fn count(books: &Books) {
    let mut file = File::options().read(true).write(true).open("counter").unwrap();
    rustix::fs::flock(&file, FlockOperation::LockExclusive).unwrap();
    let mut bytes = [0; 8];
    file.read_exact(&mut bytes).unwrap();
    file.seek(SeekFrom::Start(0)).unwrap();
    file.write_all(&(u64::from_le_bytes(bytes) + 1).to_le_bytes()).unwrap();
    books.counted.fetch_add(1, Ordering::Relaxed);
}

fn replace_config(thread: usize, round: usize) {
    let name = format!("config.{thread}");
    fs::write(&name, format!("{thread}-{round};").repeat(700)).unwrap();
    fs::rename(name, "config").unwrap();
}

fn read_config() {
    let text = fs::read_to_string("config").expect("the file is there at any moment");
    let first = text.split(';').next().unwrap();
    assert!(
        text.len() == 700 * (first.len() + 1) && text.split(';').filter(|part| *part == first).count() == 700,
        "torn: {text}"
    );
}

fn link_or_unlink(random: &mut Random, thread: usize) {
    let name = format!("links-{thread}-{}", random.below(6));
    if fs::hard_link("linked", &name).is_err() {
        fs::remove_file(&name).unwrap();
    }
    let mut file = OpenOptions::new().append(true).open("linked").unwrap();
    file.write_all(b"y").unwrap();
}

fn directories(random: &mut Random) {
    let path = format!("tree/{}/{}", random.below(3), random.below(3));
    match random.below(3) {
        0 => drop(fs::create_dir_all(&path)),
        1 => drop(fs::write(format!("{path}/f"), "f")),
        _ => drop(fs::remove_dir_all(&path)),
    }
}

fn look(random: &mut Random) {
    let place = random.pick(&PLACES);
    for entry in fs::read_dir(place).unwrap() {
        // A token may have gone on; that its entry is sound is what counts.
        let _ = entry.unwrap().metadata();
    }
    let linked = fs::metadata("linked").unwrap();
    assert!(linked.nlink() >= 1 && linked.len() >= 1);
}

fn settle(books: &Books) {
    let journal = fs::read("journal").unwrap_or_default();
    assert_eq!(journal.len() as u64, books.appended.load(Ordering::Relaxed) * RECORD as u64, "appended records");
    for record in journal.chunks(RECORD) {
        let text = String::from_utf8_lossy(record);
        let words: Vec<_> = text.split(' ').collect();
        assert!(record.ends_with(b"\n") && words[0] == words[2] && words[1] == words[3], "overlapping record {text:?}");
    }
    let won = fs::read_dir(".")
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with("won"))
        .count();
    assert_eq!(won as u64, books.won.load(Ordering::Relaxed), "winners of O_EXCL");
    let counter = u64::from_le_bytes(fs::read("counter").unwrap().try_into().unwrap());
    assert_eq!(counter, books.counted.load(Ordering::Relaxed), "counted under a lock");
    for token in 0..TOKENS {
        let found: Vec<_> =
            PLACES.iter().filter(|place| fs::metadata(format!("{place}/token{token}")).is_ok()).collect();
        assert_eq!(found.len(), 1, "token {token} is in {found:?}");
        assert_eq!(fs::read_to_string(format!("{}/token{token}", found[0])).unwrap(), format!("token {token}"));
    }
    let links = fs::read_dir(".")
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with("links-"))
        .count();
    assert_eq!(fs::metadata("linked").unwrap().nlink() as usize, links + 1, "names and link count");
    let mut times = [0usize; 120];
    (0..books.rounds.div_ceil(50)).for_each(|number| times[20 + number % 90] += 1);
    for (number, times) in times.iter().enumerate().filter(|(_, times)| **times > 0) {
        let content = fs::read(format!("many/{number}")).unwrap();
        assert_eq!(content.len(), number + times * THREADS * RECORD, "many/{number} was copied up once");
        for thread in 0..THREADS {
            let own =
                content[number..].chunks(RECORD).filter(|chunk| chunk.iter().all(|byte| *byte == b'A' + thread as u8));
            assert_eq!(own.count(), *times, "thread {thread} in many/{number}");
        }
    }
    let _ = fs::remove_dir_all("tree");
    for place in PLACES {
        fs::remove_dir_all(place).unwrap();
    }
    assert!(fs::read_dir("many").is_err() && fs::metadata("tree").is_err());
}
