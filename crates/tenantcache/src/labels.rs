use std::sync::{Arc, LazyLock};

use tenantcache_core::Tags;

/// What a value is called: its tags and its media type. One word, and no memory of its own if it is untagged JSON.
#[derive(Clone, Debug)]
pub(crate) struct Labels(Arc<(Tags, Box<str>)>);

const JSON: &str = "application/json";
static UNTAGGED_JSON: LazyLock<Labels> = LazyLock::new(|| Labels::made(Tags::none(), JSON));

impl Labels {
    pub(crate) fn new(tags: Tags, content_type: &str) -> Self {
        if content_type == JSON && tags.known().is_some_and(<[_]>::is_empty) {
            UNTAGGED_JSON.clone()
        } else {
            Self::made(tags, content_type)
        }
    }

    pub(crate) fn tags(&self) -> &Tags {
        &self.0.0
    }

    pub(crate) fn content_type(&self) -> &str {
        &self.0.1
    }

    /// What they take beside the word, in bytes, with 8 for each allocation's rounding.
    pub(crate) fn bytes(&self) -> usize {
        if Arc::ptr_eq(&self.0, &UNTAGGED_JSON.0) {
            return 0;
        }
        let tags = self.tags().known().unwrap_or_default();
        let each = tags.iter().map(|tag| 16 + 16 + 8 + tag.as_str().len());
        80 + self.content_type().len() + each.sum::<usize>()
    }

    fn made(tags: Tags, content_type: &str) -> Self {
        Self(Arc::new((tags, content_type.into())))
    }
}
