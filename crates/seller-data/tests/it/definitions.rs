//! What counts as what, on a shop small enough to reckon by hand.

use seller_data::payload::Comparison;

use crate::common::stores;

/// Two periods of 30 days: 2011-09-01 … 09-30, and 08-02 … 08-31.
const SHOP: &str = "\
A1,101,MUG,3,2011-09-30 10:00:00,2.50,7,UK
A1,102,BOWL,1,2011-09-30 10:00:00,10.005,7,UK
A1,POST,POSTAGE,1,2011-09-30 10:00:00,5.00,7,UK
A2,101,MUG,2,2011-09-01 00:00:00,2.50,,UK
A2,101,MUG,2,2011-09-01 00:00:00,2.50,,UK
C3,101,MUG,-1,2011-09-20 12:00:00,2.50,7,UK
A4,102,BOWL,-2,2011-09-21 12:00:00,1.00,8,UK
C5,102,BOWL,4,2011-09-22 12:00:00,1.00,8,UK
A6,101,given away,5,2011-09-22 12:00:00,0,9,UK
A7,101,adjust,1,2011-09-22 12:00:00,-3.00,9,UK
C8,D,Discount,-1,2011-09-23 12:00:00,27.50,9,UK
A9,101,MUG,10,2011-08-31 23:59:59,1.00,8,UK
A10,101,MUG,1,2011-08-02 00:00:00,1.00,9,UK
A11,101,MUG,1,2011-08-01 23:59:59,100.00,9,UK
A12,POST,POSTAGE,1,2011-12-24 10:00:00,5.00,7,UK
";

fn shown<T: ToString>(comparison: &Comparison<T>) -> (String, String, Option<f64>) {
    (
        comparison.value.to_string(),
        comparison.previous.to_string(),
        comparison.change_percent,
    )
}

#[tokio::test]
async fn key_figures_follow_the_definitions() {
    for store in stores().await {
        store.import("shop", SHOP).await;
        let stats = store.stats("shop").await.unwrap();
        // The later fee line moves nothing.
        assert_eq!(stats.as_of.to_string(), "2011-09-30");
        assert_eq!(
            (stats.currency.as_str(), stats.timezone.as_str()),
            ("GBP", "UTC")
        );
        let kpis = &stats.kpis;
        let text = |value: &str, previous: &str, change| {
            (value.to_owned(), previous.to_owned(), Some(change))
        };
        // 7.50 + 10.005 + 5 + 5 = 27.505, half-even 27.50.
        assert_eq!(shown(&kpis.gross_revenue), text("27.50", "11.00", 150.0));
        // 2.50 + 2.00 + 4.00
        assert_eq!(
            shown(&kpis.refunds),
            ("8.50".to_owned(), "0.00".to_owned(), None)
        );
        // 19.005, half-even 19.00.
        assert_eq!(shown(&kpis.net_revenue), text("19.00", "11.00", 72.73));
        assert_eq!(shown(&kpis.orders), text("2", "2", 0.0));
        assert_eq!(shown(&kpis.units), text("8", "11", -27.27));
        // 27.505 / 2 = 13.7525
        assert_eq!(
            shown(&kpis.average_order_value),
            text("13.75", "5.50", 150.0)
        );
        assert_eq!(shown(&kpis.customers), text("1", "2", -50.0));
        let month = &stats.periods.days_30;
        assert_eq!(month.fees.to_string(), "-22.50");
        assert_eq!(stats.fees.to_string(), "-22.50");
        assert_eq!(stats.periods.days_7.gross_revenue.to_string(), "17.50");
        assert_eq!(stats.periods.days_90.gross_revenue.to_string(), "138.50");
        assert_eq!(stats.periods.days_365, stats.periods.days_90);
        assert_eq!((stats.products, stats.low_stock), (2, 0));
        store.finish().await;
    }
}

#[tokio::test]
async fn trends_have_every_day_and_sum_to_the_period() {
    for store in stores().await {
        store.import("shop", SHOP).await;
        let trends = store.trends("shop", 30).await.unwrap();
        assert_eq!(trends.points.len(), 30);
        assert_eq!(trends.points[0].date.to_string(), "2011-09-01");
        assert_eq!(trends.points[29].date, trends.as_of);
        assert_eq!(trends.points[0].gross_revenue.to_string(), "10.00");
        assert_eq!((trends.points[0].orders, trends.points[0].units), (1, 4));
        assert_eq!(trends.points[1].gross_revenue.to_string(), "0.00");
        assert_eq!(trends.points[19].net_revenue.to_string(), "-2.50");
        let orders: i64 = trends.points.iter().map(|point| point.orders).sum();
        let refunds: i64 = trends
            .points
            .iter()
            .map(|point| point.refunds.hundredths())
            .sum();
        assert_eq!((orders, refunds), (2, 850));
        assert_eq!(store.trends("shop", 1).await.unwrap().points.len(), 1);
        store.finish().await;
    }
}

