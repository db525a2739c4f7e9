//! Prices beside those of competitors: packs, gaps, places and cheapest days.

use seller_data::{
    Date, ProductPatch, Unit,
    payload::{PriceRank, PricingItem, PricingTrends, Weekday},
};

use crate::common::{TestStore, stores};

/// A shop whose newest order is of Saturday, 2011-01-29, and which asks 2.00 for 500 g since 2011-01-01.
const SHOP: &str = "\
1,101,RICE 500 g,1,2011-01-01 10:00:00,2.00,7,UK
2,102,MUG,1,2011-01-29 10:00:00,5.00,7,UK
";

/// Notes prices of days: product, competitor, day, price in pence, pack.
async fn note(store: &TestStore, prices: &[(&str, &str, &str, i64, &str)]) {
    note_more(store, 0, prices).await;
}

/// After as many others.
async fn note_more(store: &TestStore, others: usize, prices: &[(&str, &str, &str, i64, &str)]) {
    for (number, (product, competitor, day, pence, pack)) in (others..).zip(prices) {
        let (day, units) = (day.parse::<Date>().unwrap().epoch_days(), pence * 100);
        let instant = day * 86_400_000 + i64::try_from(number).unwrap();
        let statement = format!(
            "INSERT INTO price_observations
                (tenant, id, product_id, competitor, price, pack, instant, day)
             VALUES ('shop', {number}, '{product}', '{competitor}', {units}, '{pack}', {instant}, {day})"
        );
        store.execute(&statement).await;
    }
}

async fn answer(store: &TestStore, days: u32) -> PricingTrends {
    store.pricing_trends("shop", None, days).await.unwrap()
}

fn courses(item: &PricingItem) -> Vec<(String, Vec<String>)> {
    let own = ("own".to_owned(), &item.own);
    let others = item
        .competitors
        .iter()
        .map(|other| (other.name.clone(), &other.points));
    let told = |(name, points): (String, &Vec<seller_data::payload::PricePoint>)| {
        let point = |point: &seller_data::payload::PricePoint| {
            let unit = point
                .unit_price
                .map_or("-".to_owned(), |price| price.to_string());
            format!(
                "{}..{} {} {unit}",
                point.date,
                point.until.unwrap(),
                point.price
            )
        };
        (name, points.iter().map(point).collect())
    };
    std::iter::once(own).chain(others).map(told).collect()
}

fn positions(item: &PricingItem) -> Vec<(String, Option<i64>, i64, Option<f64>)> {
    let told = |point: &seller_data::payload::PositionPoint| {
        (
            point.date.to_string(),
            point.place,
            point.of,
            point.percent_to_cheapest,
        )
    };
    item.positions.iter().map(told).collect()
}

#[tokio::test]
async fn prices_are_compared_for_the_same_amount() {
    for store in stores().await {
        store.import("shop", SHOP).await;
        note(
            &store,
            &[
                ("101", "Large", "2011-01-20", 300, "1 kg"),
                ("101", "Litre", "2011-01-20", 1, "1 l"),
                ("101", "Same", "2011-01-22", 250, ""),
                ("102", "Half", "2011-01-20", 100, "6 pieces"),
                ("102", "Other", "2011-01-20", 400, ""),
            ],
        )
        .await;
        let pricing = answer(&store, 10).await;
        assert_eq!(
            (pricing.as_of.to_string().as_str(), pricing.carried_days),
            ("2011-01-29", Some(30))
        );
        assert_eq!(pricing.prices_as_of, Some(pricing.as_of));
        let rice = &pricing.items[0];
        let pack = rice.pack.unwrap();
        assert_eq!((pack.amount, pack.unit), (0.5, Unit::Kilogram));
        let course = |name: &str, point: &str| (name.to_owned(), vec![point.to_owned()]);
        assert_eq!(
            courses(rice),
            [
                course("own", "2011-01-20..2011-01-29 2.00 4.00"),
                course("Large", "2011-01-20..2011-01-29 3.00 3.00"),
                course("Litre", "2011-01-20..2011-01-29 0.01 0.01"),
                course("Same", "2011-01-22..2011-01-29 2.50 5.00"),
            ]
        );
        let comparable: Vec<bool> = rice
            .competitors
            .iter()
            .map(|other| other.is_comparable)
            .collect();
        assert_eq!(comparable, [true, false, true]);
        // 4.00 a kilogram against 3.00, though the pack is cheaper.
        let position = rice.position.as_ref().unwrap();
        assert_eq!(
            (position.rank, position.place, position.of),
            (PriceRank::Middle, 2, 3)
        );
        assert_eq!(position.percent_to_cheapest, Some(33.33));
        // Nobody knows what is in the own pack: only a pack like it can be compared.
        let mug = &pricing.items[1];
        assert_eq!((mug.pack, mug.position.as_ref().unwrap().of), (None, 2));
        assert!(!mug.competitors[0].is_comparable);
        // Stated, it counts more than the name.
        let patch = ProductPatch {
            pack: Some("0,25 kg".to_owned()),
            ..ProductPatch::default()
        };
        store
            .patch_product("shop", "101", &patch)
            .await
            .unwrap()
            .unwrap();
        let rice = answer(&store, 10).await.items.remove(0);
        assert_eq!(rice.own[0].unit_price.unwrap().to_string(), "8.00");
        store.finish().await;
    }
}

