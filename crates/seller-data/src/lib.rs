//! Orders, products, reviews and prices of marketplace sellers in SQL, with the analytics over them.
