-- Sums of the order lines, which every figure is read from. Triggers on order_lines keep them, in the transaction of the
-- change, whoever makes it; the views `_of_lines` and `_of_appearances` say what they are, and are what a
-- rebuild writes and a check compares.
-- Rows that are 0 in all columns are as good as none. /* CLUSTERED */ is WITHOUT ROWID on SQLite.

-- By day. `lines` leaves out fees: the newest day with any is the shop's `as_of`.
CREATE TABLE day_totals (
    tenant TEXT NOT NULL,
    day BIGINT NOT NULL,
    lines BIGINT NOT NULL,
    gross BIGINT NOT NULL,
    refunds BIGINT NOT NULL,
    units BIGINT NOT NULL,
    fees BIGINT NOT NULL,
    -- How many orders and known customers appear on the day.
    orders BIGINT NOT NULL,
    customers BIGINT NOT NULL,
    PRIMARY KEY (tenant, day)
) /* CLUSTERED */;

-- By product and day: lines of sales with their pieces and money, lines of refunds with theirs.
CREATE TABLE product_days (
    tenant TEXT NOT NULL,
    product_id TEXT NOT NULL,
    day BIGINT NOT NULL,
    sales BIGINT NOT NULL,
    units BIGINT NOT NULL,
    gross BIGINT NOT NULL,
    returns BIGINT NOT NULL,
    units_back BIGINT NOT NULL,
    refunds BIGINT NOT NULL,
    PRIMARY KEY (tenant, product_id, day)
) /* CLUSTERED */;

-- Who appears on which day: an order (kind 1) or a refund (2) by its invoice, a known customer who buys (3).
CREATE TABLE appearances (
    tenant TEXT NOT NULL,
    kind BIGINT NOT NULL,
    name TEXT NOT NULL,
    day BIGINT NOT NULL,
    lines BIGINT NOT NULL,
    pieces BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    PRIMARY KEY (tenant, kind, name, day)
) /* CLUSTERED */;

-- How many orders or customers appear on day `later` and did last on day `earlier`. From it and day_totals, distinct ones are
-- counted over any span of days: those of each day, less those who appeared within the span before.
CREATE TABLE recurrences (
    tenant TEXT NOT NULL,
    kind BIGINT NOT NULL,
    earlier BIGINT NOT NULL,
    later BIGINT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (tenant, kind, earlier, later)
) /* CLUSTERED */;

CREATE VIEW day_totals_of_lines AS
SELECT tenant, day,
    CAST(SUM(CASE WHEN class <> 3 THEN 1 ELSE 0 END) AS BIGINT) AS lines,
    CAST(SUM(CASE WHEN class = 1 THEN amount ELSE 0 END) AS BIGINT) AS gross,
    CAST(SUM(CASE WHEN class = 2 THEN ABS(amount) ELSE 0 END) AS BIGINT) AS refunds,
    CAST(SUM(CASE WHEN class = 1 THEN quantity ELSE 0 END) AS BIGINT) AS units,
    CAST(SUM(CASE WHEN class = 3 THEN amount ELSE 0 END) AS BIGINT) AS fees,
    COUNT(DISTINCT CASE WHEN class = 1 THEN invoice END) AS orders,
    COUNT(DISTINCT CASE WHEN class = 1 THEN customer END) AS customers
FROM order_lines GROUP BY tenant, day;

CREATE VIEW product_days_of_lines AS
SELECT tenant, product_id, day,
    CAST(SUM(CASE WHEN class = 1 THEN 1 ELSE 0 END) AS BIGINT) AS sales,
    CAST(SUM(CASE WHEN class = 1 THEN quantity ELSE 0 END) AS BIGINT) AS units,
    CAST(SUM(CASE WHEN class = 1 THEN amount ELSE 0 END) AS BIGINT) AS gross,
    CAST(SUM(CASE WHEN class = 2 THEN 1 ELSE 0 END) AS BIGINT) AS returns,
    CAST(SUM(CASE WHEN class = 2 THEN ABS(quantity) ELSE 0 END) AS BIGINT) AS units_back,
    CAST(SUM(CASE WHEN class = 2 THEN ABS(amount) ELSE 0 END) AS BIGINT) AS refunds
FROM order_lines WHERE class IN (1, 2) GROUP BY tenant, product_id, day;

CREATE VIEW appearances_of_lines AS
SELECT tenant, class AS kind, invoice AS name, day, COUNT(*) AS lines,
    CAST(SUM(ABS(quantity)) AS BIGINT) AS pieces, CAST(SUM(ABS(amount)) AS BIGINT) AS amount
FROM order_lines WHERE class IN (1, 2) GROUP BY tenant, class, invoice, day
UNION ALL
SELECT tenant, CAST(3 AS BIGINT), customer, day, COUNT(*),
    CAST(SUM(quantity) AS BIGINT), CAST(SUM(amount) AS BIGINT)
FROM order_lines WHERE class = 1 AND customer IS NOT NULL GROUP BY tenant, customer, day;

-- What is read of reviews stands in their indexes.
DROP INDEX reviews_by_day;
CREATE INDEX reviews_by_day ON reviews (tenant, day, score, id);
DROP INDEX reviews_by_product;
CREATE INDEX reviews_by_product ON reviews (tenant, product_id, day, score, rating);
