use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;

use proptest::prelude::*;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tempfile::TempDir;
use tenantcache_core::{Generation, Records};
use tokio::sync::Notify;

use super::*;

/// Names the folder to a child process, and what it is to do there.
const CHILD_FOLDER: &str = "TENANTCACHE_TEST_DURABLE_FOLDER";
const CHILD_TEST: &str = "durable::tests::child";
const ON_DISK: &str = "all is on disk";
const CHILD_TENANTS: u32 = 20;

fn tenant(id: &str) -> TenantId {
    TenantId::new(id).unwrap()
}

fn tag(text: &str) -> Scope {
    Scope::Tag(text.parse().unwrap())
}

fn open(folder: &TempDir) -> (DurableQueue, Waiting) {
    DurableQueue::open(folder.path()).unwrap()
}

async fn put(queue: &DurableQueue, id: &str, scopes: &[Scope]) {
    let scopes = scopes.to_vec();
    let written = queue.sync(&tenant(id), move || scopes.clone()).await;
    written.unwrap();
}

/// Lets go of the file, which the thread that wrote last may hold a moment longer.
async fn close(mut queue: DurableQueue) {
    while let Err(shared) = Arc::try_unwrap(queue.shared) {
        queue = DurableQueue { shared };
        tokio::task::yield_now().await;
    }
}

fn names(folder: &TempDir) -> Vec<String> {
    let entries = std::fs::read_dir(folder.path()).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.ends_with(".lock"))
        .collect();
    names.sort();
    names
}

fn sorted(mut scopes: Vec<Scope>) -> Vec<String> {
    scopes.sort_by_key(Scope::field);
    scopes.iter().map(Scope::field).collect()
}

#[tokio::test]
async fn what_waits_is_found_again_and_what_is_done_is_not() {
    let folder = TempDir::new().unwrap();
    let (queue, found) = open(&folder);
    assert_eq!(found, Waiting::default());
    let scopes = [tag("a"), Scope::Key("products:t:id:1".parse().unwrap())];
    put(&queue, "t", &scopes).await;
    put(&queue, "u", &[Scope::Tenant]).await;
    put(&queue, "done", &[Scope::Tenant]).await;
    put(&queue, "done", &[]).await;
    close(queue).await;
    let (_queue, found) = open(&folder);
    assert_eq!(found.tenants.len(), 2);
    assert_eq!(
        sorted(found.tenants[&tenant("t")].clone()),
        ["g:a", "k:products:t:id:1"]
    );
    assert_eq!(found.tenants[&tenant("u")], [Scope::Tenant]);
    assert!(!found.everything);
}

#[tokio::test]
async fn ten_thousand_invalidations_of_one_tenant_stay_one_small_row() {
    let folder = TempDir::new().unwrap();
    let (queue, _) = open(&folder);
    put(&queue, "t", &[tag("first")]).await;
    let path = folder.path().join("invalidations-0.redb");
    let overlay = Arc::new(Mutex::new(Records::default()));
    let mut writes = Vec::new();
    for number in 0..10_000_u64 {
        let scope = tag(&format!("{number:0>120}"));
        overlay.lock().note(scope, Generation::from_u64(number + 1));
        if number % 100 == 0 {
            let overlay = Arc::clone(&overlay);
            let current = move || overlay.lock().iter().map(|(scope, _)| scope).collect();
            writes.push(queue.sync(&tenant("t"), current).await);
        }
    }
    assert!(writes.iter().all(Result::is_ok));
    let bytes = std::fs::metadata(&path).unwrap().len();
    assert!(bytes < 4 << 20, "{bytes}");
    close(queue).await;
    let (_queue, found) = open(&folder);
    assert_eq!(found.tenants.len(), 1);
    assert!(found.scopes_count() <= Records::COUNT_MAX + 1);
    assert!(found.tenants[&tenant("t")].contains(&Scope::Tenant));
}

#[tokio::test]
async fn two_nodes_in_one_folder_keep_apart() {
    let folder = TempDir::new().unwrap();
    let (first, _) = open(&folder);
    put(&first, "t", &[tag("of the first")]).await;
    let (second, found) = open(&folder);
    assert_eq!(found, Waiting::default());
    put(&second, "t", &[tag("of the second")]).await;
    assert_eq!(
        names(&folder),
        ["invalidations-0.redb", "invalidations-1.redb"]
    );
}

