//! How fast bytes go, if at all.

use std::time::Duration;

use super::TcpProxy;
use super::connection::{Connection, Connections};

/// A narrow band is filled in pieces, so many in a second.
const PIECES_PER_SECOND: u64 = 100;

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the server to the client.
    Down,
    /// From the client to the server.
    Up,
}

/// How slowly bytes go one way. Default: as fast as they can.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Pace {
    latency: Duration,
    jitter: Duration,
    bytes_per_second: Option<u64>,
    slice: Option<(usize, Duration)>,
    silent: bool,
    slow_close: Duration,
}

impl Pace {
    /// Everything is late by `latency`, and by up to `jitter` more. The order stays.
    pub fn with_latency(mut self, latency: Duration, jitter: Duration) -> Self {
        (self.latency, self.jitter) = (latency, jitter);
        self
    }

    /// No more than so many bytes pass in a second; at least 1.
    pub fn with_bandwidth(mut self, bytes_per_second: u64) -> Self {
        self.bytes_per_second = Some(bytes_per_second.max(1));
        self
    }

    /// Everything goes in pieces of so many bytes, at least 1, with a pause before each.
    pub fn with_slices(mut self, bytes: usize, pause: Duration) -> Self {
        self.slice = Some((bytes.max(1), pause));
        self
    }

    /// Everything is dropped while the connection stays open, and the other side's end is not told.
    pub fn silent(mut self) -> Self {
        self.silent = true;
        self
    }

    /// The other side is told of an end so much later.
    pub fn with_slow_close(mut self, delay: Duration) -> Self {
        self.slow_close = delay;
        self
    }

    /// Delays add up, the narrower band and the smaller slices count.
    fn and(self, other: Self) -> Self {
        let least = |one: Option<u64>, other| one.into_iter().chain(other).min();
        let slices = self.slice.into_iter().chain(other.slice);
        Self {
            latency: self.latency + other.latency,
            jitter: self.jitter + other.jitter,
            bytes_per_second: least(self.bytes_per_second, other.bytes_per_second),
            slice: slices.min_by_key(|(bytes, _)| *bytes),
            silent: self.silent || other.silent,
            slow_close: self.slow_close + other.slow_close,
        }
    }

    pub(super) fn is_silent(&self) -> bool {
        self.silent
    }

    pub(super) fn close_delay(&self) -> Duration {
        self.slow_close
    }

    /// How late the next bytes are.
    pub(super) fn draw_delay(&self) -> Duration {
        self.latency + random_up_to(self.jitter)
    }

    /// In what pieces bytes go, and what time each of them takes.
    pub(super) fn pieces(&self) -> (usize, Duration) {
        let (mut bytes, mut time) = self.slice.unwrap_or((usize::MAX, Duration::ZERO));
        if let Some(rate) = self.bytes_per_second {
            let piece = (rate / PIECES_PER_SECOND).max(1);
            bytes = bytes.min(usize::try_from(piece).unwrap_or(usize::MAX));
            let micros = 1_000_000 * u64::try_from(bytes).unwrap_or(u64::MAX) / rate;
            time += Duration::from_micros(micros);
        }
        (bytes, time)
    }
}

pub(super) fn random_up_to(max: Duration) -> Duration {
    max.mul_f64(fastrand::f64())
}

#[derive(Debug, Default)]
pub(super) struct Paces {
    of_all: [Pace; 2],
    more: Vec<(Connections, Direction, Pace)>,
}

impl Paces {
    pub(super) fn of(&self, connection: &Connection, direction: Direction) -> Pace {
        let matching = self
            .more
            .iter()
            .filter(|(which, way, _)| *way == direction && which.include(connection));
        matching.fold(self.of_all[direction as usize], |sum, (_, _, pace)| {
            sum.and(*pace)
        })
    }
}

impl TcpProxy {
    /// Slows what goes one way on connections of a kind, in addition to everything that slows it already.
    pub fn pace(&self, which: Connections, direction: Direction, pace: Pace) {
        let mut toxics = self.shared.toxics.lock();
        toxics.paces.more.push((which, direction, pace));
    }

    /// Delays everything in a direction by `latency`, and up to `jitter` more, instead of what was said before. The order
    /// stays. Default: 0.
    pub fn delay(&self, direction: Direction, latency: Duration, jitter: Duration) {
        let mut toxics = self.shared.toxics.lock();
        let pace = &mut toxics.paces.of_all[direction as usize];
        *pace = pace.with_latency(latency, jitter);
    }

    /// Whether everything in a direction is dropped while connections stay open. Default: no.
    pub fn drop_silently(&self, direction: Direction, drop: bool) {
        let mut toxics = self.shared.toxics.lock();
        toxics.paces.of_all[direction as usize].silent = drop;
    }
}
