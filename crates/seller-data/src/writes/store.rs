//! temporary
use crate::{Error, NewOrder, NewPrice, NewReview, ProductPatch, Store, payload::Product};

pub(crate) fn id_key(id: &str) -> String {
    id.bytes().map(|byte| format!("{byte:02x}")).collect()
}

impl Store {
    /// Takes an order: stores its lines now and reduces the stock of its products, not below 0.
    ///
    /// Returns the new order's id.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) for an unknown product,
    /// [`ErrorKind::InvalidParameter`](crate::ErrorKind::InvalidParameter) for a bad value; nothing
    /// is changed then.
    pub async fn create_order(&self, _tenant: &str, _order: &NewOrder) -> Result<String, Error> {
        Err(pending())
    }

    /// Changes a product and returns it as it is now, or `None` if the shop has no such product.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidParameter`](crate::ErrorKind::InvalidParameter) for a bad value.
    pub async fn patch_product(
        &self,
        _tenant: &str,
        _id: &str,
        _patch: &ProductPatch,
    ) -> Result<Option<Product>, Error> {
        Err(pending())
    }

    /// Adds a review and returns its id.
    ///
    /// # Errors
    ///
    /// As [`Store::create_order`].
    pub async fn add_review(&self, _tenant: &str, _review: &NewReview) -> Result<String, Error> {
        Err(pending())
    }

    /// Notes a competitor's price, as seen now, and returns the observation's id.
    ///
    /// # Errors
    ///
    /// As [`Store::create_order`].
    pub async fn observe_price(&self, _tenant: &str, _price: &NewPrice) -> Result<String, Error> {
        Err(pending())
    }
}

fn pending() -> Error {
    Error::new(crate::ErrorKind::Unavailable, "not written yet")
}
