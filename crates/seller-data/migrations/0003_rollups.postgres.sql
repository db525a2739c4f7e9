-- One function for lines that came (1) and lines that went (-1): all those of a statement at once.
CREATE FUNCTION lines_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    sign BIGINT := TG_ARGV[0];
BEGIN
    -- One writer of a shop at a time: what appears on one day must be seen by what appears on the next.
    PERFORM FROM shops WHERE tenant IN (SELECT tenant FROM changed) ORDER BY tenant
    FOR NO KEY UPDATE;

    INSERT INTO day_totals AS t
    SELECT tenant, day,
        sign * COUNT(*) FILTER (WHERE class <> 3),
        sign * COALESCE(SUM(amount) FILTER (WHERE class = 1), 0),
        sign * COALESCE(SUM(ABS(amount)) FILTER (WHERE class = 2), 0),
        sign * COALESCE(SUM(quantity) FILTER (WHERE class = 1), 0),
        sign * COALESCE(SUM(amount) FILTER (WHERE class = 3), 0), 0, 0
    FROM changed GROUP BY tenant, day
    ON CONFLICT (tenant, day) DO UPDATE SET lines = t.lines + excluded.lines,
        gross = t.gross + excluded.gross, refunds = t.refunds + excluded.refunds,
        units = t.units + excluded.units, fees = t.fees + excluded.fees;

    INSERT INTO product_days AS t
    SELECT tenant, product_id, day,
        sign * COUNT(*) FILTER (WHERE class = 1),
        sign * COALESCE(SUM(quantity) FILTER (WHERE class = 1), 0),
        sign * COALESCE(SUM(amount) FILTER (WHERE class = 1), 0),
        sign * COUNT(*) FILTER (WHERE class = 2),
        sign * COALESCE(SUM(ABS(quantity)) FILTER (WHERE class = 2), 0),
        sign * COALESCE(SUM(ABS(amount)) FILTER (WHERE class = 2), 0)
    FROM changed WHERE class IN (1, 2) GROUP BY tenant, product_id, day
    ON CONFLICT (tenant, product_id, day) DO UPDATE SET sales = t.sales + excluded.sales,
        units = t.units + excluded.units, gross = t.gross + excluded.gross,
        returns = t.returns + excluded.returns, units_back = t.units_back + excluded.units_back,
        refunds = t.refunds + excluded.refunds;

    -- All parts of this statement see appearances as they were before it.
    WITH delta AS MATERIALIZED (
        SELECT tenant, kind, name, day, COUNT(*) AS lines, SUM(pieces) AS pieces, SUM(amount) AS amount
        FROM (
            SELECT tenant, class AS kind, invoice AS name, day, ABS(quantity) AS pieces,
                ABS(amount) AS amount
            FROM changed WHERE class IN (1, 2)
            UNION ALL
            SELECT tenant, 3, customer, day, quantity, amount
            FROM changed WHERE class = 1 AND customer IS NOT NULL
        ) AS told
        GROUP BY tenant, kind, name, day
    ), turned AS MATERIALIZED (
        -- New appearances, or those that end.
        SELECT d.tenant, d.kind, d.name, d.day
        FROM delta d LEFT JOIN appearances a USING (tenant, kind, name, day)
        WHERE d.kind <> 2 AND COALESCE(a.lines, 0) = CASE sign WHEN 1 THEN 0 ELSE d.lines END
    ), days AS (
        -- All days of those names, with the ones that turned.
        SELECT tenant, kind, name, day, MAX(is_turned) AS is_turned
        FROM (
            SELECT a.tenant, a.kind, a.name, a.day, 0 AS is_turned
            FROM (SELECT DISTINCT tenant, kind, name FROM turned) AS n
                JOIN appearances a USING (tenant, kind, name)
            UNION ALL
            SELECT tenant, kind, name, day, 1 FROM turned
        ) AS either
        GROUP BY tenant, kind, name, day
    ), chained AS (
        SELECT tenant, kind, day, is_turned,
            LAG(day) OVER (PARTITION BY tenant, kind, name ORDER BY day) AS with_turned,
            LAG(day) OVER (PARTITION BY tenant, kind, name, is_turned ORDER BY day) AS without
        FROM days
    ), links AS (
        SELECT tenant, kind, with_turned AS earlier, day AS later, 1 AS count FROM chained
        UNION ALL
        SELECT tenant, kind, without, day, -1 FROM chained WHERE is_turned = 0
    ), recurred AS (
        INSERT INTO recurrences AS t
        SELECT tenant, kind, earlier, later, sign * SUM(count)
        FROM links WHERE earlier IS NOT NULL
        GROUP BY tenant, kind, earlier, later HAVING SUM(count) <> 0
        ON CONFLICT (tenant, kind, earlier, later) DO UPDATE SET count = t.count + excluded.count
    ), counted AS (
        UPDATE day_totals t SET orders = t.orders + sign * n.orders,
            customers = t.customers + sign * n.customers
        FROM (
            SELECT tenant, day, COUNT(*) FILTER (WHERE kind = 1) AS orders,
                COUNT(*) FILTER (WHERE kind = 3) AS customers
            FROM turned GROUP BY tenant, day
        ) AS n
        WHERE t.tenant = n.tenant AND t.day = n.day
    )
    INSERT INTO appearances AS t
    SELECT tenant, kind, name, day, sign * lines, sign * pieces, sign * amount FROM delta
    ON CONFLICT (tenant, kind, name, day) DO UPDATE SET lines = t.lines + excluded.lines,
        pieces = t.pieces + excluded.pieces, amount = t.amount + excluded.amount;

    IF sign < 0 THEN
        DELETE FROM appearances a
        USING (
            SELECT tenant, class AS kind, invoice AS name, day FROM changed
            UNION SELECT tenant, 3, customer, day FROM changed
        ) AS c
        WHERE a.tenant = c.tenant AND a.kind = c.kind AND a.name = c.name AND a.day = c.day
            AND a.lines = 0;
    END IF;
    RETURN NULL;