#[tokio::test]
async fn what_a_node_that_is_gone_left_is_taken_over() {
    let folder = TempDir::new().unwrap();
    let (first, _) = open(&folder);
    let (second, _) = open(&folder);
    put(&first, "t", &[tag("of the first")]).await;
    put(&second, "t", &[tag("of the second")]).await;
    put(&second, "u", &[Scope::Tenant]).await;
    close(first).await;
    close(second).await;
    let (third, found) = open(&folder);
    assert_eq!(
        sorted(found.tenants[&tenant("t")].clone()),
        ["g:of the first", "g:of the second"]
    );
    assert_eq!(found.tenants[&tenant("u")], [Scope::Tenant]);
    assert_eq!(names(&folder), ["invalidations-0.redb"]);
    close(third).await;
    let (_fourth, again) = open(&folder);
    assert_eq!(again.scopes_count(), 3);
}

#[tokio::test]
async fn a_file_that_is_not_ours_is_set_aside_and_makes_everything_invalid() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("invalidations-0.redb");
    std::fs::write(&file, "not a database, but more than nine bytes").unwrap();
    let (queue, found) = open(&folder);
    assert!(found.everything);
    put(&queue, "t", &[Scope::Tenant]).await;
    assert_eq!(
        names(&folder),
        ["invalidations-0.redb.unreadable", "invalidations-1.redb"]
    );
    close(queue).await;
    let (queue, found) = open(&folder);
    assert!(found.everything, "until it is settled");
    assert_eq!(found.tenants[&tenant("t")], [Scope::Tenant]);
    queue.everything_settled().await.unwrap();
    close(queue).await;
    let (_queue, found) = open(&folder);
    assert!(!found.everything);
    assert_eq!(found.tenants[&tenant("t")], [Scope::Tenant]);
}

/// Bytes turned over anywhere in a file, and files cut off anywhere; the file was closed, or its process killed.
#[tokio::test]
async fn damage_loses_nothing() {
    let source = TempDir::new().unwrap();
    let (queue, _) = open(&source);
    for number in 0..40 {
        put(&queue, &format!("t{number}"), &[tag("a"), tag("b")]).await;
    }
    let file = source.path().join("invalidations-0.redb");
    let killed = std::fs::read(&file).unwrap();
    close(queue).await;
    let closed = std::fs::read(&file).unwrap();
    for sound in [killed, closed] {
        // What is in use is at the start of the file.
        let used = sound.iter().rposition(|byte| *byte != 0).unwrap() + 1;
        let mut random = fastrand::Rng::with_seed(7);
        let flip = |at: usize| {
            let mut bytes = sound.clone();
            bytes[at] ^= 0x55;
            (at, bytes)
        };
        let mut damaged: Vec<_> = (0..16).map(flip).collect();
        damaged.extend((0..8).map(|_| flip(random.usize(16..320))));
        damaged.extend((0..8).map(|_| flip(random.usize(..used))));
        damaged.extend((0..4).map(|_| {
            let at = random.usize(1..used);
            (at, sound[..at].to_vec())
        }));
        for (at, bytes) in damaged {
            let folder = TempDir::new().unwrap();
            std::fs::write(folder.path().join("invalidations-0.redb"), bytes).unwrap();
            let (_queue, found) = open(&folder);
            for number in 0..40 {
                let scopes = found.tenants.get(&tenant(&format!("t{number}")));
                let kept = scopes.is_some_and(|scopes| {
                    scopes.contains(&Scope::Tenant) || sorted(scopes.clone()) == ["g:a", "g:b"]
                });
                assert!(kept || found.everything, "byte {at}, tenant {number}");
            }
        }
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let below = file.join("state");
    let error = DurableQueue::open(&below).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("failed to make the folder {}", below.display())
    );
    assert!(std::error::Error::source(&error).is_some());
}