#[tokio::test]
async fn a_price_is_carried_for_thirty_days_and_then_unknown() {
    for store in stores().await {
        store.import("shop", SHOP).await;
        note(
            &store,
            &[
                ("101", "", "2010-06-01", 300, ""),
                ("101", "", "2011-01-10", 200, ""),
                ("101", "Gone", "2010-11-01", 100, ""),
                ("101", "Rare", "2010-12-05", 100, ""),
                ("101", "Rare", "2011-01-20", 250, ""),
            ],
        )
        .await;
        let item = answer(&store, 29).await.items.remove(0);
        let course = |name: &str, points: &[&str]| {
            let points = points.iter().map(|point| (*point).to_owned()).collect();
            (name.to_owned(), points)
        };
        assert_eq!(
            courses(&item),
            [
                // The own price holds until it is changed.
                course(
                    "own",
                    &[
                        "2011-01-01..2011-01-09 3.00 6.00",
                        "2011-01-10..2011-01-29 2.00 4.00"
                    ]
                ),
                course("Gone", &[]),
                course(
                    "Rare",
                    &[
                        "2011-01-01..2011-01-04 1.00 2.00",
                        "2011-01-20..2011-01-29 2.50 5.00"
                    ]
                ),
            ]
        );
        assert_eq!(
            item.competitors[0].last_seen.unwrap().to_string(),
            "2010-11-01"
        );
        assert_eq!(item.competitors[0].cheapest, None);
        let position = |day: &str, place, of, percent| (day.to_owned(), place, of, percent);
        assert_eq!(
            positions(&item),
            [
                position("2011-01-01", Some(2), 2, Some(200.0)),
                position("2011-01-05", None, 0, None),
                position("2011-01-20", Some(1), 2, Some(-20.0)),
            ]
        );
        assert_eq!(
            (item.compared_days, item.own_cheapest.unwrap().leading_days),
            (14, 10)
        );
        assert_eq!(
            item.competitors[1].cheapest.as_ref().unwrap().leading_days,
            4
        );
        store.finish().await;
    }
}

#[tokio::test]
async fn a_single_price_is_a_history_from_its_day() {
    for store in stores().await {
        store.import("shop", SHOP).await;
        note(&store, &[("101", "One", "2011-01-25", 200, "")]).await;
        let item = answer(&store, 365).await.items.remove(0);
        let position = |day: &str, place, of, percent| (day.to_owned(), place, of, percent);
        assert_eq!(
            positions(&item),
            [
                position("2010-01-30", None, 0, None),
                position("2011-01-25", Some(1), 2, Some(0.0)),
            ]
        );
        // What orders tell of the own price is known from their day on.
        assert_eq!(item.own[0].date.to_string(), "2011-01-01");
        let cheapest = item.competitors[0].cheapest.as_ref().unwrap();
        assert_eq!((cheapest.days, cheapest.weekdays.len()), (5, 0));
        // Seen in March, with nothing sold since: March is now, and January's price too old.
        note_more(&store, 9, &[("102", "Late", "2011-03-01", 100, "")]).await;
        let pricing = answer(&store, 30).await;
        assert_eq!(pricing.prices_as_of.unwrap().to_string(), "2011-03-01");
        assert_eq!(pricing.items[0].position, None);
        assert_eq!(pricing.items[1].position.as_ref().unwrap().place, 2);
        store.finish().await;
    }
}