#[tokio::test]
async fn a_day_ends_where_the_shop_is() {
    for store in stores().await {
        let rows = "A1,101,MUG,1,2011-07-01 00:30:00,2.50,7,UK\n";
        let file = store.file(format!("{}{rows}", crate::common::HEADER));
        let options = seller_data::import::Options::new("shop").with_timezone("Europe/London");
        seller_data::import::online_retail(&store, &file, &options, &mut |_| {})
            .await
            .unwrap();
        let trends = store.trends("shop", 1).await.unwrap();
        assert_eq!(trends.as_of.to_string(), "2011-07-01");
        assert_eq!(trends.timezone, "Europe/London");
        let activity = store.activity("shop", 10).await.unwrap();
        assert_eq!(activity.items[0].at, "2011-06-30T23:30:00Z");
        store.finish().await;
    }
}

#[tokio::test]
async fn the_newest_orders_are_told_with_all_of_their_lines() {
    const ROWS: &str = "\
A1,101,MUG,1,2011-09-01 10:00:00,1.00,7,UK
A2,101,MUG,2,2011-09-28 10:00:00,1.00,7,UK
A3,101,MUG,3,2011-09-29 10:00:00,1.00,7,UK
C4,101,MUG,-1,2011-09-29 11:00:00,1.00,7,UK
A2,102,BOWL,4,2011-09-30 10:00:00,1.00,7,UK
";
    for store in stores().await {
        store.import("shop", ROWS).await;
        let newest = async |limit| {
            let items = store.activity("shop", limit).await.unwrap().items;
            let texts: Vec<String> = items.into_iter().map(|item| item.text).collect();
            texts
        };
        let all = [
            "Order A2: 6 pieces in 2 lines, 6.00",
            "Refund on C4: 1 piece back, 1.00",
            "Order A3: 3 pieces in 1 line, 3.00",
            "Order A1: 1 piece in 1 line, 1.00",
        ];
        // Three days count an order each, and two of those are one.
        for limit in [1, 2, 3, 4, 5] {
            let wanted = &all[..all.len().min(usize::try_from(limit).unwrap())];
            assert_eq!(newest(limit).await, wanted);
        }
        store.finish().await;
    }
}

#[tokio::test]
async fn an_unknown_tenant_is_an_empty_shop() {
    for store in stores().await {
        let stats = store.stats("nobody").await.unwrap();
        assert_eq!(stats.as_of, seller_data::Date::today_utc());
        assert_eq!(
            (stats.currency.as_str(), stats.timezone.as_str()),
            ("GBP", "UTC")
        );
        assert_eq!(stats.kpis.gross_revenue.value.to_string(), "0.00");
        assert_eq!(stats.kpis.average_order_value.change_percent, None);
        assert_eq!(store.trends("nobody", 30).await.unwrap().points.len(), 30);
        assert!(store.alerts("nobody").await.unwrap().items.is_empty());
        assert!(store.insights("nobody").await.unwrap().items.is_empty());
        assert!(store.activity("nobody", 10).await.unwrap().items.is_empty());
        assert!(
            store
                .products("nobody", 20, None, None)
                .await
                .unwrap()
                .items
                .is_empty()
        );
        assert!(store.product("nobody", "101").await.unwrap().is_none());
        assert!(
            store
                .pricing_trends("nobody", None, 30)
                .await
                .unwrap()
                .items
                .is_empty()
        );
        let sentiment = store.sentiment_overview("nobody", 30).await.unwrap();
        assert_eq!((sentiment.score, sentiment.reviews), (None, 0));
        let forecast = store.demand_forecast("nobody", None, 30).await.unwrap();
        assert_eq!(
            (forecast.model.as_str(), forecast.points.len()),
            ("none", 30)
        );
        assert_eq!(forecast.backtest, None);
        assert!(store.is_empty().await.unwrap());
        store.finish().await;
    }
}
