//! A person's hands at the window: keys, and what is seen to be where.

use crate::Error;
use crate::driver::{Driver, text};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Longest wait for something to be shown.
const PATIENCE: Duration = Duration::from_secs(60);

impl Driver {
    /// Presses keys, one after the other, and lets the window come to rest after each.
    pub fn keys(&mut self, keys: &[&str]) -> Result<(), Error> {
        for key in keys {
            self.ask(&json!({"do": "key", "key": key}))?;
            self.simple("quiet")?;
        }
        Ok(())
    }

    /// Types.
    pub fn write(&mut self, words: &str) -> Result<(), Error> {
        self.ask(&json!({"do": "type", "text": words})).map(drop)
    }

    /// Clicks into the middle of a slot.
    pub fn click(&mut self, slot: &str) -> Result<(), Error> {
        self.ask(&json!({"do": "click", "slot": slot}))?;
        self.simple("quiet").map(drop)
    }

    /// Clicks at a place in the window.
    pub fn click_at(&mut self, x: f64, y: f64) -> Result<(), Error> {
        self.ask(&json!({"do": "click", "x": x, "y": y}))?;
        self.simple("quiet").map(drop)
    }

    /// All slots on screen.
    pub fn slots(&mut self) -> Result<Vec<Value>, Error> {
        let answer = self.simple("slots")?;
        Ok(answer.get("slots").and_then(Value::as_array).cloned().unwrap_or_default())
    }

    /// The first slot of this kind, if there is one on screen.
    pub fn slot(&mut self, kind: &str) -> Result<Option<Value>, Error> {
        Ok(self.slots()?.into_iter().find(|slot| text(slot, "kind").is_ok_and(|name| name == kind)))
    }

    /// Waits until there is a slot of this kind.
    pub fn shown(&mut self, kind: &str) -> Result<Value, Error> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.slot(kind)? {
                Some(slot) => return Ok(slot),
                None if Instant::now() > deadline => {
                    return Err(Error::Odd(format!("{kind} is not on screen but {:?}", self.slots()?)));
                }
                None => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }

    /// Goes to a page by one of the last buttons in the settings; on the page there is a slot of this kind. The button may
    /// be there only after a while.
    pub fn page_with(&mut self, kind: &str) -> Result<Value, Error> {
        let deadline = Instant::now() + PATIENCE;
        for from_the_end in (1..5).cycle().take_while(|_| Instant::now() < deadline) {
            self.keys(&["Ctrl+,"])?;
            self.shown("OwnName")?;
            self.keys(&["Shift+Tab"].repeat(from_the_end))?;
            self.keys(&["Enter"])?;
            let patience = Instant::now() + Duration::from_secs(1);
            while Instant::now() < patience {
                if let Some(slot) = self.slot(kind)? {
                    return Ok(slot);
                }
            }
        }
        Err(Error::Odd(format!("no page of the settings shows {kind}")))
    }
}
