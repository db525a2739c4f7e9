//! The analytics, one module per answer. Every answer is read from one state of the data.

mod activity;
mod alerts;
mod catalogue;
mod courses;
mod figures;
mod forecast;
mod insights;
mod market;
mod pricing;
mod products;
mod sentence;
mod sentiment;
mod stats;
mod trends;
