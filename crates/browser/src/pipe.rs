use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{ChildStdin, ChildStdout};
use tokio::sync::oneshot;

use crate::record::Record;

const END: u8 = 0;

/// The way to the browser: commands go in, answers and events come out.
#[derive(Debug)]
pub(crate) struct Pipe {
    input: tokio::sync::Mutex<ChildStdin>,
    open: Mutex<Open>,
}

/// What is waited for.
#[derive(Debug, Default)]
struct Open {
    commands_count: u64,
    commands: HashMap<u64, oneshot::Sender<Result<Value, String>>>,
    records: HashMap<String, Arc<Mutex<Record>>>,
    is_closed: bool,
}

impl Pipe {
    /// Reads what comes out until the browser ends.
    pub(crate) fn new(input: ChildStdin, output: ChildStdout) -> Arc<Self> {
        let pipe = Arc::new(Self {
            input: tokio::sync::Mutex::new(input),
            open: Mutex::default(),
        });
        tokio::spawn({
            // The reader ends with the browser, whose input closes with the last handle.
            let pipe = Arc::downgrade(&pipe);
            async move {
                let mut output = BufReader::new(output);
                let mut message = Vec::new();
                while let Ok(1..) = output.read_until(END, &mut message).await {
                    let Some(pipe) = pipe.upgrade() else { return };
                    message.pop();
                    let parsed = serde_json::from_slice(&message);
                    pipe.take(parsed.expect("the browser sends JSON"));
                    message.clear();
                }
                if let Some(pipe) = pipe.upgrade() {
                    pipe.close();
                }
            }
        });
        pipe
    }

    /// Keeps the events of a session in `record`.
    pub(crate) fn record(&self, session: &str, record: &Arc<Mutex<Record>>) {
        let mut open = self.open.lock();
        open.records.insert(session.to_owned(), record.clone());
    }

    /// Forgets a session.
    pub(crate) fn forget(&self, session: &str) {
        self.open.lock().records.remove(session);
    }

    /// Runs a command of the protocol; its result, or what the browser says against it.
    pub(crate) async fn call(
        &self,
        session: Option<&str>,
        method: &str,
        parameters: Value,
    ) -> Result<Value, String> {
        let (sender, answer) = oneshot::channel();
        let id = {
            let mut open = self.open.lock();
            assert!(!open.is_closed, "the browser has ended, before {method}");
            open.commands_count += 1;
            let id = open.commands_count;
            open.commands.insert(id, sender);
            id
        };
        let mut message = json!({ "id": id, "method": method, "params": parameters });
        if let Some(session) = session {
            message["sessionId"] = session.into();
        }
        let mut message = message.to_string().into_bytes();
        message.push(END);
        let sent = self.input.lock().await.write_all(&message).await;
        sent.unwrap_or_else(|error| panic!("the browser has ended, at {method}: {error}"));
        let answer = answer.await;
        answer.unwrap_or_else(|_| panic!("the browser ended during {method}"))
    }

    fn take(&self, mut message: Value) {
        let mut open = self.open.lock();
        if let Some(id) = message["id"].as_u64() {
            let Some(waiting) = open.commands.remove(&id) else {
                return;
            };
            let answer = match message.get("error") {
                Some(error) => Err(error.to_string()),
                None => Ok(message["result"].take()),
            };
            // Whoever asked may have gone.
            let _ = waiting.send(answer);
        } else if let Some(session) = message["sessionId"].as_str()
            && let Some(record) = open.records.get(session)
            && let Some(method) = message["method"].as_str()
        {
            record.lock().take(method, &message["params"]);
        }
    }

    fn close(&self) {
        let mut open = self.open.lock();
        open.is_closed = true;
        open.commands.clear();
    }
}
