-- SQLite's triggers know one row at a time. It has no procedures: two views stand in for them, of which an INSERT is a call.

-- CALL line_changed(sign, line): a line came (1) or went (-1).
CREATE VIEW line_changed AS
SELECT 0 AS sign, tenant, invoice, product_id, quantity, amount, class, day, customer
FROM order_lines WHERE 0;

CREATE TRIGGER order_lines_came AFTER INSERT ON order_lines
BEGIN
    INSERT INTO line_changed VALUES (1, NEW.tenant, NEW.invoice, NEW.product_id, NEW.quantity,
        NEW.amount, NEW.class, NEW.day, NEW.customer);
END;

CREATE TRIGGER order_lines_went AFTER DELETE ON order_lines
BEGIN
    INSERT INTO line_changed VALUES (-1, OLD.tenant, OLD.invoice, OLD.product_id, OLD.quantity,
        OLD.amount, OLD.class, OLD.day, OLD.customer);
END;

CREATE TRIGGER order_lines_changed AFTER UPDATE ON order_lines
BEGIN
    INSERT INTO line_changed VALUES (-1, OLD.tenant, OLD.invoice, OLD.product_id, OLD.quantity,
        OLD.amount, OLD.class, OLD.day, OLD.customer);
    INSERT INTO line_changed VALUES (1, NEW.tenant, NEW.invoice, NEW.product_id, NEW.quantity,
        NEW.amount, NEW.class, NEW.day, NEW.customer);
END;

CREATE TRIGGER line_changed_sums INSTEAD OF INSERT ON line_changed
BEGIN
    INSERT INTO day_totals VALUES (NEW.tenant, NEW.day,
        NEW.sign * (NEW.class <> 3),
        NEW.sign * (CASE NEW.class WHEN 1 THEN NEW.amount ELSE 0 END),
        NEW.sign * (CASE NEW.class WHEN 2 THEN ABS(NEW.amount) ELSE 0 END),
        NEW.sign * (CASE NEW.class WHEN 1 THEN NEW.quantity ELSE 0 END),
        NEW.sign * (CASE NEW.class WHEN 3 THEN NEW.amount ELSE 0 END), 0, 0)
    ON CONFLICT (tenant, day) DO UPDATE SET lines = lines + excluded.lines,
        gross = gross + excluded.gross, refunds = refunds + excluded.refunds,
        units = units + excluded.units, fees = fees + excluded.fees;

    INSERT INTO product_days SELECT NEW.tenant, NEW.product_id, NEW.day,
        NEW.sign * (NEW.class = 1),
        NEW.sign * (CASE NEW.class WHEN 1 THEN NEW.quantity ELSE 0 END),
        NEW.sign * (CASE NEW.class WHEN 1 THEN NEW.amount ELSE 0 END),
        NEW.sign * (NEW.class = 2),
        NEW.sign * (CASE NEW.class WHEN 2 THEN ABS(NEW.quantity) ELSE 0 END),
        NEW.sign * (CASE NEW.class WHEN 2 THEN ABS(NEW.amount) ELSE 0 END)
    WHERE NEW.class IN (1, 2)
    ON CONFLICT (tenant, product_id, day) DO UPDATE SET sales = sales + excluded.sales,
        units = units + excluded.units, gross = gross + excluded.gross,
        returns = returns + excluded.returns, units_back = units_back + excluded.units_back,
        refunds = refunds + excluded.refunds;

    -- A new row has 0 lines until the update, which tells appearances_came.
    INSERT INTO appearances
    SELECT NEW.tenant, NEW.class, NEW.invoice, NEW.day, 0, 0, 0 WHERE NEW.class IN (1, 2)
    ON CONFLICT DO NOTHING;
    UPDATE appearances SET lines = lines + NEW.sign,
        pieces = pieces + NEW.sign * ABS(NEW.quantity), amount = amount + NEW.sign * ABS(NEW.amount)
    WHERE tenant = NEW.tenant AND kind = NEW.class AND name = NEW.invoice AND day = NEW.day
        AND NEW.class IN (1, 2);

    INSERT INTO appearances
    SELECT NEW.tenant, 3, NEW.customer, NEW.day, 0, 0, 0
    WHERE NEW.class = 1 AND NEW.customer IS NOT NULL
    ON CONFLICT DO NOTHING;
    UPDATE appearances SET lines = lines + NEW.sign,
        pieces = pieces + NEW.sign * NEW.quantity, amount = amount + NEW.sign * NEW.amount
    WHERE tenant = NEW.tenant AND kind = 3 AND name = NEW.customer AND day = NEW.day
        AND NEW.class = 1;
