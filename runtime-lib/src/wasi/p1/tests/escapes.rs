//! Tests that try every operation with every hostile path, at rest and while another thread swaps
//! directories for links, and count: what was tried, what got out.
//!
//! Should a path get out, nothing of the machine may come to harm: operations that change something
//! are tried only with paths that lead to folders made for the test, several levels deep. Those that
//! lead to the system's files are for looking only.

use super::*;
use crate::wasi::p1::types::Dirent;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::os::unix::fs::{MetadataExt, symlink};
use std::sync::atomic::AtomicBool;
use std::time::{Instant, UNIX_EPOCH};

const SECRET: &[u8] = b"secret";
const PUBLIC: &[u8] = b"public";

/// A folder `granted` beside a folder `outside`, each with the same names in it.
struct Place {
    folder: Deep,
    /// Inodes of everything outside.
    outside: BTreeSet<u64>,
    /// What is outside, in text.
    before: String,
}

/// A folder in folders, so that a few steps up lead to one of them.
struct Deep {
    path: PathBuf,
    _outermost: Folder,
}

impl Deep {
    fn new() -> Deep {
        let outermost = Folder::new();
        let path = outermost.join("1/2/3/4/5/6/7/8");
        std::fs::create_dir_all(&path).unwrap();
        Deep {
            path,
            _outermost: outermost,
        }
    }

    fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

impl Place {
    fn new() -> Place {
        let folder = Deep::new();
        let path = |name: &str| folder.join(name);
        for dir in [
            "granted",
            "granted/dir",
            "granted/dir/sub",
            "outside",
            "outside/sub",
        ] {
            std::fs::create_dir(path(dir)).unwrap();
        }
        for (file, text) in [
            ("granted/file", PUBLIC),
            ("granted/dir/secret", PUBLIC),
            ("granted/dir/sub/secret", PUBLIC),
            ("outside/secret", SECRET),
            ("outside/sub/secret", SECRET),
        ] {
            std::fs::write(path(file), text).unwrap();
        }
        let links = [
            ("..".into(), "up"),
            ("../outside".into(), "through"),
            ("../outside/secret".into(), "relative"),
            (path("outside").display().to_string(), "absolute"),
            (
                path("outside/secret").display().to_string(),
                "absolute-file",
            ),
            ("/".into(), "root"),
            ("/proc/self/root".into(), "magic"),
            ("/proc/self/cwd/..".into(), "magic-up"),
            ("dir/../../outside".into(), "dotted"),
            ("dir/../through/sub".into(), "chained"),
            ("sub/../../../outside/".into(), "dir/out"),
            ("./././../granted/../outside".into(), "long"),
        ];
        for (text, name) in links {
            symlink(text, path("granted").join(name)).unwrap();
        }
        let mut place = Place {
            folder,
            outside: BTreeSet::new(),
            before: String::new(),
        };
        place.outside = place.inodes();
        place.before = place.snapshot();
        place
    }

    fn guest(&self) -> Guest {
        let guest = Guest::new();
        assert_eq!(guest.grant(&self.folder.join("granted"), false), ROOT);
        guest
    }

    fn outside_paths(&self) -> [PathBuf; 5] {
        [
            "",
            "outside",
            "outside/secret",
            "outside/sub",
            "outside/sub/secret",
        ]
        .map(|name| self.folder.join(name))
    }

    fn inodes(&self) -> BTreeSet<u64> {
        let inode = |path: &PathBuf| std::fs::metadata(path).unwrap().ino();
        self.outside_paths().iter().map(inode).collect()
    }

