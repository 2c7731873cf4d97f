use std::time::Duration;

use kubeseal::SealingKey;
use tempfile::TempDir;

use super::*;

fn key() -> SealingKey {
    let begin = "2026-01-01T00:00:00Z".parse().unwrap();
    SealingKey::generate(2048, "", begin, Duration::from_mins(1)).unwrap()
}

fn known(folder: &TempDir) -> Known {
    Known { store: Store::open(folder.path().join("kubeseal-rs")).ok() }
}

#[test]
fn an_entry_says_all_of_what_it_says_and_nothing_else() {
    let folder = TempDir::new().unwrap();
    let (key, other) = (key(), key());
    let certificate = key.certificate();
    let mut cache = known(&folder);
    cache.remember(certificate, b"shop/db", "AAAA", b"hunter2");
    cache.save();
    let cache = known(&folder);
    assert!(cache.holds(certificate, b"shop/db", "AAAA", b"hunter2"));
    assert!(cache.is_sealed_for(certificate, "AAAA"));
    assert!(!cache.holds(other.certificate(), b"shop/db", "AAAA", b"hunter2"));
    assert!(!cache.holds(certificate, b"shop", "AAAA", b"hunter2"));
    assert!(!cache.holds(certificate, b"shop/db", "AAAB", b"hunter2"));
    assert!(!cache.holds(certificate, b"shop/db", "AAAA", b"hunter3"));
    // The parts do not run into each other.
    assert!(!cache.holds(certificate, b"shop/db", "AAAAh", b"unter2"));
    assert!(!cache.is_sealed_for(other.certificate(), "AAAA"));
    assert!(!Known::none().holds(certificate, b"shop/db", "AAAA", b"hunter2"));
}

#[test]
fn another_machine_has_other_entries() {
    let (first, second) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let key = key();
    for folder in [&first, &second] {
        let mut cache = known(folder);
        cache.remember(key.certificate(), b"", folder.path().to_str().unwrap(), b"hunter2");
        cache.remember(key.certificate(), b"", "AAAA", b"hunter3");
        cache.save();
    }
    let mut cache = known(&first);
    cache.remember(key.certificate(), b"", "AAAA", b"hunter2");
    cache.save();
    let entries = Path::new("kubeseal-rs/entries");
    fs::copy(first.path().join(entries), second.path().join(entries)).unwrap();
    assert!(known(&first).holds(key.certificate(), b"", "AAAA", b"hunter2"));
    assert!(!known(&second).holds(key.certificate(), b"", "AAAA", b"hunter2"));
}

#[test]
fn the_older_half_is_forgotten_when_there_are_too_many() {
    let folder = TempDir::new().unwrap();
    let mut store = Store::open(folder.path().join("kubeseal-rs")).unwrap();
    for number in 0..=MAXIMUM_ENTRIES {
        let mut entry = [0; LENGTH];
        entry[..8].copy_from_slice(&u64::try_from(number).unwrap().to_be_bytes());
        store.add(entry);
    }
    let newest = *store.new.last().unwrap();
    store.save().unwrap();
    let store = Store::open(folder.path().join("kubeseal-rs")).unwrap();
    assert_eq!(store.entries.len(), MAXIMUM_ENTRIES / 2 + 1);
    assert!(store.entries.contains(&newest) && !store.entries.contains(&[0; LENGTH]));
}

#[test]
fn who_only_asks_leaves_no_trace() {
    let folder = TempDir::new().unwrap();
    let mut cache = known(&folder);
    assert!(!cache.holds(key().certificate(), b"", "AAAA", b"hunter2"));
    cache.save();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn of_two_that_begin_at_once_the_first_counts() {
    let folder = TempDir::new().unwrap();
    let key = key();
    let (mut first, mut second) = (known(&folder), known(&folder));
    first.remember(key.certificate(), b"", "AAAA", b"hunter2");
    second.remember(key.certificate(), b"", "BBBB", b"hunter2");
    first.save();
    second.save();
    let cache = known(&folder);
    assert!(cache.holds(key.certificate(), b"", "AAAA", b"hunter2"));
    assert!(!cache.holds(key.certificate(), b"", "BBBB", b"hunter2"));
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = TempDir::new().unwrap();
    let place = folder.path().join("kubeseal-rs");
    fs::create_dir(&place).unwrap();
    fs::set_permissions(&place, fs::Permissions::from_mode(0o755)).unwrap();
    let mut cache = known(&folder);
    cache.remember(key().certificate(), b"", "AAAA", b"hunter2");
    cache.save();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!([mode(&place), mode(&place.join("key")), mode(&place.join("entries"))], [0o700, 0o600, 0o600]);
}
