//! What is made from the code and checked in.

use tests::golden;
use utoipa::{OpenApi, openapi::OpenApi as Document};

/// The part of each function.
fn parts() -> [Document; 7] {
    [
        upload::Document::openapi(),
        search::Document::openapi(),
        playback::Document::openapi(),
        annotate::Document::openapi(),
        me::Document::openapi(),
        admin::Document::openapi(),
        provision::Document::openapi(),
    ]
}

#[test]
fn the_api_document_says_what_the_code_does() -> anyhow::Result<()> {
    let [mut document, others @ ..] = parts();
    for other in others {
        document.merge(other);
    }
    document.info.title = "Kontinuerlig inspelning".to_owned();
    document.info.version = "1".to_owned();
    golden::holds("openapi.json", &serde_json::to_value(document)?)
}

#[test]
fn no_two_functions_give_one_name_to_two_shapes() {
    let mut shapes = std::collections::BTreeMap::new();
    for (name, shape) in parts().into_iter().flat_map(|part| part.components.unwrap_or_default().schemas) {
        let before = shapes.insert(name.clone(), shape.clone());
        assert!(before.is_none_or(|before| before == shape), "{name}");
    }
}
