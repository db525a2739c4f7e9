-- What was seen of each seller last before a day is found without reading the observations.
CREATE INDEX price_observations_by_seller
    ON price_observations (tenant, product_id, competitor, instant, day);
DROP INDEX price_observations_by_product;