    /// Names, contents, times, links and modes of what is outside.
    fn snapshot(&self) -> String {
        let mut text = String::new();
        for path in self.outside_paths() {
            let meta = std::fs::symlink_metadata(&path).unwrap();
            // Who lists it or swaps beside it changes the times of the parent.
            let times = path != self.folder.path;
            let modified = meta.modified().unwrap().duration_since(UNIX_EPOCH).unwrap();
            let modified = if times { modified.as_nanos() } else { 0 };
            let _ = write!(text, "{path:?} {:o} {modified} ", meta.mode());
            if meta.is_dir() {
                let entries = std::fs::read_dir(&path).unwrap();
                let names: BTreeSet<_> = entries.map(|e| e.unwrap().file_name()).collect();
                let _ = writeln!(text, "{names:?}");
            } else {
                let content = std::fs::read(&path).unwrap();
                let _ = writeln!(text, "{} {} {content:?}", meta.len(), meta.nlink());
            }
        }
        text
    }

    /// Whether an open descriptor is something outside, or leads to it.
    fn leaks(&self, guest: &mut Guest, fd: u32) -> bool {
        let stat = guest.filestat(fd).unwrap();
        if self.outside.contains(&stat.ino) {
            return true;
        }
        guest
            .read(fd, 16)
            .is_ok_and(|bytes| bytes.starts_with(SECRET))
            || guest.open(fd, "..", 0, READ).is_ok_and(|fd| {
                let inode = guest.filestat(fd).unwrap().ino;
                guest.close(fd).unwrap();
                self.outside.contains(&inode)
            })
    }
}

/// What a guest may try with a path: whether it got out.
type Attempt = fn(&Place, &mut Guest, &str) -> bool;

fn open(place: &Place, guest: &mut Guest, path: &str, how: (u32, u32, u32), base: Rights) -> bool {
    let Ok(fd) = guest.open_as(ROOT, path, how, (base, Rights::ALL)) else {
        return false;
    };
    let leaks = place.leaks(guest, fd);
    guest.close(fd).unwrap();
    leaks
}

/// Every operation that takes a path. Those that change something are found out by what is outside
/// afterwards.
const ATTEMPTS: &[(&str, Attempt)] = &[
    ("open", |p, g, path| open(p, g, path, (FOLLOW, 0, 0), READ)),
    ("open nofollow", |p, g, path| {
        open(p, g, path, (0, 0, 0), READ)
    }),
    ("open directory", |p, g, path| {
        open(p, g, path, (FOLLOW, DIRECTORY, 0), Rights::DIRECTORY)
    }),
    ("open to write", |p, g, path| {
        open(p, g, path, (FOLLOW, 0, 0), READ_WRITE)
    }),
    ("open to create", |p, g, path| {
        open(p, g, path, (FOLLOW, CREAT, 0), READ_WRITE)
    }),
    ("open exclusively", |p, g, path| {
        open(p, g, path, (FOLLOW, CREAT | EXCL, 0), READ_WRITE)
    }),
    ("stat", |p, g, path| {
        g.stat(ROOT, path, FOLLOW)
            .is_ok_and(|stat| p.outside.contains(&stat.ino))
    }),
    ("stat nofollow", |p, g, path| {
        g.stat(ROOT, path, 0)
            .is_ok_and(|stat| p.outside.contains(&stat.ino))
    }),
    ("set times", |_, g, path| {
        let _ = g.set_times(ROOT, path, FOLLOW, (1, 1, 5));
        false
    }),
    ("set times nofollow", |_, g, path| {
        let _ = g.set_times(ROOT, path, 0, (1, 1, 5));
        false
    }),
    ("create directory", |_, g, path| {
        let _ = g.create_directory(ROOT, path);
        false
    }),
    ("symlink", |_, g, path| {
        let _ = g.symlink("x", ROOT, path);
        false
    }),
    ("link to it", |p, g, path| {
        let linked = g.link(ROOT, FOLLOW, path, ROOT, "stolen").is_ok();
        let leaks = linked
            && g.stat(ROOT, "stolen", 0)
                .is_ok_and(|s| p.outside.contains(&s.ino));
        let _ = g.unlink(ROOT, "stolen");
        leaks
    }),
    ("link there", |_, g, path| {
        let _ = g.link(ROOT, 0, "file", ROOT, path);
        false
    }),
    ("rename there", |_, g, path| {
        let _ = g.link(ROOT, 0, "file", ROOT, "spare");
        let _ = g.rename(ROOT, "spare", ROOT, path);
        let _ = g.unlink(ROOT, "spare");
        false
    }),
    ("read link", |_, g, path| {
        // What a link says is no secret, and the outside has none.
        let _ = g.read_link(ROOT, path, 64);
        false
    }),
];

/// Those that take away what they reach: the tree inside has to be mended afterwards.
const DESTRUCTIVE: &[(&str, Attempt)] = &[
    ("unlink", |_, g, path| {
        let _ = g.unlink(ROOT, path);
        false
    }),
    ("remove directory", |_, g, path| {
        let _ = g.remove_directory(ROOT, path);
        false
    }),
    ("rename away", |p, g, path| {
        let moved = g.rename(ROOT, path, ROOT, "stolen").is_ok();
        let leaks = moved
            && g.stat(ROOT, "stolen", 0)
                .is_ok_and(|s| p.outside.contains(&s.ino));
        if moved {
            let _ = g.rename(ROOT, "stolen", ROOT, path);
        }
        leaks
    }),
];

/// Ways that lead to `outside`, or would if something followed them.
fn hostile_paths() -> BTreeSet<String> {
    let starts = [
        "..",
        "up",
        "through",
        "relative",
        "absolute",
        "absolute-file",
        "dotted",
        "chained",
        "dir/out",
        "long",
        "dir/..",
    ];
    let ends = [
        "",
        "/",
        "//",
        "/.",
        "/..",
        "/secret",
        "/sub/secret",
        "/../outside/secret",
        "/outside",
        "/./secret",
        "//secret",
        "/sub/../secret",
        "/new",
        "/sub/",
        "/../../outside/new",
    ];
    let mut paths = combine(&starts, &ends);
    // Further up than down, with as many steps as a path has room for.
    paths.insert("dir/../".repeat(500) + "../outside/secret");
    paths.insert("dir/".to_owned() + &"sub/../".repeat(400) + "../../outside/secret");
    paths
}

/// Ways that lead to what is not ours: only to look at.
fn paths_to_the_system() -> BTreeSet<String> {
    let starts = [
        "root",
        "magic",
        "magic-up",
        "/",
        "/proc/self/cwd",
        "/proc/self/fd/3",
    ];
    let ends = [
        "",
        "/",
        "//",
        "/.",
        "/..",
        "/etc",
        "/etc/passwd",
        "/proc/self/root",
        "/tmp/.",
    ];
    let mut paths = combine(&starts, &ends);
    paths.insert("../".repeat(1365));
    paths.insert("../".repeat(1300) + "etc/passwd");
    paths
}

fn combine(starts: &[&str], ends: &[&str]) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    for start in starts {
        for end in ends {
            // What begins with a slash would no longer do so.
            let befores = ["", "./", "dir/../", "dir/sub/../../"];
            let befores = befores
                .into_iter()
                .take(if start.starts_with('/') { 1 } else { 4 });
            for before in befores {
                paths.insert(format!("{before}{start}{end}"));
            }
        }
    }
    paths
}