#[cfg(unix)]
#[test]
fn a_folder_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = TempDir::new().unwrap();
    let inner = folder.path().join("a/b");
    DurableQueue::open(&inner).unwrap();
    let mode = std::fs::metadata(&inner).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_at_the_same_time_are_all_written() {
    let folder = TempDir::new().unwrap();
    let (queue, _) = open(&folder);
    let calls = (0..500).map(|number| {
        let queue = queue.clone();
        tokio::spawn(async move { put(&queue, &format!("t{number}"), &[tag("a")]).await })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap();
    }
    close(queue).await;
    let (_queue, found) = open(&folder);
    assert_eq!(found.tenants.len(), 500);
}

/// While a lot is written, another gathers, and is written as it is when its turn comes.
#[tokio::test]
async fn a_row_says_what_is_so_at_its_turn() {
    let folder = TempDir::new().unwrap();
    let (queue, _) = open(&folder);
    let begun = Arc::new(Notify::new());
    let (go, wait) = mpsc::channel::<()>();
    let wait = Mutex::new(wait);
    let held = tokio::spawn({
        let (queue, begun) = (queue.clone(), Arc::clone(&begun));
        let current = move || {
            begun.notify_one();
            wait.lock().recv().unwrap();
            vec![tag("held")]
        };
        async move { queue.sync(&tenant("held"), current).await }
    });
    begun.notified().await;
    let state = Arc::new(Mutex::new(vec![tag("early")]));
    let later = tokio::spawn({
        let (queue, state) = (queue.clone(), Arc::clone(&state));
        async move { queue.sync(&tenant("t"), move || state.lock().clone()).await }
    });
    tokio::task::yield_now().await;
    *state.lock() = vec![tag("late")];
    go.send(()).unwrap();
    held.await.unwrap().unwrap();
    later.await.unwrap().unwrap();
    close(queue).await;
    let (_queue, found) = open(&folder);
    assert_eq!(found.tenants[&tenant("t")], [tag("late")]);
    assert_eq!(found.tenants[&tenant("held")], [tag("held")]);
}

#[tokio::test]
async fn a_panic_is_an_error_to_those_who_wait_and_the_next_call_is_written() {
    let folder = TempDir::new().unwrap();
    let (queue, _) = open(&folder);
    let result = queue
        .sync(&tenant("t"), || panic!("as the test wants"))
        .await;
    assert!(result.is_err());
    put(&queue, "t", &[tag("a")]).await;
    close(queue).await;
    let (_queue, found) = open(&folder);
    assert_eq!(found.tenants[&tenant("t")], [tag("a")]);
}

/// Not a test of its own: what the processes do that tests start.
#[tokio::test]
async fn child() {
    let Some(folder) = std::env::var_os(CHILD_FOLDER) else {
        return;
    };
    let (queue, _) = DurableQueue::open(Path::new(&folder)).unwrap();
    let scopes: Vec<_> = (0..500).map(|n| tag(&format!("{n:0>120}"))).collect();
    let mut failed = 0;
    for number in 0..CHILD_TENANTS {
        let id = tenant(&format!("t{number}"));
        let scopes = scopes.clone();
        match queue.sync(&id, move || scopes.clone()).await {
            Ok(()) => println!("kept {id}"),
            Err(error) => {
                failed += 1;
                let cause = std::error::Error::source(&error).unwrap();
                println!("refused {id}: {error}: {cause}");
            }
        }
        if failed == 3 {
            let maximum = getrlimit(Resource::Fsize).maximum;
            let current = maximum;
            setrlimit(Resource::Fsize, Rlimit { current, maximum }).unwrap();
        }
    }
    println!("{ON_DISK}, but {failed}");
    // Until it is killed.
    std::future::pending::<()>().await;
}

/// Starts [`child`], with a limit of the size of files if there is one, and reads what it prints until it is done.
fn run_child(folder: &TempDir, limit_kb: Option<u32>) -> (Child, Vec<String>) {
    // A process that ignores the signal gets an error instead.
    let limit = limit_kb.map_or_else(String::new, |kb| {
        format!("trap '' XFSZ; ulimit -S -f {};", kb * 2)
    });
    let mut child = Command::new("sh")
        .args(["-c", &format!("{limit} exec \"$0\" \"$@\"")])
        .arg(std::env::current_exe().unwrap())
        .args([CHILD_TEST, "--exact", "--nocapture"])
        .env(CHILD_FOLDER, folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        let done = line.contains(ON_DISK);
        lines.push(line);
        if done {
            return (child, lines);
        }
    }
    let _ = child.wait();
    panic!("the process ended: {lines:?}");
}

#[test]
fn what_was_acknowledged_survives_kill_9() {
    let folder = TempDir::new().unwrap();
    let (mut child, lines) = run_child(&folder, None);
    assert!(
        lines.iter().any(|line| line.ends_with(", but 0")),
        "{lines:?}"
    );
    child.kill().unwrap();
    child.wait().unwrap();
    let (_queue, found) = open(&folder);
    assert_eq!(found.tenants.len(), CHILD_TENANTS as usize);
    assert!(found.tenants.values().all(|scopes| scopes.len() == 500));
    assert!(!found.everything);
}

/// A full disk refuses as a limit of the size of files does. Later there is room again.
#[test]
fn a_full_disk_is_an_error_and_what_was_acknowledged_stays() {
    let folder = TempDir::new().unwrap();
    drop(open(&folder));
    let empty = std::fs::metadata(folder.path().join("invalidations-0.redb")).unwrap();
    let limit_kb = u32::try_from(empty.len() / 1024).unwrap() + 1;
    let (mut child, lines) = run_child(&folder, Some(limit_kb));
    child.kill().unwrap();
    child.wait().unwrap();
    let path = folder.path().display().to_string();
    let with = |text| lines.iter().filter(move |line| line.contains(text));
    assert_eq!(with("refused t").count(), 3, "{lines:?}");
    assert!(with("refused t").all(|line| line.contains(&path)));
    assert_eq!(with("kept t").count() + 3, CHILD_TENANTS as usize);
    let last = format!("kept t{}", CHILD_TENANTS - 1);
    assert_eq!(with(&last).count(), 1, "{lines:?}");
    let (_queue, found) = open(&folder);
    assert!(!found.everything);
    for (_, id) in lines.iter().filter_map(|line| line.split_once("kept ")) {
        assert_eq!(found.tenants[&tenant(id)].len(), 500, "{id}");
    }
}

fn scope() -> impl Strategy<Value = Scope> {
    let name = "[a-z0-9_.~@+-]{1,20}";
    prop_oneof![
        name.prop_map(|text| Scope::Endpoint(text.parse().unwrap())),
        "[!-~]{1,20}".prop_map(|text| Scope::Prefix(text.parse().unwrap())),
        "\\PC{1,30}".prop_map(|text| Scope::Tag(text.parse().unwrap())),
        name.prop_map(|text| Scope::Key(format!("products:t:id:{text}").parse().unwrap())),
        Just(Scope::Tenant),
    ]
}

proptest! {
    #[test]
    fn rows_say_what_was_written(scopes in prop::collection::hash_set(scope(), 1..40)) {
        let scopes: Vec<_> = scopes.into_iter().collect();
        let row = row::encode("t", &scopes);
        prop_assert_eq!(sorted(row::decode(&tenant("t"), &row)), sorted(scopes));
        prop_assert_eq!(row::decode(&tenant("u"), &row), [Scope::Tenant]);
    }

    #[test]
    fn any_bytes_are_the_whole_tenant(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert_eq!(row::decode(&tenant("t"), &bytes), [Scope::Tenant]);
    }

    #[test]
    fn a_damaged_row_is_the_whole_tenant(
        scopes in prop::collection::vec(scope(), 1..10),
        at in any::<prop::sample::Index>(),
        change in 1_u8..,
        cut in any::<bool>(),
    ) {
        let mut row = row::encode("t", &scopes);
        let at = at.index(row.len());
        if cut {
            row.truncate(at);
        } else {
            row[at] ^= change;
        }
        prop_assert_eq!(row::decode(&tenant("t"), &row), [Scope::Tenant]);
    }
}

#[test]
fn more_scopes_than_an_overlay_has_are_the_whole_tenant() {
    let scopes: Vec<_> = (0..514).map(|n| tag(&n.to_string())).collect();
    let row = row::encode("t", &scopes);
    assert_eq!(row::decode(&tenant("t"), &row), [Scope::Tenant]);
    let merged = row::merge(&scopes[..400], &scopes[400..]);
    assert!(merged.contains(&Scope::Tenant) && merged.len() <= 513);
}

#[test]
fn version_1_is_what_it_always_was() {
    let row = row::encode("t", &[tag("a"), Scope::Tenant]);
    let (head, body) = row.split_at(9);
    assert_eq!(head[0], 1);
    assert_eq!(body, b"\x03\x00g:a\x01\x00t");
}
