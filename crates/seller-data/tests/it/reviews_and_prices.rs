//! Sentiment and pricing.

use seller_data::{NewPrice, NewReview, PriceText, ProductPatch, payload::PriceRank};

use crate::common::{TestStore, stores};

const ROW: &str = "1,101,MUG,1,2011-01-01 10:00:00,10.00,7,UK\n";

async fn review(store: &TestStore, rating: i64, text: &str) {
    let review = NewReview {
        product_id: "101".to_owned(),
        rating,
        text: text.to_owned(),
    };
    store.add_review("shop", &review).await.unwrap();
}

#[tokio::test]
async fn reviews_are_scored_when_they_are_written() {
    for store in stores().await {
        store.import("shop", ROW).await;
        review(&store, 5, "Excellent, I love this mug!").await;
        review(&store, 1, "Terrible. It arrived broken and I hate it.").await;
        review(&store, 3, "").await;
        review(&store, 4, "Schnelle Lieferung, gerne wieder.").await;
        let sentiment = store.sentiment_overview("shop", 30).await.unwrap();
        assert_eq!(
            (sentiment.positive, sentiment.neutral, sentiment.negative),
            (1, 0, 1)
        );
        assert_eq!((sentiment.unknown, sentiment.reviews), (2, 4));
        assert_eq!(sentiment.products.len(), 1);
        assert_eq!(sentiment.products[0].reviews, 4);
        assert_eq!(
            sentiment
                .points
                .iter()
                .map(|point| point.reviews)
                .sum::<i64>(),
            4
        );
        assert_eq!(sentiment.excerpts.len(), 2);
        assert!(sentiment.excerpts[0].score > 0.5 && sentiment.excerpts[1].score < -0.5);
        assert!(sentiment.excerpts[1].words.contains(&"terrible".to_owned()));
        let product = store.product("shop", "101").await.unwrap().unwrap();
        assert_eq!((product.rating, product.reviews), (Some(3.25), 4));
        let activity = store.activity("shop", 2).await.unwrap();
        assert_eq!(activity.items[0].text, "4 stars for MUG");
        store.finish().await;
    }
}

#[tokio::test]
async fn prices_hold_until_the_next_and_undercutting_raises_an_alert() {
    for store in stores().await {
        store.import("shop", ROW).await;
        let pricing = store.pricing_trends("shop", Some("101"), 30).await.unwrap();
        assert_eq!(pricing.items[0].own[0].price.to_string(), "10.00");
        assert_eq!(
            (
                &pricing.items[0].position,
                pricing.items[0].competitors.len()
            ),
            (&None, 0)
        );
        for (competitor, price) in [("Dear", "12.50"), ("Cheap", "9.60"), ("Cheap", "9.50")] {
            let price = NewPrice {
                pack: None,
                product_id: "101".to_owned(),
                competitor: competitor.to_owned(),
                price: PriceText::new(price),
            };
            store.observe_price("shop", &price).await.unwrap();
        }
        let item = store
            .pricing_trends("shop", None, 30)
            .await
            .unwrap()
            .items
            .remove(0);
        let names: Vec<&str> = item
            .competitors
            .iter()
            .map(|seller| seller.name.as_str())
            .collect();
        assert_eq!(names, ["Cheap", "Dear"]);
        // Two observations of a day are one point: the later.
        assert_eq!(item.competitors[0].points.len(), 1);
        assert_eq!(item.competitors[0].points[0].price.to_string(), "9.50");
        let position = item.position.unwrap();
        assert_eq!(
            (position.rank, position.place, position.of),
            (PriceRank::Middle, 2, 3)
        );
        assert_eq!(position.percent_to_cheapest, Some(5.26));
        let alerts = store.alerts("shop").await.unwrap().items;
        assert_eq!(alerts[0].id, "price_undercut:101");
        let patch = ProductPatch {
            price: Some(PriceText::new("9.00")),
            ..ProductPatch::default()
        };
        store
            .patch_product("shop", "101", &patch)
            .await
            .unwrap()
            .unwrap();
        let item = store
            .pricing_trends("shop", Some("101"), 30)
            .await
            .unwrap()
            .items
            .remove(0);
        assert_eq!(item.own.last().unwrap().price.to_string(), "9.00");
        assert_eq!(item.position.unwrap().rank, PriceRank::Cheapest);
        assert!(store.alerts("shop").await.unwrap().items.is_empty());
        store.finish().await;
    }
}

#[tokio::test]
async fn an_undercut_is_one_for_the_same_amount() {
    for store in stores().await {
        let rows = "\
1,101,RICE 500 g,1,2011-01-01 10:00:00,2.00,7,UK
1,102,COLA 6 x 330 ml,1,2011-01-01 10:00:00,2.00,7,UK
";
        store.import("shop", rows).await;
        let seen = [
            // 3.00 against 4.00 a kilogram.
            ("101", "Large", "3.00", Some("1 kg")),
            // Dearer by the kilogram.
            ("101", "Small", "1.00", Some("100 g")),
            // Nothing to compare with.
            ("101", "Other", "0.01", Some("1 l")),
            ("102", "Single", "0.50", Some("330ml")),
        ];
        for (product, competitor, price, pack) in seen {
            let price = NewPrice {
                product_id: product.to_owned(),
                competitor: competitor.to_owned(),
                price: PriceText::new(price),
                pack: pack.map(str::to_owned),
            };
            store.observe_price("shop", &price).await.unwrap();
        }
        let alerts = store.alerts("shop").await.unwrap().items;
        let undercuts: Vec<(&str, &str)> = alerts
            .iter()
            .filter(|alert| alert.id.starts_with("price_undercut"))
            .map(|alert| (alert.id.as_str(), alert.reason.as_str()))
            .collect();
        let reason = "Large asks 3.00 per kg, 25 % below our 4.00.";
        assert_eq!(undercuts, [("price_undercut:101", reason)]);
        let no_amount = NewPrice {
            product_id: "101".to_owned(),
            competitor: "Large".to_owned(),
            price: PriceText::new("1.00"),
            pack: Some("a handful".to_owned()),
        };
        let error = store.observe_price("shop", &no_amount).await.unwrap_err();
        assert_eq!(error.parameter(), Some("pack"));
        store.finish().await;
    }
}
