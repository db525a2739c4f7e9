-- Of the lines that are there already. After the triggers: their making keeps writers out to the end of the transaction.

INSERT INTO day_totals SELECT * FROM day_totals_of_lines;
INSERT INTO product_days SELECT * FROM product_days_of_lines;
INSERT INTO appearances SELECT * FROM appearances_of_lines;
INSERT INTO recurrences SELECT * FROM recurrences_of_appearances;