/// Looking at what is not the guest's must fail.
#[test]
fn the_system_is_out_of_sight() {
    let mut tried = 0;
    Guest::both_ways(|| {
        let place = Place::new();
        let mut guest = place.guest();
        for path in paths_to_the_system() {
            guest.free = 64;
            // These are entries of the granted folder, and links: the operation may look at them.
            let is_link = guest.stat(ROOT, &path, 0).is_ok_and(|stat| {
                stat.filetype == crate::wasi::p1::types::Filetype::SymbolicLink as u8
            });
            assert!(guest.open(ROOT, &path, 0, READ).is_err(), "{path}");
            assert!(guest.open_dir(ROOT, &path).is_err(), "{path}");
            assert!(guest.stat(ROOT, &path, FOLLOW).is_err(), "{path}");
            assert!(is_link || guest.stat(ROOT, &path, 0).is_err(), "{path}");
            assert!(
                is_link || guest.read_link(ROOT, &path, 64).is_err(),
                "{path}"
            );
        }
    });
    for _ in 0..2 {
        tried += paths_to_the_system().len() * 5;
    }
    say(&format!(
        "paths to the system: {tried} looks tried, {tried} survived"
    ));
}

#[test]
fn no_operation_gets_out() {
    let (mut tried, mut escaped) = (0, Vec::new());
    for walk in [false, true] {
        crate::sys::resolve::FORCE_WALK.set(walk);
        for &(name, attempt) in ATTEMPTS.iter().chain(DESTRUCTIVE) {
            let place = Place::new();
            let mut guest = place.guest();
            for path in hostile_paths() {
                guest.free = 64;
                tried += 1;
                if attempt(&place, &mut guest, &path) {
                    escaped.push(format!("{name} {path} (walk: {walk})"));
                }
            }
            if place.snapshot() != place.before {
                escaped.push(format!("{name} (walk: {walk}) changed what is outside"));
            }
        }
        crate::sys::resolve::FORCE_WALK.set(false);
    }
    let survived = tried - escaped.len();
    say(&format!(
        "hostile paths at rest: {tried} tried, {survived} survived"
    ));
    assert!(escaped.is_empty(), "{escaped:#?}");
    assert!(tried > 20_000);
}

