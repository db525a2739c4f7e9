use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::pipe::Pipe;
use crate::record::{Record, Request};

/// How long a condition may take to come true: a test's machine may be busy.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK_INTERVAL: Duration = Duration::from_millis(10);
/// What the content security policy has refused is told to nobody otherwise, once it has been asked for by a style.
const TELL_REFUSALS: &str = "addEventListener('securitypolicyviolation', \
    ({ violatedDirective, blockedURI }) => console.error('refused', violatedDirective, blockedURI))";
/// Two frames later, all has been drawn anew, and what moves for a while has come to its end.
const AT_REST: &str = "(async () => {
    for (let frame = 0; frame < 2; frame += 1) await new Promise(requestAnimationFrame);
    const passing = document.getAnimations().filter(({ effect }) => effect.getTiming().iterations < Infinity);
    await Promise.allSettled(passing.map(({ finished }) => finished));
})()";

/// What a page is shown on.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    /// In CSS pixels.
    pub width: u32,
    /// In CSS pixels.
    pub height: u32,
    /// Pixels of a picture for each CSS pixel.
    pub scale: f32,
    /// Whether the system prefers dark colours.
    pub is_dark: bool,
}

impl Screen {
    /// A laptop's.
    pub const DESKTOP: Self = Self {
        width: 1280,
        height: 900,
        scale: 1.0,
        is_dark: false,
    };
    /// A small phone's.
    pub const PHONE: Self = Self {
        width: 390,
        height: 844,
        scale: 2.0,
        is_dark: false,
    };

    /// The same in dark colours.
    #[must_use]
    pub const fn dark(self) -> Self {
        Self {
            is_dark: true,
            ..self
        }
    }
}

/// A tab in a context of its own.
#[derive(Debug)]
pub struct Page {
    pipe: Arc<Pipe>,
    context: String,
    session: String,
    record: Arc<Mutex<Record>>,
}

impl Page {
    pub(crate) async fn new(
        pipe: Arc<Pipe>,
        context: String,
        session: String,
        screen: Screen,
    ) -> Self {
        let record = Arc::default();
        pipe.record(&session, &record);
        let page = Self {
            pipe,
            context,
            session,
            record,
        };
        for domain in ["Page", "Runtime", "Log", "Network"] {
            page.call(&format!("{domain}.enable"), json!({})).await;
        }
        let script = json!({ "source": TELL_REFUSALS });
        page.call("Page.addScriptToEvaluateOnNewDocument", script)
            .await;
        // As if it were the one that somebody looks at.
        let focus = json!({ "enabled": true });
        page.call("Emulation.setFocusEmulationEnabled", focus).await;
        page.show_on(screen).await;
        page
    }

