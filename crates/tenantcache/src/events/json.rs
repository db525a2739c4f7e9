//! JSON as it comes from strangers: only the attributes that mean something are kept, and no nesting is followed.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::Event;
use super::attributes::{self, Attributes};
use super::error::{AttributeFault, EventError};

/// One event that may be wrong in itself, though it is good JSON.
type Parts = Result<Attributes, EventError>;

pub(super) fn object(json: &[u8]) -> Parts {
    read(json, EventSeed)?
}

pub(super) fn array(json: &[u8]) -> Result<Vec<Parts>, EventError> {
    read(json, BatchSeed)?
}

fn read<'de, S: DeserializeSeed<'de>>(json: &'de [u8], seed: S) -> Result<S::Value, EventError> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    let value = seed.deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

/// The value of one attribute; `None` for `null`, which means absent.
struct TextSeed;

/// One event.
struct EventSeed;

/// An array of events.
struct BatchSeed;

/// What is read of a value that is no text, array or object.
macro_rules! visit_scalars {
    ($value:expr) => {
        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok($value)
        }

        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
            Ok($value)
        }

        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
            Ok($value)
        }

        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
            Ok($value)
        }
    };
}

impl<'de> DeserializeSeed<'de> for TextSeed {
    type Value = Option<Result<String, AttributeFault>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for TextSeed {
    type Value = Option<Result<String, AttributeFault>>;

    visit_scalars!(Some(Err(AttributeFault::NotText)));

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(attributes::check(text).map(|()| text.to_owned())))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Some(Err(AttributeFault::NotText)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Some(Err(AttributeFault::NotText)))
    }
}

impl<'de> DeserializeSeed<'de> for EventSeed {
    type Value = Parts;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Parts, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for EventSeed {
    type Value = Parts;

    visit_scalars!(Err(EventError::not_an_object()));

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event")
    }

    fn visit_str<E>(self, _: &str) -> Result<Parts, E> {
        Ok(Err(EventError::not_an_object()))
    }

    fn visit_unit<E>(self) -> Result<Parts, E> {
        Ok(Err(EventError::not_an_object()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Parts, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Err(EventError::not_an_object()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Parts, A::Error> {
        let mut found = Attributes::default();
        while let Some(name) = members.next_key::<String>()? {
            match Attributes::place(&name) {
                Some(place) => {
                    if let Some(value) = members.next_value_seed(TextSeed)? {
                        found.put(place, value);
                    }
                }
                None => {
                    members.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(Ok(found))
    }
}

impl<'de> DeserializeSeed<'de> for BatchSeed {
    type Value = Result<Vec<Parts>, EventError>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for BatchSeed {
    type Value = Result<Vec<Parts>, EventError>;

    visit_scalars!(Err(EventError::not_an_array()));

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a batch of events")
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Err(EventError::not_an_array()))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Err(EventError::not_an_array()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut events = Vec::new();
        while let Some(parts) = items.next_element_seed(EventSeed)? {
            if events.len() == Event::BATCH_MAX {
                while items.next_element::<IgnoredAny>()?.is_some() {}
                return Ok(Err(EventError::too_many()));
            }
            events.push(parts);
        }
        Ok(Ok(events))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Err(EventError::not_an_array()))
    }
}