END;

CREATE TRIGGER appearances_came AFTER UPDATE OF lines ON appearances
WHEN OLD.lines = 0 AND NEW.kind <> 2
BEGIN
    INSERT INTO appearance_changed SELECT 1, NEW.tenant, NEW.kind, NEW.day,
        (SELECT MAX(day) FROM appearances WHERE tenant = NEW.tenant AND kind = NEW.kind
            AND name = NEW.name AND day < NEW.day),
        (SELECT MIN(day) FROM appearances WHERE tenant = NEW.tenant AND kind = NEW.kind
            AND name = NEW.name AND day > NEW.day);
END;

CREATE TRIGGER appearances_went AFTER UPDATE OF lines ON appearances
WHEN NEW.lines = 0
BEGIN
    INSERT INTO appearance_changed SELECT -1, NEW.tenant, NEW.kind, NEW.day,
        (SELECT MAX(day) FROM appearances WHERE tenant = NEW.tenant AND kind = NEW.kind
            AND name = NEW.name AND day < NEW.day),
        (SELECT MIN(day) FROM appearances WHERE tenant = NEW.tenant AND kind = NEW.kind
            AND name = NEW.name AND day > NEW.day)
    WHERE NEW.kind <> 2;
    DELETE FROM appearances WHERE tenant = NEW.tenant AND kind = NEW.kind
        AND name = NEW.name AND day = NEW.day;
END;

-- CALL appearance_changed(sign, tenant, kind, day, earlier, later): between two others of the same name, either of which may be NULL.
CREATE VIEW appearance_changed AS
SELECT 0 AS sign, tenant, kind, day, day AS earlier, day AS later FROM appearances WHERE 0;

CREATE TRIGGER appearance_changed_counts INSTEAD OF INSERT ON appearance_changed
BEGIN
    UPDATE day_totals SET orders = orders + NEW.sign * (NEW.kind = 1),
        customers = customers + NEW.sign * (NEW.kind = 3)
    WHERE tenant = NEW.tenant AND day = NEW.day;
    INSERT INTO recurrences SELECT NEW.tenant, NEW.kind, NEW.earlier, NEW.day, NEW.sign
    WHERE NEW.earlier IS NOT NULL
    ON CONFLICT (tenant, kind, earlier, later) DO UPDATE SET count = count + excluded.count;
    INSERT INTO recurrences SELECT NEW.tenant, NEW.kind, NEW.day, NEW.later, NEW.sign
    WHERE NEW.later IS NOT NULL
    ON CONFLICT (tenant, kind, earlier, later) DO UPDATE SET count = count + excluded.count;
    INSERT INTO recurrences SELECT NEW.tenant, NEW.kind, NEW.earlier, NEW.later, -NEW.sign
    WHERE NEW.earlier IS NOT NULL AND NEW.later IS NOT NULL
    ON CONFLICT (tenant, kind, earlier, later) DO UPDATE SET count = count + excluded.count;
END;

-- The days of a shop's lines are of its time zone: it cannot become another one under them.
CREATE TRIGGER shops_keep_their_timezone BEFORE UPDATE OF timezone ON shops
WHEN NEW.timezone <> OLD.timezone
    AND EXISTS (SELECT 1 FROM order_lines WHERE tenant = OLD.tenant)
BEGIN
    SELECT RAISE(ABORT, 'a shop with orders keeps its time zone: their days are of it');
END;

-- Not by a window function, as on PostgreSQL: the tenant that is asked for would not reach the table behind one.
CREATE VIEW recurrences_of_appearances AS
SELECT tenant, kind, earlier, later, COUNT(*) AS count
FROM (
    SELECT tenant, kind, day AS later,
        (SELECT MAX(day) FROM appearances AS before WHERE tenant = a.tenant AND kind = a.kind
            AND name = a.name AND day < a.day) AS earlier
    FROM appearances AS a WHERE kind <> 2
)
WHERE earlier IS NOT NULL GROUP BY tenant, kind, earlier, later;