#[tokio::test]
async fn cheapest_days_and_weekdays_are_found() {
    for store in stores().await {
        store.import("shop", SHOP).await;
        // Fridays 1.80, other days 2.20; one week of December everything was 1.80.
        let mut prices = vec![("101", "Friday", "2010-12-06", 180, "")];
        let changes = [
            ("2010-12-13", 220),
            ("2010-12-17", 180),
            ("2010-12-18", 220),
            ("2010-12-24", 180),
            ("2010-12-25", 220),
            ("2010-12-31", 180),
            ("2011-01-01", 220),
            ("2011-01-07", 180),
            ("2011-01-08", 220),
            ("2011-01-14", 180),
            ("2011-01-15", 220),
            ("2011-01-21", 180),
            ("2011-01-22", 220),
            ("2011-01-28", 180),
            ("2011-01-29", 180),
        ];
        prices.extend(changes.map(|(day, pence)| ("101", "Friday", day, pence, "")));
        note(&store, &prices).await;
        let item = answer(&store, 60).await.items.remove(0);
        let cheapest = item.competitors[0].cheapest.as_ref().unwrap();
        assert_eq!(cheapest.weekdays, [Weekday::Friday]);
        assert_eq!(
            (
                cheapest.price.to_string(),
                cheapest.unit_price.unwrap().to_string()
            ),
            ("1.80".into(), "3.60".into())
        );
        // A week, seven Fridays and the last Saturday.
        assert_eq!(cheapest.days, 7 + 7 + 1);
        assert_eq!(
            (cheapest.from.to_string(), cheapest.until.to_string()),
            ("2011-01-28".into(), "2011-01-29".into())
        );
        // The own price is known from 2011-01-01 on, and 2.00: below 2.20.
        let own = item.own_cheapest.unwrap();
        assert_eq!(
            (item.compared_days, own.leading_days, cheapest.leading_days),
            (29, 29 - 5, 5)
        );
        assert_eq!((own.days, own.weekdays.len()), (29, 0));
        // Three weeks show no habit.
        let item = answer(&store, 27).await.items.remove(0);
        assert!(
            item.competitors[0]
                .cheapest
                .as_ref()
                .unwrap()
                .weekdays
                .is_empty()
        );
        store.finish().await;
    }
}

#[tokio::test]
async fn the_present_price_follows_what_was_noted_before_it() {
    for store in stores().await {
        store.import("shop", SHOP).await;
        note(
            &store,
            &[
                ("101", "", "2010-12-20", 150, ""),
                ("102", "", "2011-01-29", 450, ""),
            ],
        )
        .await;
        // The order of 2011-01-29 was at 5.00, and the day's note is of before.
        let items = answer(&store, 60).await.items;
        let own = |item: &PricingItem| -> Vec<String> {
            let told = |point: &seller_data::payload::PricePoint| {
                format!("{} {}", point.date, point.price)
            };
            item.own.iter().map(told).collect()
        };
        assert_eq!(own(&items[0]), ["2010-12-20 1.50", "2011-01-01 2.00"]);
        assert_eq!(own(&items[1]), ["2011-01-29 5.00"]);
        // A price that was noted after the newest order is the present one.
        note_more(&store, 9, &[("101", "", "2011-03-01", 175, "")]).await;
        assert_eq!(
            own(&answer(&store, 60).await.items[0]).last().unwrap(),
            "2011-03-01 1.75"
        );
        store.finish().await;
    }
}
