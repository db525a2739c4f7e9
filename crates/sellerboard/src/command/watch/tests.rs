use std::path::PathBuf;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use serde_json::{Value, json};

use super::figures::{Figures, Metrics, Rates, Window};
use super::poll::Look;
use super::screen::{Screen, Theme};
use super::view::{Next, Table, View};

const SERVER: &str = "http://127.0.0.1:8000";

/// What a busy service would answer, twice: with Redis, and while it is down.
fn metrics(redis: &str) -> Value {
    let is_up = redis == "up";
    json!({
        "at": "2026-05-04T10:20:30.5Z", "started_at": "2026-05-04T08:15:00Z",
        "hits": 1_480_000, "total_requests": 1_500_000, "hit_rate_percent": 98.67, "stale_hits": 120,
        "collapsed": 77, "errors": 3,
        "tiers": {
            "local": {"entries": 12_345, "used_memory_mb": 80.25, "max_memory_mb": 256.0, "evictions": 1_204},
            "redis": is_up.then(|| json!({"used_memory_mb": 251.0, "max_memory_mb": 256.0, "evicted_keys": 9})),
        },
        "redis": {
            "state": redis, "cause": (!is_up).then_some("timeout"), "since": "2026-05-04T10:18:25Z",
            "pending_invalidations": if is_up { 0 } else { 7 },
        },
        "endpoints": {
            "dashboard_kpis": {"hits": 900_000, "misses": 1_000, "errors": 0, "origin_loads": 900, "latency": {"p99_ms": 0.81}},
            "products": {"hits": 580_000, "misses": 19_000, "errors": 3, "origin_loads": 18_500, "latency": {"p99_ms": 12.5}},
            "forecast_demand": {"hits": 0, "misses": 0, "errors": 0, "origin_loads": 0, "latency": {"p99_ms": null}},
        },
        "latency": {"all": {"p50_ms": 0.021, "p99_ms": 1.25}},
        "coherence": {
            "lag": {"p50_ms": 0.9, "p99_ms": 3.2}, "notified": is_up, "fills_refused": 42, "redis_errors": if is_up { 0 } else { 6 },
            "pending_age": 95, "invalidations": {"key": {"applied": 1_000, "queued": 0}, "tenant": {"applied": 12, "queued": 7}},
        },
        "origin": {"loads": 19_400, "loads_failed": 3, "under_way": 2, "waiting": 0, "breaker": if is_up { "closed" } else { "open" }},
    })
}

fn figures(redis: &str) -> Figures {
    let samples: Vec<Value> = (0..360_u64)
        .map(|at| {
            let state = if redis == "up" || at < 340 { "up" } else { redis };
            json!({
                "hits": at * at * 10, "misses": at * 20, "origin_loads": at * (at % 7), "p99_ms": at % 20, "redis": state,
            })
        })
        .collect();
    let invalidation = |tenant: &str, scope: &str, status: &str, cause: &str| json!({"at": "2026-05-04T10:19:59Z", "tenant": tenant, "scope": scope, "status": status, "cause": cause});
    Figures {
        metrics: serde_json::from_value(metrics(redis)).unwrap(),
        rates: Rates {
            requests: Some(1_834.2),
            hits_percent: Some(if redis == "up" { 98.9 } else { 43.0 }),
            loads: Some(20.4),
            loads_failed: Some(0.0),
        },
        tenants: serde_json::from_value(json!([
            {"id": "tenant-001", "hits": 990, "total_requests": 1_000, "errors": 1, "local_bytes": 1_048_576},
            {"id": "tenant-002", "hits": 0, "total_requests": 0, "errors": 0, "local_bytes": 0},
        ]))
        .unwrap(),
        invalidations: serde_json::from_value(json!([
            invalidation("tenant-001", "endpoint products", "applied", "request"),
            invalidation("tenant-002", "tag product:7", "queued", "product.updated \u{1b}[31m42"),
        ]))
        .unwrap(),
        history: serde_json::from_value(json!({"interval": 10, "items": samples})).unwrap(),
    }
}

fn draw(view: &View, width: u16, height: u16) -> String {
    let screen = Screen {
        server: SERVER.to_owned(),
        theme: Theme::plain(),
        zone: TimeZone::UTC,
    };
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| screen.draw(view, frame)).unwrap();
    let buffer = terminal.backend().buffer();
    let rows = buffer.content().chunks(usize::from(width));
    let rows = rows.map(|row| row.iter().map(|cell| cell.symbol()).collect::<String>());
    rows.map(|row| row.trim_end().to_owned() + "\n").collect()
}