/// Runs `action` while another thread does `disturb` again and again: how often that was.
fn disturbed(disturb: impl Fn() + Sync, action: impl FnOnce()) -> usize {
    let stop = AtomicBool::new(false);
    let rounds = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                disturb();
                rounds.fetch_add(1, Ordering::Relaxed);
            }
        });
        // The other thread ends even if the action panics.
        struct Stop<'a>(&'a AtomicBool);
        impl Drop for Stop<'_> {
            fn drop(&mut self) {
                self.0.store(true, Ordering::Relaxed);
            }
        }
        let _stop = Stop(&stop);
        while rounds.load(Ordering::Relaxed) == 0 {
            std::thread::yield_now();
        }
        action();
    });
    rounds.into_inner()
}

/// Swaps two entries at once.
fn exchange(a: &Path, b: &Path) {
    use rustix::fs::{CWD, RenameFlags};
    let (a, b) = (a.as_os_str().as_bytes(), b.as_os_str().as_bytes());
    rustix::fs::renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE).unwrap();
}

/// Whether an operation would end the swapping of what the path names.
fn changes_the_name(operation: &str) -> bool {
    let here = ["create directory", "symlink", "link there", "rename there"];
    here.contains(&operation) || DESTRUCTIVE.iter().any(|&(name, _)| name == operation)
}

fn is_swapped(path: &str) -> bool {
    matches!(path, "dir" | "dir/")
}

