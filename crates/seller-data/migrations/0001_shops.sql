-- Valid on SQLite and PostgreSQL alike: BIGINT, TEXT, no engine's own types.
-- Prices and amounts are in 1/10,000 of the shop's currency; instants in milliseconds since
-- 1970-01-01T00:00:00Z; days in days since 1970-01-01 on the calendar of the shop's time zone.

CREATE TABLE shops (
    tenant TEXT NOT NULL PRIMARY KEY,
    currency TEXT NOT NULL,
    timezone TEXT NOT NULL,
    -- The next number for an order, review or price observation that is made here.
    next_id BIGINT NOT NULL
);

CREATE TABLE products (
    tenant TEXT NOT NULL REFERENCES shops (tenant),
    id TEXT NOT NULL,
    -- The id's bytes in hexadecimal: sorts alike under every collation, and is the page cursor.
    id_key TEXT NOT NULL,
    sku TEXT NOT NULL,
    name TEXT NOT NULL,
    category TEXT NOT NULL,
    price BIGINT NOT NULL,
    -- NULL: the stock is not known.
    stock BIGINT,
    -- When the name and the price were learnt: an import never replaces newer knowledge.
    name_at BIGINT NOT NULL,
    price_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    -- When the seller last changed it by hand. NULL: never.
    edited_at BIGINT,
    PRIMARY KEY (tenant, id)
);

CREATE UNIQUE INDEX products_by_key ON products (tenant, id_key);
CREATE INDEX products_by_sku ON products (tenant, sku);

CREATE TABLE order_lines (
    tenant TEXT NOT NULL REFERENCES shops (tenant),
    -- 128 bits of hash over all columns and the occurrence number among identical lines.
    identity_high BIGINT NOT NULL,
    identity_low BIGINT NOT NULL,
    invoice TEXT NOT NULL,
    product_id TEXT NOT NULL,
    description TEXT NOT NULL,
    quantity BIGINT NOT NULL,
    price BIGINT NOT NULL,
    -- quantity * price, signed.
    amount BIGINT NOT NULL,
    -- 0 none, 1 sale, 2 refund, 3 fee.
    class BIGINT NOT NULL,
    instant BIGINT NOT NULL,
    day BIGINT NOT NULL,
    -- NULL: the customer is not known.
    customer TEXT,
    country TEXT NOT NULL,
    PRIMARY KEY (tenant, identity_high, identity_low)
);

CREATE INDEX order_lines_by_day ON order_lines (tenant, day, class);
CREATE INDEX order_lines_by_product ON order_lines (tenant, product_id, day);

CREATE TABLE reviews (
    tenant TEXT NOT NULL,
    id BIGINT NOT NULL,
    product_id TEXT NOT NULL,
    rating BIGINT NOT NULL,
    text TEXT NOT NULL,
    -- Sentiment in 1/10,000 from -10,000 to 10,000. NULL: no word of the text is known.
    score BIGINT,
    instant BIGINT NOT NULL,
    day BIGINT NOT NULL,
    PRIMARY KEY (tenant, id),
    FOREIGN KEY (tenant, product_id) REFERENCES products (tenant, id)
);

CREATE INDEX reviews_by_day ON reviews (tenant, day);
CREATE INDEX reviews_by_product ON reviews (tenant, product_id);

CREATE TABLE price_observations (
    tenant TEXT NOT NULL,
    id BIGINT NOT NULL,
    product_id TEXT NOT NULL,
    -- The empty text: the shop's own price.
    competitor TEXT NOT NULL,
    price BIGINT NOT NULL,
    instant BIGINT NOT NULL,
    day BIGINT NOT NULL,
    PRIMARY KEY (tenant, id),
    FOREIGN KEY (tenant, product_id) REFERENCES products (tenant, id)
);

CREATE INDEX price_observations_by_product ON price_observations (tenant, product_id, day);
CREATE INDEX price_observations_by_day ON price_observations (tenant, day);
