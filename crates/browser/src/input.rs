//! What people do with a page: real events, which go where theirs would.

use serde_json::json;

use crate::page::{Page, element};

/// Name, code number, and what it writes.
const KEYS: [(&str, u32, &str); 8] = [
    ("ArrowLeft", 37, ""),
    ("ArrowRight", 39, ""),
    ("End", 35, ""),
    ("Enter", 13, "\r"),
    ("Escape", 27, ""),
    ("Home", 36, ""),
    ("Space", 32, " "),
    ("Tab", 9, ""),
];

impl Page {
    /// Clicks into the middle of an element, once it is there, enabled and has come to rest.
    ///
    /// # Panics
    ///
    /// If it is not for 30 s, or something else lies over it.
    pub async fn click(&self, selector: &str) {
        let element = element(selector);
        let place = format!(
            "(async () => {{
                const element = {element};
                if (!element || element.disabled) return false;
                element.scrollIntoView({{ block: 'center' }});
                const middle = () => {{
                    const {{ x, y, width, height }} = element.getBoundingClientRect();
                    return [x + width / 2, y + height / 2];
                }};
                const before = middle();
                await new Promise(requestAnimationFrame);
                const [x, y] = middle();
                const hit = document.elementFromPoint(x, y);
                return x === before[0] && y === before[1] && element.contains(hit) && [x, y];
            }})()"
        );
        let place = self.wait(&place).await;
        for (kind, buttons) in [("mousePressed", 1), ("mouseReleased", 0)] {
            let event = json!({
                "type": kind, "x": place[0], "y": place[1], "button": "left", "buttons": buttons, "clickCount": 1,
            });
            self.call("Input.dispatchMouseEvent", event).await;
        }
    }

    /// Puts a text into a field in place of what it has.
    ///
    /// # Panics
    ///
    /// If there is no such field for 30 s.
    pub async fn fill(&self, selector: &str, text: &str) {
        let element = element(selector);
        self.wait(&format!(
            "{element} && ({element}.focus(), {element}.select(), true)"
        ))
        .await;
        self.write(text).await;
    }

    /// Writes a text where the focus is.
    ///
    /// # Panics
    ///
    /// If the browser refuses.
    pub async fn write(&self, text: &str) {
        self.call("Input.insertText", json!({ "text": text })).await;
    }

    /// Presses a key that `KEYS` knows, where the focus is.
    ///
    /// # Panics
    ///
    /// If the key is not known.
    pub async fn press(&self, key: &str) {
        let known = KEYS.iter().find(|(name, ..)| *name == key);
        let (name, code, text) = known.unwrap_or_else(|| panic!("the key {key} is not known"));
        let key = if *name == "Space" { " " } else { name };
        for kind in ["keyDown", "keyUp"] {
            let mut event = json!({
                "type": kind, "key": key, "code": name, "windowsVirtualKeyCode": code,
            });
            if kind == "keyDown" && !text.is_empty() {
                event["text"] = (*text).into();
            }
            self.call("Input.dispatchKeyEvent", event).await;
        }
    }

    /// Presses Tab until an element has the focus, as somebody without a mouse would.
    ///
    /// # Panics
    ///
    /// If it is not reached in 200 steps.
    pub async fn tab_to(&self, selector: &str) {
        let is_there = format!("document.activeElement?.matches({})", json!(selector));
        for _ in 0..200 {
            self.press("Tab").await;
            if self.run(&is_there).await == true {
                return;
            }
        }
        panic!("{selector} cannot be reached by Tab");
    }
}
