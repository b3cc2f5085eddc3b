//! Tests that no path, link or race leads out of a granted folder, with both ways of resolution.

use super::*;
use std::os::unix::fs::symlink;
use std::sync::atomic::AtomicBool;

const SECRET: &[u8] = b"secret";

/// A folder `granted` beside a folder `outside`, which holds a secret.
fn outside_and_granted() -> (Folder, Guest) {
    let folder = Folder::new();
    std::fs::create_dir(folder.join("granted")).unwrap();
    std::fs::create_dir(folder.join("granted/dir")).unwrap();
    std::fs::write(folder.join("granted/file"), "public").unwrap();
    std::fs::create_dir(folder.join("outside")).unwrap();
    std::fs::write(folder.join("outside/secret"), SECRET).unwrap();
    let guest = Guest::new();
    assert_eq!(guest.grant(&folder.join("granted"), false), ROOT);
    (folder, guest)
}

/// Ways out that do not exist for the guest. Should one exist after all, it leads to nothing that the
/// tests could spoil.
const ESCAPES: &[&str] = &[
    "..",
    "../",
    "../.",
    "../outside",
    "../outside/secret",
    "../granted/file",
    "./../outside/secret",
    "dir/../../outside/secret",
    "dir/../../granted/file",
    "dir/./.././../outside/secret",
    "/",
    "//",
    "/proc/version",
    "/proc/self/root",
    "up/outside/secret",
    "up",
    "up/",
    "upper/outside/secret",
    "dir/up/outside/secret",
    "root/proc/version",
    "root",
    "absolute",
    "relative",
    "chain",
    "through/secret",
    "through/../granted/file",
    "through/.",
    "through",
];

fn make_links(folder: &Folder) {
    let granted = folder.join("granted");
    symlink("..", granted.join("up")).unwrap();
    symlink("dir/../..", granted.join("upper")).unwrap();
    symlink("../..", granted.join("dir/up")).unwrap();
    symlink("/", granted.join("root")).unwrap();
    symlink(folder.join("outside/secret"), granted.join("absolute")).unwrap();
    symlink("../outside/secret", granted.join("relative")).unwrap();
    symlink("dir/../relative", granted.join("chain")).unwrap();
    symlink("../outside", granted.join("through")).unwrap();
}