    /// Shows the page on another screen.
    ///
    /// # Panics
    ///
    /// If the browser refuses.
    pub async fn show_on(&self, screen: Screen) {
        let Screen {
            width,
            height,
            scale,
            is_dark,
        } = screen;
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": scale, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", metrics)
            .await;
        let scheme = if is_dark { "dark" } else { "light" };
        let features = [
            ("prefers-color-scheme", scheme),
            // Nothing is caught half-way.
            ("prefers-reduced-motion", "reduce"),
        ];
        let features = features.map(|(name, value)| json!({ "name": name, "value": value }));
        let media = json!({ "features": features });
        self.call("Emulation.setEmulatedMedia", media).await;
        self.run(AT_REST).await;
    }

    /// Opens an address, and waits until it and all that it names is loaded.
    ///
    /// # Panics
    ///
    /// If nothing answers there.
    pub async fn open(&self, url: &str) {
        let opened = self.call("Page.navigate", json!({ "url": url })).await;
        assert_eq!(opened.get("errorText"), None, "{url}");
        self.wait("document.readyState === 'complete' && location.protocol !== 'about:'")
            .await;
    }

    /// Loads the page anew.
    ///
    /// # Panics
    ///
    /// If that never ends.
    pub async fn reload(&self) {
        // What was before is told from what comes by this mark.
        self.run("window.isBeforeReload = true").await;
        self.call("Page.reload", json!({})).await;
        self.wait("!window.isBeforeReload && document.readyState === 'complete'")
            .await;
    }

    /// What an expression of JavaScript comes to; a promise is waited for.
    ///
    /// # Panics
    ///
    /// If it throws.
    pub async fn run(&self, expression: &str) -> Value {
        let value = self.try_run(expression).await;
        value.unwrap_or_else(|error| panic!("{expression}: {error}"))
    }

    /// Waits until an expression comes to something true, and gives it.
    ///
    /// # Panics
    ///
    /// If it does not for 30 s.
    pub async fn wait(&self, expression: &str) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            // While another document is being loaded, there may be none to ask.
            let last = self.try_run(expression).await;
            match &last {
                Ok(Value::Null | Value::Bool(false)) | Err(_) => {}
                Ok(Value::String(text)) if text.is_empty() => {}
                Ok(value) => return value.clone(),
            }
            assert!(
                Instant::now() < deadline,
                "still not so: {expression} ({last:?}), with {:?}",
                self.problems()
            );
            sleep(LOOK_INTERVAL).await;
        }
    }

    /// Waits for an element, and gives its text.
    ///
    /// # Panics
    ///
    /// If there is none for 30 s.
    pub async fn text(&self, selector: &str) -> String {
        let element = element(selector);
        // A text may be empty: it is wrapped, to be something.
        let text = format!("{element} && [{element}.innerText]");
        let text = self.wait(&text).await;
        text[0].as_str().unwrap_or_default().to_owned()
    }

    /// Waits until an element has a text in it.
    ///
    /// # Panics
    ///
    /// If it has not for 30 s.
    pub async fn wait_text(&self, selector: &str, part: &str) {
        let (element, part) = (element(selector), json!(part));
        self.wait(&format!("{element}?.innerText.includes({part})"))
            .await;
    }

    /// Waits until there is no such element.
    ///
    /// # Panics
    ///
    /// If there still is one after 30 s.
    pub async fn wait_gone(&self, selector: &str) {
        self.wait(&format!("!{}", element(selector))).await;
    }

    /// Cuts the page off from every network, or joins it again.
    ///
    /// # Panics
    ///
    /// If the browser refuses.
    pub async fn set_offline(&self, is_offline: bool) {
        let conditions = json!({
            "offline": is_offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1,
        });
        self.call("Network.emulateNetworkConditions", conditions)
            .await;
    }

    /// Empties the browser's cache.
    ///
    /// # Panics
    ///
    /// If the browser refuses.
    pub async fn clear_cache(&self) {
        self.call("Network.clearBrowserCache", json!({})).await;
    }

    /// A picture of what the screen shows, as WebP; `quality` is 100 at best.
    ///
    /// # Panics
    ///
    /// If the browser makes none.
    pub async fn picture(&self, quality: u8) -> Vec<u8> {
        let options = json!({ "format": "webp", "quality": quality });
        let picture = self.call("Page.captureScreenshot", options).await;
        let data = picture["data"].as_str().unwrap_or_default();
        STANDARD.decode(data).expect("a picture is in base64")
    }

    /// Errors and warnings of the console, uncaught exceptions, failed requests, and what the content security policy
    /// refused, since the last call.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        std::mem::take(&mut self.record.lock().problems)
    }

    /// Every request since the last [`forget_requests`](Self::forget_requests).
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.record.lock().requests.values().cloned().collect()
    }

    /// Lets [`requests`](Self::requests) begin anew.
    pub fn forget_requests(&self) {
        self.record.lock().requests.clear();
    }

    /// Ends the page and its context. A page that is dropped stays until the browser ends.
    ///
    /// # Panics
    ///
    /// If the browser refuses.
    pub async fn close(self) {
        self.pipe.forget(&self.session);
        let context = json!({ "browserContextId": self.context });
        let closed = self
            .pipe
            .call(None, "Target.disposeBrowserContext", context);
        closed.await.expect("the context is there");
    }

    pub(crate) async fn call(&self, method: &str, parameters: Value) -> Value {
        let answer = self.pipe.call(Some(&self.session), method, parameters);
        let answer = answer.await;
        answer.unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    async fn try_run(&self, expression: &str) -> Result<Value, String> {
        let options = json!({
            "expression": expression, "awaitPromise": true, "returnByValue": true, "userGesture": true,
        });
        let answer = self
            .pipe
            .call(Some(&self.session), "Runtime.evaluate", options)
            .await?;
        match answer.get("exceptionDetails") {
            Some(exception) => Err(exception["exception"]["description"].to_string()),
            None => Ok(answer["result"]["value"].clone()),
        }
    }
}

/// The expression that gives the first element of a selector.
pub(crate) fn element(selector: &str) -> String {
    format!("document.querySelector({})", json!(selector))
}