/// `dir` changes between a directory and a link to the outside, and so does `dir/sub`, while every
/// operation is tried on what lies beneath.
#[test]
fn no_operation_gets_out_in_a_race() {
    const ROUNDS: usize = 150;
    let paths = [
        "dir",
        "dir/",
        "dir/secret",
        "dir/sub/secret",
        "dir/../dir/secret",
        "dir/sub/../secret",
        "dir/sub/../../through/secret",
        "dir/new",
        "dir/sub/new",
    ];
    let (mut tried, mut swaps, mut reached, mut escaped) = (0, 0, 0, Vec::new());
    for walk in [false, true] {
        crate::sys::resolve::FORCE_WALK.set(walk);
        let place = Place::new();
        let mut guest = place.guest();
        let granted = place.folder.join("granted");
        // What `dir` is swapped for leads outside; so does what `sub` in it is swapped for.
        symlink("../outside", granted.join("other")).unwrap();
        let sub_other = place.folder.join("granted/dir/sub-other");
        symlink("../../outside", &sub_other).unwrap();
        let dir = std::fs::File::open(granted.join("dir")).unwrap();
        let (link, swapped) = (granted.join("other"), granted.join("dir"));
        let swap = || {
            exchange(&link, &swapped);
            // By the descriptor: wherever the directory is now.
            let exchange = rustix::fs::RenameFlags::EXCHANGE;
            let dir = owned(dir.try_clone().unwrap());
            let _ = rustix::fs::renameat_with(&dir, "sub", &dir, "sub-other", exchange);
        };
        swaps += disturbed(swap, || {
            for round in 0..ROUNDS {
                for &(name, attempt) in ATTEMPTS.iter().chain(DESTRUCTIVE) {
                    for path in paths {
                        if is_swapped(path) && changes_the_name(name) {
                            continue;
                        }
                        guest.free = 64;
                        tried += 1;
                        if attempt(&place, &mut guest, path) {
                            escaped.push(format!("{name} {path} (walk: {walk}, round {round})"));
                        }
                    }
                }
                // What was removed inside comes back, by the same way.
                guest.free = 64;
                let _ = guest.unlink(ROOT, "dir/new");
                let _ = guest.remove_directory(ROOT, "dir/new");
                let _ = guest.create_directory(ROOT, "dir/sub");
                if let Ok(fd) = guest.open(ROOT, "dir/secret", CREAT, READ_WRITE) {
                    reached += 1;
                    let _ = guest.write(fd, PUBLIC);
                    guest.close(fd).unwrap();
                }
            }
        });
        if place.snapshot() != place.before {
            escaped.push(format!("something outside changed (walk: {walk})"));
        }
        crate::sys::resolve::FORCE_WALK.set(false);
    }
    let survived = tried - escaped.len();
    say(&format!(
        "hostile paths in a race: {tried} tried against {swaps} swaps, {survived} survived"
    ));
    assert!(escaped.is_empty(), "{escaped:#?}");
    assert!(reached > 0, "the race was too one-sided to tell anything");
}

/// The granted folder's parent is renamed, and a directory that the guest has open leaves the
/// granted folder: neither gives the guest a way up.
#[test]
fn moved_folders_lead_nowhere() {
    Guest::both_ways(|| {
        let place = Place::new();
        let mut guest = place.guest();
        let inner = guest.open_dir(ROOT, "dir/sub").unwrap();
        let moved = place.folder.join("moved");
        std::fs::create_dir(&moved).unwrap();
        // The parent of the granted folder is another one.
        std::fs::rename(place.folder.join("granted"), moved.join("granted")).unwrap();
        std::fs::write(moved.join("secret"), SECRET).unwrap();
        guest.open(ROOT, "file", 0, READ).unwrap();
        for path in ["../secret", "dir/../../secret", "../granted/file", ".."] {
            assert_eq!(guest.open(ROOT, path, 0, READ), Err(Errno::PERM), "{path}");
        }
        // The open directory is outside, beside a secret.
        let out = place.folder.join("outside/moved");
        std::fs::rename(moved.join("granted/dir/sub"), out).unwrap();
        guest.open(inner, "secret", 0, READ).unwrap();
        for path in ["../secret", "..", "./../secret", "../sub/secret"] {
            assert_eq!(guest.open(inner, path, 0, READ), Err(Errno::PERM), "{path}");
            let stat = guest.stat(inner, path, FOLLOW);
            assert_eq!(stat.err(), Some(Errno::PERM), "{path}");
        }
    });
}