#[test]
fn nothing_outside_is_reachable() {
    Guest::both_ways(|| {
        let (folder, mut guest) = outside_and_granted();
        make_links(&folder);
        for &path in ESCAPES {
            for oflags in [0, DIRECTORY, CREAT, CREAT | EXCL, TRUNC] {
                for lookup in [0, FOLLOW] {
                    let rights = (READ_WRITE, Rights::ALL);
                    let result = guest.open_as(ROOT, path, (lookup, oflags, 0), rights);
                    assert!(result.is_err(), "{path} {oflags} {lookup}");
                    let result = guest.open_as(ROOT, path, (lookup, oflags, 0), (READ, READ));
                    let errno = result.expect_err(path);
                    let allowed = [
                        Errno::PERM,
                        Errno::LOOP,
                        Errno::NOTDIR,
                        Errno::EXIST,
                        Errno::ISDIR,
                    ];
                    assert!(allowed.contains(&errno), "{path}: {errno:?}");
                }
            }
            assert_eq!(guest.open(ROOT, path, 0, READ), Err(Errno::PERM), "{path}");
            assert_eq!(
                guest.stat(ROOT, path, FOLLOW).err(),
                Some(Errno::PERM),
                "{path}"
            );
            let slash = format!("{path}/");
            assert_eq!(
                guest.stat(ROOT, &slash, 0).err(),
                Some(Errno::PERM),
                "{slash}"
            );
            assert!(
                guest.set_times(ROOT, path, FOLLOW, (1, 1, 5)).is_err(),
                "{path}"
            );
            assert!(
                guest.set_times(ROOT, &slash, 0, (1, 1, 5)).is_err(),
                "{path}"
            );
            assert!(guest.create_directory(ROOT, path).is_err(), "{path}");
            assert!(guest.remove_directory(ROOT, path).is_err(), "{path}");
            assert!(guest.symlink("x", ROOT, path).is_err(), "{path}");
            assert!(guest.link(ROOT, 0, "file", ROOT, path).is_err(), "{path}");
            assert!(
                guest.link(ROOT, FOLLOW, path, ROOT, "stolen").is_err(),
                "{path}"
            );
            assert!(
                guest.link(ROOT, 0, &slash, ROOT, "stolen").is_err(),
                "{path}"
            );
            assert!(guest.read_link(ROOT, &slash, 10).is_err(), "{path}");
            assert!(guest.unlink(ROOT, &slash).is_err(), "{path}");
            let below = format!("{path}/new");
            assert!(guest.create_directory(ROOT, &below).is_err(), "{below}");
            assert!(guest.symlink("x", ROOT, &below).is_err(), "{below}");
            assert!(guest.open(ROOT, &below, CREAT, READ).is_err(), "{below}");
            assert!(guest.rename(ROOT, "file", ROOT, &below).is_err(), "{below}");
            let secret = format!("{path}/secret");
            assert!(guest.unlink(ROOT, &secret).is_err(), "{secret}");
            assert!(
                guest.rename(ROOT, &secret, ROOT, "stolen").is_err(),
                "{secret}"
            );
            assert!(
                guest.link(ROOT, 0, &secret, ROOT, "stolen").is_err(),
                "{secret}"
            );
        }
        // Acting on a link itself is allowed: it is an entry of the folder.
        assert!(guest.rename(ROOT, "..", ROOT, "stolen").is_err());
        assert!(guest.rename(ROOT, "file", ROOT, "..").is_err());
        assert!(guest.rename(ROOT, "dir", ROOT, "../dir").is_err());
        guest.rename(ROOT, "through", ROOT, "renamed").unwrap();
        guest.unlink(ROOT, "renamed").unwrap();
        assert_eq!(
            std::fs::read(folder.join("outside/secret")).unwrap(),
            SECRET
        );
        let mut names: Vec<_> = std::fs::read_dir(folder.join("outside")).unwrap().collect();
        assert_eq!(names.len(), 1);
        assert_eq!(names.pop().unwrap().unwrap().file_name(), "secret");
        assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 2);
        assert!(!folder.join("granted/stolen").exists());
    });
}

#[test]
fn magic_links_lead_nowhere() {
    Guest::both_ways(|| {
        let mut guest = Guest::new();
        if !Path::new("/proc/self/fd").is_dir() {
            say("SKIPPED: there is no /proc here");
            return;
        }
        let proc = guest.grant(Path::new("/proc"), false);
        for path in [
            "self/root",
            "self/cwd/x",
            "self/root/etc/passwd",
            "thread-self/root/etc",
            "self/fd/0",
        ] {
            let result = guest.open(proc, path, 0, READ);
            let refused = matches!(result, Err(Errno::PERM | Errno::LOOP | Errno::NOENT));
            assert!(refused, "{path}: {result:?}");
            assert!(guest.stat(proc, &format!("{path}/."), 0).is_err(), "{path}");
        }
        // Ordinary links of that file system are followed.
        guest.open(proc, "self/status", 0, READ).unwrap();
    });
}

/// The guest looks at `dir/secret` while `dir` changes between a directory and a link outside.
#[test]
fn races_do_not_lead_outside() {
    Guest::both_ways(|| {
        let (folder, mut guest) = outside_and_granted();
        std::fs::write(folder.join("granted/dir/secret"), "public").unwrap();
        symlink("../outside", folder.join("granted/link")).unwrap();
        let (dir, link) = (folder.join("granted/dir"), folder.join("granted/link"));
        let spare = folder.join("granted/spare");
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    for (a, b) in [(&dir, &spare), (&link, &dir), (&dir, &link), (&spare, &dir)] {
                        std::fs::rename(a, b).unwrap();
                    }
                }
            });
            let mut found = 0;
            for _ in 0..3000 {
                guest.free = 64;
                for path in ["dir/secret", "dir/../dir/secret"] {
                    if let Ok(fd) = guest.open(ROOT, path, 0, READ) {
                        assert_eq!(guest.read(fd, 9).unwrap(), b"public");
                        guest.close(fd).unwrap();
                        found += 1;
                    }
                    if let Ok(stat) = guest.stat(ROOT, path, FOLLOW) {
                        assert_eq!(stat.size, 6);
                    }
                }
                assert!(guest.create_directory(ROOT, "dir/../../new").is_err());
                let _ = guest.create_directory(ROOT, "dir/new");
                let _ = guest.remove_directory(ROOT, "dir/new");
                let _ = guest.set_times(ROOT, "dir/secret", FOLLOW, (1, 1, 5));
            }
            stop.store(true, Ordering::Relaxed);
            assert!(found > 0, "the race was too one-sided to tell anything");
        });
        assert_eq!(
            std::fs::read_dir(folder.join("outside")).unwrap().count(),
            1
        );
        assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 2);
        let modified = std::fs::metadata(folder.join("outside/secret"))
            .unwrap()
            .modified()
            .unwrap();
        assert!(
            modified.elapsed().unwrap().as_secs() < 1000,
            "the times of the secret were set"
        );
    });
}

