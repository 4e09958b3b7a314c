//! What counts for sites, from their options: most have the same, which are read once.

use std::collections::HashMap;
use std::fmt::Display;
use std::sync::Arc;

use super::StoreError;
use super::rows::options;
use crate::domain::Policy;

/// The policies of the sites that are read together.
pub(super) struct Policies<'a> {
    configured: &'a Policy,
    by_options: HashMap<String, Arc<Policy>>,
}

impl<'a> Policies<'a> {
    /// Those that follow from `configured`, the configuration's.
    pub fn new(configured: &'a Policy) -> Self {
        Policies { configured, by_options: HashMap::new() }
    }

    /// The policy of a site that has the options of this column.
    pub fn of(&mut self, site: impl Display, text: String) -> Result<Arc<Policy>, StoreError> {
        if let Some(policy) = self.by_options.get(&text) {
            return Ok(Arc::clone(policy));
        }
        let policy = Arc::new(self.configured.with(&options(site, &text)?));
        self.by_options.insert(text, Arc::clone(&policy));
        Ok(policy)
    }
}