/// Listing a directory that is swapped tells the names of one of the granted folder.
#[test]
fn listings_stay_inside() {
    let place = Place::new();
    std::fs::write(place.folder.join("outside/only-outside"), "").unwrap();
    let granted = place.folder.join("granted");
    symlink("../outside", granted.join("other")).unwrap();
    let (a, b) = (granted.join("other"), granted.join("dir"));
    let mut guest = place.guest();
    let mut listed = 0;
    disturbed(
        || exchange(&a, &b),
        || {
            let start = Instant::now();
            while listed < 500 && start.elapsed().as_secs() < 20 {
                guest.free = 64;
                let Ok(fd) = guest.open_dir(ROOT, "dir") else {
                    continue;
                };
                let (buffer, used) = (guest.room(4096), guest.room(4));
                let memory = guest.memory();
                fd_readdir(&guest.system, &memory, fd, buffer, 4096, 0, used).unwrap();
                let bytes = guest.get(buffer, guest.read_value(used));
                let name = b"only-outside";
                assert!(!bytes.windows(name.len()).any(|window| window == name));
                assert!(bytes.len() > size_of::<Dirent>());
                guest.close(fd).unwrap();
                listed += 1;
            }
        },
    );
    assert!(listed > 0, "the race was too one-sided to tell anything");
}

/// Whatever is opened is closed on exec.
#[test]
fn descriptors_are_closed_on_exec() {
    Guest::both_ways(|| {
        let place = Place::new();
        let mut guest = place.guest();
        let mut opened = vec![ROOT];
        for (path, oflags) in [
            ("file", 0),
            ("dir", DIRECTORY),
            ("new", CREAT),
            (".", DIRECTORY),
        ] {
            opened.push(guest.open(ROOT, path, oflags, READ).unwrap());
        }
        for fd in opened {
            let descriptor = guest.system.fds.get(fd).unwrap();
            let flags = rustix::io::fcntl_getfd(descriptor.host()).unwrap();
            assert!(flags.contains(rustix::io::FdFlags::CLOEXEC), "{fd}");
        }
    });
    let socket = crate::sys::net::listen((std::net::Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let name = rustix::net::getsockname(&socket).unwrap();
    let name = std::net::SocketAddr::try_from(name).unwrap();
    let _client = std::net::TcpStream::connect(name).unwrap();
    let accepted = crate::sys::net::accept(rustix::fd::AsFd::as_fd(&socket), false).unwrap();
    for fd in [socket, accepted] {
        let flags = rustix::io::fcntl_getfd(&fd).unwrap();
        assert!(flags.contains(rustix::io::FdFlags::CLOEXEC));
    }
}

/// Whatever is opened through what, with whatever rights are asked for: none is gained.
#[test]
fn no_chain_of_descriptors_gains_rights() {
    let mut state = 3_u64;
    let mut random = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        Rights((state >> 33) as u32 & Rights::ALL.0)
    };
    let place = Place::new();
    let mut guest = place.guest();
    let mut gained = Vec::new();
    let mut opened = 0;
    for _ in 0..3000 {
        guest.free = 64;
        let mut chain = vec![ROOT];
        let mut handed_on = Rights::DIRECTORY | Rights::FILE;
        for path in ["dir", "sub", "secret"] {
            let dir = *chain.last().unwrap();
            // A directory is not opened to write.
            let never = if path == "secret" {
                Rights::NONE
            } else {
                Rights::WRITING
            };
            let base = random() & !never | Rights::PATH_OPEN;
            let inheriting = random() | random() | random() | Rights::PATH_OPEN;
            let Ok(fd) = guest.open_as(dir, path, (0, 0, 0), (base, inheriting)) else {
                break;
            };
            opened += 1;
            let stat = guest.fdstat(fd).unwrap();
            let has = Rights((stat.rights_base | stat.rights_inheriting) as u32);
            if !handed_on.contains(has) {
                gained.push((path, has, handed_on));
            }
            handed_on = Rights(stat.rights_inheriting as u32);
            // Nor does asking for them later give any.
            let memory = guest.memory();
            let all = u64::from(Rights::ALL.0);
            let set = fd_fdstat_set_rights(&guest.system, &memory, fd, all, all);
            assert_eq!(set, Err(Errno::NOTCAPABLE));
            chain.push(fd);
        }
        for fd in chain.into_iter().skip(1) {
            guest.close(fd).unwrap();
        }
    }
    assert!(gained.is_empty(), "{gained:?}");
    assert!(opened > 1000, "{opened}");
}