/// A directory that is moved out of the granted folder while it is walked does not take the guest
/// with it: `..` must not lead to the new parent.
#[test]
fn moved_directories_do_not_lead_outside() {
    Guest::both_ways(|| {
        let (folder, mut guest) = outside_and_granted();
        let (inside, outside) = (folder.join("granted/dir"), folder.join("outside/dir"));
        std::fs::create_dir(folder.join("granted/dir/sub")).unwrap();
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    std::fs::rename(&inside, &outside).unwrap();
                    std::fs::rename(&outside, &inside).unwrap();
                }
            });
            for _ in 0..5000 {
                guest.free = 64;
                let result = guest.open(ROOT, "dir/sub/../../secret", 0, READ);
                assert!(
                    matches!(result, Err(Errno::NOENT | Errno::PERM)),
                    "{result:?}"
                );
            }
            stop.store(true, Ordering::Relaxed);
        });
    });
}

/// The walk gives what the kernel gives, for many paths through a tree full of links.
#[test]
fn the_walk_agrees_with_the_kernel() {
    let (folder, mut guest) = outside_and_granted();
    make_links(&folder);
    let granted = folder.join("granted");
    for (text, name) in [
        ("dir", "to-dir"),
        ("dir/", "to-dir-slash"),
        ("dir/.", "to-dir-dot"),
        ("file", "to-file"),
        ("file/", "to-file-slash"),
        ("missing", "to-missing"),
        ("to-dir/../to-file", "mixed"),
        ("self", "self"),
        (".", "here"),
        ("./here/here/dir/..", "long"),
        ("../to-file", "dir/back"),
        ("..", "dir/parent"),
    ] {
        symlink(text, granted.join(name)).unwrap();
    }
    let names = [
        ".",
        "..",
        "",
        "dir",
        "file",
        "missing",
        "to-dir",
        "to-dir-slash",
        "to-dir-dot",
        "to-file",
        "to-file-slash",
        "to-missing",
        "mixed",
        "self",
        "here",
        "long",
        "back",
        "parent",
        "up",
        "through",
        "root",
        "secret",
    ];
    let mut state = 1_u64;
    let mut random = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as usize % below
    };
    let mut succeeded = 0;
    for _ in 0..20_000 {
        guest.free = 64;
        let components: Vec<_> = (0..=random(5))
            .map(|_| names[random(names.len())])
            .collect();
        let path = components.join("/");
        let oflags = [0, 0, 0, DIRECTORY, CREAT | EXCL][random(5)];
        let lookup = [0, FOLLOW][random(2)];
        let mut look = |walk| {
            crate::sys::resolve::FORCE_WALK.set(walk);
            let rights = (Rights::ALL & !Rights::WRITING, Rights::ALL);
            let opened = guest.open_as(ROOT, &path, (lookup, oflags, 0), rights);
            let opened = opened.map(|fd| {
                let ino = guest.filestat(fd).unwrap().ino;
                guest.close(fd).unwrap();
                ino
            });
            let stat = guest.stat(ROOT, &path, lookup).map(|stat| stat.ino);
            crate::sys::resolve::FORCE_WALK.set(false);
            if oflags & CREAT != 0 && opened.is_ok() {
                guest.unlink(ROOT, &path).unwrap();
                return (Ok(0), Ok(0));
            }
            (opened, stat)
        };
        let by_kernel = look(false);
        let by_walk = look(true);
        assert_eq!(by_kernel, by_walk, "{path} {oflags} {lookup}");
        succeeded += usize::from(by_kernel.0.is_ok());
    }
    assert!(succeeded > 1000, "{succeeded}");
}
