-- What one price buys, as written: "6 x 330 ml", "500 g". Empty: what the product's name says.
ALTER TABLE products ADD COLUMN pack TEXT NOT NULL DEFAULT '';
-- Of a competitor's offer; empty: a pack like the product's own.
ALTER TABLE price_observations ADD COLUMN pack TEXT NOT NULL DEFAULT '';
