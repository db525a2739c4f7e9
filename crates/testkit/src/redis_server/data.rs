//! What is in a server, and how long it takes to load that.

use std::time::Duration;

use super::{Answer, RedisServer};

/// Keys and the size of their values that a slow start is stretched over.
const FILLER_KEYS: u64 = 1_000;
const FILLER_BYTES: usize = 1_024;
/// A script that takes longer than this many keys would hold up others.
const KEYS_PER_SCRIPT: u64 = 10_000;

impl RedisServer {
    /// Adds keys `testkit:0`, `testkit:1`, ... with a string of `bytes` bytes each, without a TTL.
    ///
    /// # Panics
    ///
    /// If the server refuses.
    pub fn populate(&self, keys: u64, bytes: usize) {
        const SCRIPT: &str = "local value = string.rep('x', ARGV[3]) \
            for i = ARGV[1], ARGV[2] - 1 do redis.call('SET', 'testkit:' .. string.format('%d', i), value) end \
            return 'OK'";
        let mut from = 0;
        while from < keys {
            let to = keys.min(from + KEYS_PER_SCRIPT);
            let range = [from.to_string(), to.to_string(), bytes.to_string()];
            let mut command = vec!["EVAL", SCRIPT, "0"];
            command.extend(range.iter().map(String::as_str));
            assert_eq!(self.cli(&command), "OK");
            from = to;
        }
    }

    /// Kills the process and starts it with everything that it had and a thousand keys more, so that it takes about
    /// `time` to load them: until then, or until [`finish_loading`](Self::finish_loading), it says `-LOADING` to
    /// everything. Returns when it does.
    ///
    /// # Panics
    ///
    /// If the server does not say so within 10 s.
    pub async fn restart_loading(&mut self, time: Duration) {
        self.populate(FILLER_KEYS, FILLER_BYTES);
        self.config_set("rdbcompression", "no");
        self.snapshot();
        let keys = self.cli(&["DBSIZE"]).parse().unwrap_or(FILLER_KEYS);
        let micros = time.as_micros() / u128::from(keys.max(1));
        let args = [
            "--key-load-delay".to_owned(),
            micros.to_string(),
            // How often it answers meanwhile.
            "--loading-process-events-interval-bytes".to_owned(),
            FILLER_BYTES.to_string(),
        ];
        assert!(
            self.launch(&args, Answer::Loading).await,
            "redis-server did not start on port {}",
            self.port
        );
    }

    /// Loads the rest as fast as it can, and returns when everything is there.
    ///
    /// # Panics
    ///
    /// If the server refuses, or does not answer within 10 s.
    pub async fn finish_loading(&mut self) {
        self.config_set("key-load-delay", "0");
        assert!(self.answers(Answer::Ready).await, "the server has ended");
    }
}
