//! Labelled reviews, and which part of them nothing may be learned from.

use std::{
    fs::{self, File},
    io::Read,
    path::Path,
};

use anyhow::Context;
use flate2::read::GzDecoder;

/// The rows of the clothing reviews that published scores are of: the first with text.
const CLOTHING_HELD_OUT: usize = 6_000;

/// A sentence of a review on Amazon, rated by twenty people.
pub(crate) struct Snippet {
    /// From -4 to 4.
    pub(crate) rating: f64,
    pub(crate) text: String,
    /// Of a review with an odd number. Nothing is learned from the others either; they are for looking.
    pub(crate) is_held_out: bool,
}

/// A text, and whether it praises.
pub(crate) struct Labelled {
    pub(crate) text: String,
    pub(crate) praises: bool,
}

/// Reviews of clothing, those of three stars left out.
pub(crate) struct Clothing {
    pub(crate) learned_from: Vec<Labelled>,
    pub(crate) held_out: Vec<Labelled>,
}

pub(crate) fn snippets(data: &Path) -> anyhow::Result<Vec<Snippet>> {
    // Latin-1: each byte is its character.
    let bytes = unpacked(&data.join("reviews/amazon_snippets_ground_truth.tsv.gz"))?;
    let text: String = bytes.into_iter().map(char::from).collect();
    let snippet = |line: &str| {
        let mut columns = line.split('\t');
        let review = columns.next()?.split('_').next()?.parse::<u32>().ok()?;
        Some(Snippet {
            rating: columns.next()?.parse().ok()?,
            text: columns.next()?.to_owned(),
            is_held_out: review % 2 == 1,
        })
    };
    text.lines()
        .map(|line| snippet(line).with_context(|| format!("not a snippet: {line:?}")))
        .collect()
}

pub(crate) fn clothing(data: &Path) -> anyhow::Result<Clothing> {
    let bytes = unpacked(&data.join("reviews/womens_clothing_reviews.csv.gz"))?;
    let mut rows = Vec::new();
    for row in csv::Reader::from_reader(bytes.as_slice()).records() {
        let row = row?;
        let (text, stars) = (
            row.get(4).unwrap_or_default(),
            row.get(5).unwrap_or_default(),
        );
        if !text.trim().is_empty() {
            rows.push((stars.parse::<u8>().context("a rating")?, text.to_owned()));
        }
    }
    let rest = rows.split_off(CLOTHING_HELD_OUT.min(rows.len()));
    let labelled = |rows: Vec<(u8, String)>| {
        let told = rows.into_iter().filter(|(stars, _)| *stars != 3);
        told.map(|(stars, text)| Labelled {
            text,
            praises: stars > 3,
        })
        .collect()
    };
    Ok(Clothing {
        learned_from: labelled(rest),
        held_out: labelled(rows),
    })
}

/// What people wrote as a product's pros and cons. The folder `pros_cons` is that of the unpacked `pros_cons.zip`.
pub(crate) fn pros_and_cons(folder: &Path) -> anyhow::Result<Vec<Labelled>> {
    let mut all = Vec::new();
    for (file, praises) in [("IntegratedPros.txt", true), ("IntegratedCons.txt", false)] {
        let path = folder.join(file);
        let bytes =
            fs::read(&path).with_context(|| format!("failed to read {}", path.display()))?;
        let content: String = bytes.into_iter().map(char::from).collect();
        let texts = content
            .lines()
            .filter_map(|line| line.split_once('>')?.1.rsplit_once("</"));
        all.extend(texts.map(|(text, _)| Labelled {
            text: text.replace("&amp;", "&").replace("&quot;", "\""),
            praises,
        }));
    }
    Ok(all)
}

/// The content of a gzip file.
pub(crate) fn unpacked(path: &Path) -> anyhow::Result<Vec<u8>> {
    let file = File::open(path).with_context(|| format!("failed to open {}", path.display()))?;
    let mut bytes = Vec::new();
    GzDecoder::new(file)
        .read_to_end(&mut bytes)
        .with_context(|| format!("failed to unpack {}", path.display()))?;
    Ok(bytes)
}
