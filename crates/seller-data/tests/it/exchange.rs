//! Files between stores, and all that a shop shows.

use seller_data::{
    Error, Store, export,
    import::{self, Format, Input, Options, Summary},
};
use serde_json::{Value, json};

pub(crate) const FORMATS: [(export::Format, Format); 4] = [
    (export::Format::Products, Format::Products),
    (export::Format::Orders, Format::Orders),
    (export::Format::Reviews, Format::Reviews),
    (export::Format::Prices, Format::Prices),
];

pub(crate) async fn try_import(
    store: &Store,
    format: Format,
    options: &Options,
    content: impl AsRef<[u8]>,
) -> Result<Summary, Error> {
    let content = std::io::Cursor::new(content.as_ref().to_vec());
    let input = Input::Reader(Box::new(content));
    import::import(store, input, format, options, &mut |_| {}).await
}

/// Imports what has nothing wrong in it.
pub(crate) async fn import(store: &Store, format: Format, tenant: &str, content: &str) -> Summary {
    let summary = try_import(store, format, &Options::new(tenant), content)
        .await
        .unwrap();
    assert_eq!(summary.bad, [], "{summary:?}");
    summary
}

pub(crate) async fn exported(store: &Store, format: export::Format, tenant: &str) -> String {
    let mut out = Vec::new();
    let exported = export::export(store, format, tenant, &mut out, &mut |_| {})
        .await
        .unwrap();
    let text = String::from_utf8(out).unwrap();
    let records = csv::Reader::from_reader(text.as_bytes()).into_records();
    assert_eq!(u64::try_from(records.count()).unwrap(), exported.rows);
    text
}

/// Every answer about a shop, without the numbers that reviews and observations got in this store.
pub(crate) async fn everything(store: &Store, tenant: &str) -> Value {
    let mut activity = json!(store.activity(tenant, 1000).await.unwrap());
    for item in activity["items"].as_array_mut().unwrap() {
        if item["kind"] == "review" || item["kind"] == "price" {
            item["id"] = Value::Null;
        }
    }
    let products = store.products(tenant, 1000, None, None).await.unwrap();
    let mut single = Vec::new();
    for product in &products.items {
        single.push(json!(store.product(tenant, &product.id).await.unwrap()));
    }
    json!({
        "stats": store.stats(tenant).await.unwrap(),
        "trends": store.trends(tenant, 365).await.unwrap(),
        "alerts": store.alerts(tenant).await.unwrap(),
        "insights": store.insights(tenant).await.unwrap(),
        "activity": activity,
        "products": products,
        "single": single,
        "pricing": store.pricing_trends(tenant, None, 365).await.unwrap(),
        "sentiment": store.sentiment_overview(tenant, 365).await.unwrap(),
        "forecast": store.demand_forecast(tenant, None, 30).await.unwrap(),
    })
}

/// Compares part by part, so that a failure is short.
pub(crate) fn assert_same(one: &Value, other: &Value) {
    for (part, value) in one.as_object().unwrap() {
        assert_eq!(value, &other[part], "{part}");
    }
}
