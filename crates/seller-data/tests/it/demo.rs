//! The demo shops.

use seller_data::{Date, demo};

use crate::common::stores;

#[tokio::test]
async fn three_different_shops_with_a_year_of_trade() {
    for store in stores().await {
        let as_of: Date = "2026-11-20".parse().unwrap();
        demo::fill(&store, 7, as_of).await.unwrap();
        assert_eq!(store.tenants().await.unwrap(), demo::TENANTS);
        let mut revenues = std::collections::BTreeSet::new();
        for tenant in demo::TENANTS {
            let stats = store.stats(tenant).await.unwrap();
            assert_eq!(stats.as_of, as_of);
            assert!((24..=40).contains(&stats.products), "{stats:?}");
            assert!(
                stats.low_stock >= 2 && stats.fees.hundredths() != 0,
                "{stats:?}"
            );
            assert!(stats.periods.days_365.orders > 3_000, "{stats:?}");
            assert!(stats.kpis.refunds.value.hundredths() > 0);
            revenues.insert(stats.periods.days_365.gross_revenue);
            assert!(store.alerts(tenant).await.unwrap().items.len() >= 2);
            assert!(store.insights(tenant).await.unwrap().items.len() >= 2);
            assert_eq!(store.activity(tenant, 100).await.unwrap().items.len(), 100);
            let pricing = store.pricing_trends(tenant, None, 30).await.unwrap();
            assert!(pricing.items.iter().any(|item| item.competitors.len() >= 2));
            let sentiment = store.sentiment_overview(tenant, 365).await.unwrap();
            assert!(sentiment.positive > sentiment.negative && sentiment.unknown > 0);
            let forecast = store.demand_forecast(tenant, None, 30).await.unwrap();
            assert_eq!(
                (forecast.model.as_str(), forecast.points.len()),
                ("combination", 30)
            );
            assert!(forecast.backtest.unwrap().smape < 100.0);
            assert!(store.product(tenant, "101").await.unwrap().is_some());
        }
        assert_eq!(revenues.len(), 3);
        // Filling again changes nothing.
        let before = store.stats(demo::TENANTS[0]).await.unwrap();
        demo::fill(&store, 8, as_of).await.unwrap();
        assert_eq!(store.stats(demo::TENANTS[0]).await.unwrap(), before);
        store.finish().await;
    }
}
