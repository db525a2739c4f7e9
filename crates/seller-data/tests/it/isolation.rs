//! Every read sees its own tenant only.

use crate::common::stores;

#[tokio::test]
async fn tenants_with_the_same_ids_share_nothing() {
    for store in stores().await {
        store
            .import("a", "1,101,MUG A,1,2011-01-01 10:00:00,1.00,7,UK\n")
            .await;
        store
            .import("b", "1,101,MUG B,5,2011-01-01 10:00:00,2.00,7,UK\n")
            .await;
        let review = seller_data::NewReview {
            product_id: "101".to_owned(),
            rating: 5,
            text: "Great for b!".to_owned(),
        };
        store.add_review("b", &review).await.unwrap();
        for (tenant, other, units) in [("a", "MUG B", 1), ("b", "MUG A", 5)] {
            let stats = store.stats(tenant).await.unwrap();
            assert_eq!((stats.kpis.units.value, stats.products), (units, 1));
            let sold: i64 = store
                .trends(tenant, 30)
                .await
                .unwrap()
                .points
                .iter()
                .map(|day| day.units)
                .sum();
            assert_eq!(sold, units);
            let texts = [
                serde_json::to_string(&store.alerts(tenant).await.unwrap()).unwrap(),
                serde_json::to_string(&store.insights(tenant).await.unwrap()).unwrap(),
                serde_json::to_string(&store.activity(tenant, 100).await.unwrap()).unwrap(),
                serde_json::to_string(&store.products(tenant, 100, None, None).await.unwrap())
                    .unwrap(),
                serde_json::to_string(&store.product(tenant, "101").await.unwrap()).unwrap(),
                serde_json::to_string(&store.pricing_trends(tenant, None, 30).await.unwrap())
                    .unwrap(),
                serde_json::to_string(&store.sentiment_overview(tenant, 365).await.unwrap())
                    .unwrap(),
            ];
            for text in texts {
                assert!(!text.contains(other), "{text}");
                assert!(tenant == "b" || !text.contains("for b"), "{text}");
            }
        }
        assert_eq!(store.tenants().await.unwrap(), ["a", "b"]);
        store.finish().await;
    }
}
