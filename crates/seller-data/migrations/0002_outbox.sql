-- Events that are still to be sent. A row is written in the transaction of the change it tells of,
-- and deleted once the receiver has it.

CREATE TABLE outbox (
    tenant TEXT NOT NULL,
    -- One of the shop's own numbers (shops.next_id): within a tenant, the order of the changes.
    number BIGINT NOT NULL,
    -- The event's id: no other event of any store has it.
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    -- A small JSON object.
    data TEXT NOT NULL,
    instant BIGINT NOT NULL,
    -- 0 waiting, 1 moved aside: the receiver refused it for good.
    dead BIGINT NOT NULL,
    PRIMARY KEY (tenant, number)
);

CREATE INDEX outbox_by_state ON outbox (dead, tenant, number);