END;
$$;

CREATE TRIGGER order_lines_came AFTER INSERT ON order_lines
REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION lines_changed('1');

CREATE TRIGGER order_lines_went AFTER DELETE ON order_lines
REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION lines_changed('-1');

CREATE TRIGGER order_lines_left AFTER UPDATE ON order_lines
REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION lines_changed('-1');

CREATE TRIGGER order_lines_returned AFTER UPDATE ON order_lines
REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION lines_changed('1');

-- TRUNCATE tells no rows.
CREATE FUNCTION lines_truncated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'order_lines cannot be truncated: its sums would stay; use DELETE';
END;
$$;

CREATE TRIGGER order_lines_truncated BEFORE TRUNCATE ON order_lines
FOR EACH STATEMENT EXECUTE FUNCTION lines_truncated();

-- The days of a shop's lines are of its time zone: it cannot become another one under them.
CREATE FUNCTION timezone_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.timezone <> OLD.timezone
        AND EXISTS (SELECT FROM order_lines WHERE tenant = OLD.tenant) THEN
        RAISE EXCEPTION 'a shop with orders keeps its time zone: their days are of it';
    END IF;
    RETURN NEW;
END;
$$;

CREATE TRIGGER shops_keep_their_timezone BEFORE UPDATE OF timezone ON shops
FOR EACH ROW EXECUTE FUNCTION timezone_changed();

-- What is asked of all products at once is asked of the last few weeks.
CREATE INDEX product_days_by_day ON product_days (tenant, day);

CREATE VIEW recurrences_of_appearances AS
SELECT tenant, kind, earlier, later, COUNT(*) AS count
FROM (
    SELECT tenant, kind, day AS later,
        LAG(day) OVER (PARTITION BY tenant, kind, name ORDER BY day) AS earlier
    FROM appearances WHERE kind <> 2
) AS visits
WHERE earlier IS NOT NULL GROUP BY tenant, kind, earlier, later;
