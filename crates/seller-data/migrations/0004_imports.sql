-- How far imports came that have not ended: written in the transaction of the rows that it counts,
-- removed when the import ends.

CREATE TABLE imports (
    tenant TEXT NOT NULL,
    format TEXT NOT NULL,
    -- The file's path, or "-" for standard input.
    source TEXT NOT NULL,
    -- 128 bits of hash over all rows of the file.
    digest_high BIGINT NOT NULL,
    digest_low BIGINT NOT NULL,
    -- Rows of the file that are done, the rejected ones included.
    rows_done BIGINT NOT NULL,
    -- How many of them were new in the store.
    inserted BIGINT NOT NULL,
    PRIMARY KEY (tenant, format, source)
);

-- When the file was written that gave SKU, category and stock. NULL: no file did.
ALTER TABLE products ADD COLUMN listed_at BIGINT;
