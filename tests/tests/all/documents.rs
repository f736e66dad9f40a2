//! What is made from the code and checked in.

use tests::golden;
use utoipa::OpenApi;

#[test]
fn the_api_document_says_what_the_code_does() -> anyhow::Result<()> {
    let mut document = upload::Document::openapi();
    document.merge(search::Document::openapi());
    document.merge(playback::Document::openapi());
    document.merge(annotate::Document::openapi());
    document.merge(me::Document::openapi());
    document.merge(admin::Document::openapi());
    document.merge(provision::Document::openapi());
    document.info.title = "Kontinuerlig inspelning".to_owned();
    document.info.version = "1".to_owned();
    golden::holds("openapi.json", &serde_json::to_value(document)?)
}
