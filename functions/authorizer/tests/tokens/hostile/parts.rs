//! Malformed tokens: in one part, in the number of parts, or in size.

use serde_json::json;

use super::{Bench, changed};
use crate::key::{encoded, joined};

impl Bench<'_> {
    pub fn parts(&mut self) -> anyhow::Result<()> {
        self.spellings()?;
        self.documents()?;
        self.headers_twice()?;
        self.numbers_of_parts()?;
        self.sizes()
    }

    /// One part that is not unpadded base64url, with the old signature and with a new one.
    fn spellings(&mut self) -> anyhow::Result<()> {
        let good = self.good()?;
        let parts: Vec<&str> = good.split('.').collect();
        for index in 0..3 {
            for (what, encoded_badly) in badly_encoded(parts[index]) {
                let mut parts: Vec<_> = parts.iter().map(|part| (*part).to_owned()).collect();
                parts[index] = encoded_badly;
                self.add("spelling", format!("part {index} {what}"), parts.join("."));
                if index < 2 {
                    let token = self.key.sign(&parts[..2].join("."))?;
                    self.add("spelling", format!("part {index} {what}, signed"), token);
                }
            }
        }
        Ok(())
    }

    /// One part that is no JSON object, signed.
    fn documents(&mut self) -> anyhow::Result<()> {
        let (header, claims) = (self.good_header().to_string(), self.kind.claims().to_string());
        for document in not_objects(&header) {
            let token = self.key.sign(&format!("{}.{}", encoded(document), encoded(&claims)))?;
            self.add("not an object", "header", token);
        }
        for document in not_objects(&claims) {
            let token = self.key.sign(&format!("{}.{}", encoded(&header), encoded(document)))?;
            self.add("not an object", "claims", token);
        }
        Ok(())
    }

    fn headers_twice(&mut self) -> anyhow::Result<()> {
        let kid = &self.key.kid;
        let headers = [
            format!(r#"{{"alg":"none","alg":"RS256","kid":"{kid}"}}"#),
            format!(r#"{{"alg":"RS256","alg":"none","kid":"{kid}"}}"#),
            format!(r#"{{"alg":"RS256","alg":"RS256","kid":"{kid}"}}"#),
            format!(r#"{{"alg":"RS256","kid":"x","kid":"{kid}"}}"#),
            format!(r#"{{"alg":"RS256","kid":"{kid}","kid":"x"}}"#),
            format!(r#"{{"alg":"RS256","kid":"{kid}","typ":"JWT","typ":"x"}}"#),
            format!(r#"{{"alg":"RS256","kid":"{kid}","x":1,"x":2}}"#),
        ];
        for header in headers {
            let token = self.key.sign(&format!(
                "{}.{}",
                encoded(&header),
                encoded(self.kind.claims().to_string())
            ))?;
            self.add("twice", header, token);
        }
        Ok(())
    }

    fn numbers_of_parts(&mut self) -> anyhow::Result<()> {
        let good = self.good()?;
        let parts: Vec<&str> = good.split('.').collect();
        let (header, claims, signature) = (parts[0], parts[1], parts[2]);
        let other = self
            .key
            .token(&changed(self.good_header(), "x", Some(json!(1))), &self.kind.claims())?;
        let tokens = [
            header.to_owned(),
            claims.to_owned(),
            format!("{header}.{claims}"),
            format!("{header}.{signature}"),
            format!("{header}..{signature}"),
            format!(".{claims}.{signature}"),
            format!("..{signature}"),
            format!("{header}.."),
            format!(".{good}"),
            format!("{good}."),
            format!("{good}.{signature}"),
            format!("{good}.x"),
            format!("x.{good}"),
            format!("{header}.{good}"),
            format!("{header}.{claims}.{claims}.{signature}"),
            format!("{claims}.{header}.{signature}"),
            format!("{good}.{other}"),
            format!("{other}{good}"),
            format!("{good},{other}"),
            format!("{good};{other}"),
            format!("{good}|{other}"),
            format!("{good}~{other}~"),
            good.replace('.', ":"),
            good.replace('.', ".."),
            format!("{header}.key.iv.{claims}.{signature}"),
            json!({ "protected": header, "payload": claims, "signature": signature }).to_string(),
            json!({ "payload": claims, "signatures": [{ "protected": header, "signature": signature }] }).to_string(),
        ];
        for (number, token) in tokens.into_iter().enumerate() {
            self.add("number of parts", number, token);
        }
        let nested = self.key.sign(&format!(
            "{}.{}",
            encoded(self.good_header().to_string()),
            encoded(&good)
        ))?;
        self.add("number of parts", "a token in a token", nested);
        for dots in [".", "..", "...", "...."] {
            self.add("number of parts", dots, format!("{dots}{}", " ".repeat(self.kind as usize)));
        }
        Ok(())
    }

    fn sizes(&mut self) -> anyhow::Result<()> {
        for size in [8 * 1024, 64 * 1024, 1024 * 1024] {
            let filler = Some(json!("a".repeat(size)));
            self.add_signed(
                "size",
                format!("claims of {size}"),
                &self.good_header(),
                &changed(self.kind.claims(), "x", filler.clone()),
            )?;
            self.add_signed(
                "size",
                format!("header of {size}"),
                &changed(self.good_header(), "x", filler),
                &self.kind.claims(),
            )?;
        }
        let signed = joined(&self.good_header(), &self.kind.claims());
        self.add(
            "size",
            "a signature of 8 KiB",
            format!("{signed}.{}", encoded(vec![7; 8 * 1024])),
        );
        Ok(())
    }
}

fn badly_encoded(part: &str) -> Vec<(&'static str, String)> {
    let (most, half) = (&part[..part.len() - 1], part.len() / 2);
    let (left, right) = part.split_at(half);
    vec![
        ("empty", String::new()),
        ("without its end", most.to_owned()),
        ("without its beginning", part[1..].to_owned()),
        ("cut in half", left.to_owned()),
        ("doubled", format!("{part}{part}")),
        ("one longer", format!("{part}A")),
        ("padded", format!("{part}=")),
        ("padded twice", format!("{part}==")),
        ("with a plus", format!("{most}+")),
        ("with a slash", format!("{most}/")),
        ("with a percent", format!("{left}%41{right}")),
        ("with a space", format!("{left} {right}")),
        ("with a tab before", format!("\t{part}")),
        ("with a space after", format!("{part} ")),
        ("with a quote", format!("{left}\"{right}")),
        ("with a tab", format!("{left}\t{right}")),
        ("not base64", "!".repeat(part.len())),
        ("in base64 of base64", encoded(part)),
        ("with a tail of other bits", format!("{most}{}", next(part))),
    ]
}

/// The last character's neighbour. In an unpadded tail it encodes the same bytes with stray bits.
fn next(part: &str) -> char {
    match part.chars().last() {
        Some('A') => 'B',
        Some('Q') => 'R',
        Some('g') => 'h',
        Some('w') => 'x',
        _ => '_',
    }
}

fn not_objects(object: &str) -> Vec<Vec<u8>> {
    let inner = object.trim_start_matches('{').trim_end_matches('}');
    let texts = [
        format!("[{object}]"),
        format!("[{}]", inner.replace("\":", "\",")),
        format!("{object}{object}"),
        format!("{object},"),
        format!("{object}\0"),
        format!("{object}x"),
        format!("\u{feff}{object}"),
        format!("{{{inner}"),
        format!("{{{inner},}}"),
        format!("{{{inner},\"x\":NaN}}"),
        format!("{{{inner},\"x\":'y'}}"),
        format!("{{{inner},x:1}}"),
        format!("{{{inner},\"x\":01}}"),
        format!("{{{inner},\"x\":\"\u{1}\"}}"),
        format!("{{{inner},\"x\":\"\\ud800\"}}"),
        format!("{{{inner}/* */}}"),
        format!("{{{inner},\"x\":{}1{}}}", "[".repeat(1000), "]".repeat(1000)),
        serde_json::Value::from(object).to_string(),
        object.replace('"', "'"),
        format!("null{}", " ".repeat(object.len())),
    ];
    let mut documents: Vec<Vec<u8>> = texts.map(Vec::from).into();
    documents.push(object.encode_utf16().flat_map(u16::to_le_bytes).collect());
    documents.push([object.as_bytes(), b"\xff"].concat());
    documents.push([&object.as_bytes()[..object.len() - 1], b",\"x\":\"\xff\"}"].concat());
    documents
}