fn press(view: &mut View, key: char) -> Next {
    view.press(KeyEvent::new(KeyCode::Char(key), KeyModifiers::NONE))
}

/// `UPDATE_SNAPSHOTS=1` renews the file.
fn check(name: &str, screen: &str) {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("src/command/watch/snapshots")
        .join(format!("{name}.txt"));
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&file, screen).unwrap();
    }
    let known = std::fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(known, screen, "{name}; UPDATE_SNAPSHOTS=1 renews it");
}

fn seen(redis: &str) -> View {
    let mut view = View::default();
    view.take(Look::Seen(Box::new(figures(redis))));
    view
}

#[test]
fn everything_fits_on_80_by_24() {
    check("live", &draw(&seen("up"), 80, 24));
}

#[test]
fn a_wide_terminal_is_used() {
    check("wide", &draw(&seen("up"), 132, 30));
}

#[test]
fn an_outage_is_told_in_words() {
    check("redis-down", &draw(&seen("down"), 80, 24));
}

#[test]
fn figures_stay_and_are_called_old_when_the_service_is_gone() {
    let mut view = seen("up");
    let reason =
        format!("failed to reach {SERVER}/; start the service or name another with --server");
    view.take(Look::Failed(reason.clone()));
    check("gone", &draw(&view, 80, 24));
    let mut never = View::default();
    never.take(Look::Failed(reason));
    check("never-there", &draw(&never, 80, 24));
}

#[test]
fn a_small_terminal_is_told_so() {
    let screen = draw(&seen("up"), 60, 10);
    assert!(
        screen.contains("60×10") && screen.contains("80×24"),
        "{screen}"
    );
}

#[test]
fn keys_choose_pause_help_and_quit() {
    let mut view = seen("up");
    assert_eq!(press(&mut view, 't'), Next::GoOn);
    assert_eq!(view.table, Table::Tenants);
    check("tenants", &draw(&view, 80, 24));
    let down = KeyEvent::new(KeyCode::Down, KeyModifiers::NONE);
    for _ in 0..9 {
        view.press(down);
    }
    assert_eq!(view.scrolled, 1, "the last row stays");
    press(&mut view, 'e');
    assert_eq!((view.table, view.scrolled), (Table::Endpoints, 0));
    press(&mut view, '?');
    check("help", &draw(&view, 80, 24));
    let escape = KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE);
    assert_eq!(view.press(escape), Next::GoOn, "it closes the help");
    assert_eq!(view.press(escape), Next::Quit);
    assert_eq!(press(&mut view, 'q'), Next::Quit);
    let interrupt = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    assert_eq!(view.press(interrupt), Next::Quit);
}

#[test]
fn a_pause_holds_the_figures_still() {
    let mut view = seen("up");
    press(&mut view, 'p');
    view.take(Look::Seen(Box::new(figures("down"))));
    let state = |view: &View| view.figures.as_ref().unwrap().metrics.redis.state.clone();
    assert_eq!(state(&view), "up");
    assert!(draw(&view, 80, 24).contains("PAUSED"));
    press(&mut view, 'p');
    view.take(Look::Seen(Box::new(figures("down"))));
    assert_eq!(state(&view), "down");
}

#[test]
fn rates_are_of_ten_seconds_and_begin_anew_with_the_service() {
    let mut window = Window::default();
    let metrics = |total: u64, hits: u64| Metrics {
        total_requests: total,
        hits,
        ..Metrics::default()
    };
    assert_eq!(window.add(0.0, &metrics(1_000, 500)), Rates::default());
    for second in 1..=20_u32 {
        let total = 1_000 + u64::from(second) * 100;
        let rates = window.add(second.into(), &metrics(total, total / 2));
        assert_eq!(rates.requests, Some(100.0));
        assert_eq!(rates.hits_percent, Some(50.0));
    }
    assert_eq!(window.add(21.0, &metrics(5, 5)), Rates::default());
    let rates = window.add(22.0, &metrics(5, 5));
    assert_eq!((rates.requests, rates.hits_percent), (Some(0.0), None));
}

/// What an older service answers, or one that leaves parts out, is shown as far as it goes.
#[test]
fn an_answer_with_nothing_in_it_is_shown() {
    let mut view = View::default();
    let figures = Figures {
        metrics: serde_json::from_value(json!({"redis": {"state": "none"}})).unwrap(),
        ..Figures::default()
    };
    view.take(Look::Seen(Box::new(figures)));
    check("empty", &draw(&view, 80, 24));
}
