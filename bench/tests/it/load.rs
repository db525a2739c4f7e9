use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use bench::load::{Figures, Request, Script, at_once, closed, open};
use tokio::task::LocalSet;
use tokio::time::sleep;

use crate::server::{ok, server};

const SPAN: Duration = Duration::from_millis(50);

/// Runs a test whose server is on its own thread.
async fn locally<T>(test: impl Future<Output = T>) -> T {
    LocalSet::new().run_until(test).await
}

/// What a closed loop makes of a server that always answers `answer` to a request that is changed by `expecting`.
async fn asked(answer: String, expecting: impl FnOnce(Request) -> Request) -> Figures {
    locally(async {
        let addr = server(async move |_| answer.clone()).await;
        let request = expecting(Request::get("here", "/"));
        let script = Rc::new(Script::in_turn(vec![request]));
        closed(addr, &script, 2, SPAN).await.unwrap()
    })
    .await
}

#[tokio::test]
async fn right_answers_are_counted() {
    let figures = asked(ok("of <one>"), |request| {
        request.expecting_mark("<one>").expecting_bytes(8)
    });
    let figures = figures.await.checked().unwrap();
    assert!(figures.right > 0);
}

#[tokio::test]
async fn wrong_answers_are_found() {
    let check = async |answer: &str, expecting: fn(Request) -> Request, expected: &str| {
        let figures = asked(answer.to_owned(), expecting).await;
        assert_eq!(figures.right, 0);
        let error = figures.first_error.clone().unwrap();
        assert!(error.contains(expected), "{error}");
        assert!(figures.checked().is_err());
    };
    let any = |request| request;
    let of_one = |request: Request| request.expecting_mark("<one>");
    check(&ok("of <two>"), of_one, "does not say <one>").await;
    check(&ok("short"), |it| it.expecting_bytes(6), "5 bytes").await;
    check(
        &ok(""),
        Request::expecting_not_modified,
        "200 instead of 304",
    )
    .await;
    let unlimited = "HTTP/1.1 200 OK\r\n\r\nbody";
    check(unlimited, any, "no Content-Length").await;
    let unavailable = "HTTP/1.1 503 Later\r\nContent-Length: 0\r\n\r\n";
    check(unavailable, any, "503 instead of 200").await;
    check(&(ok("") + "more"), any, "4 bytes after the answer").await;
    check("hello", any, "no HTTP").await;
}

#[tokio::test]
async fn a_mark_is_found_wherever_it_stands() {
    let figures = locally(async {
        let turns = RefCell::new(0);
        let addr = server(async move |_| {
            *turns.borrow_mut() += 1;
            ok(&format!("{}<one>", "-".repeat(*turns.borrow() % 3)))
        });
        let request = Request::get("here", "/").expecting_mark("<one>");
        let script = Rc::new(Script::in_turn(vec![request]));
        closed(addr.await, &script, 1, SPAN).await.unwrap()
    });
    assert!(figures.await.checked().unwrap().right > 3);
}

#[tokio::test]
async fn a_numbered_request_is_never_sent_twice() {
    locally(async {
        let seen = Rc::new(RefCell::new(BTreeSet::new()));
        let asked = Rc::clone(&seen);
        let addr = server(async move |request: String| {
            let is_new = asked.borrow_mut().insert(request);
            ok(if is_new { "new" } else { "old" })
        });
        let request = Request::get("here", "/1-00000000").expecting_mark("new");
        let script = Rc::new(Script::in_turn(vec![request.numbered()]));
        let figures = closed(addr.await, &script, 3, SPAN).await.unwrap();
        let right = figures.checked().unwrap().right;
        assert_eq!(u64::try_from(seen.borrow().len()).unwrap(), right);
    })
    .await;
}

/// A hundred requests were due while the server was silent: each of them waited, not just the one that was sent.
#[tokio::test]
async fn a_silent_server_is_not_asked_less() {
    const SILENCE: Duration = Duration::from_millis(200);
    let figures = locally(async {
        let is_first = RefCell::new(true);
        let addr = server(async move |_| {
            if is_first.replace(false) {
                sleep(SILENCE).await;
            }
            ok("")
        });
        let script = Rc::new(Script::in_turn(vec![Request::get("here", "/")]));
        let span = Duration::from_millis(100);
        open(addr.await, &script, 1, 1_000.0, span).await.unwrap()
    });
    let figures = figures.await.checked().unwrap();
    assert_eq!(figures.right, 100);
    assert!(figures.percentile(0.0) >= SILENCE / 2 - Duration::from_millis(1));
}

#[tokio::test]
async fn all_are_sent_at_once() {
    let figures = locally(async {
        let addr = server(async move |_| ok("")).await;
        at_once(addr, &Request::get("here", "/"), 20).await.unwrap()
    });
    assert_eq!(figures.await.checked().unwrap().right, 20);
}
