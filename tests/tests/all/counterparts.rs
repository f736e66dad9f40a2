//! A call is registered whoever the counterpart is, shown as one counterpart however it was
//! written, and found by its digits. `domain::counterpart` has every form.

use serde_json::{Value, json};
use tests::{
    call::{call, silence, with},
    people::{Person, found},
    request::As,
    service::Service,
};

const ANNA: As<'_> = As { organisation: "demo", user: "anna" };
const KARIN: As<'_> = As { organisation: "demo", user: "karin" };

async fn demo() -> anyhow::Result<Service> {
    let service = Service::empty().await?;
    found(&service.table, "demo").await?;
    Person::recorded("anna").joins(&service.table, "demo").await?;
    Person::administrator("karin").joins(&service.table, "demo").await?;
    Ok(service)
}

/// The recording of a call with this counterpart.
async fn registered(service: &Service, id: &str, counterpart: Value) -> anyhow::Result<Value> {
    let call = with(call(id, "audio/wav", &silence(1)), json!({ "counterpart": counterpart }));
    Ok(ANNA.post(&service.upload, "/v1/recordings", &call).await?.done()?.body["recording"].clone())
}

async fn found_by(service: &Service, query: &str) -> anyhow::Result<Vec<String>> {
    let page = KARIN
        .get(&service.search, &format!("/v1/recordings?order=oldest&{query}"))
        .await?
        .done()?
        .body;
    let calls = page["recordings"].as_array().into_iter().flatten();
    Ok(calls.filter_map(|call| call["callId"].as_str().map(str::to_owned)).collect())
}

#[tokio::test]
async fn every_kind_of_counterpart_is_registered_and_shown() -> anyhow::Result<()> {
    let service = demo().await?;
    for (number, (sent, shown, kind)) in [
        (json!("112"), "112", "dialled"),
        (json!("4411"), "4411", "dialled"),
        (json!("*21#"), "*21#", "dialled"),
        (json!("070-123 45 67"), "+46701234567", "number"),
        (json!("+460701234567"), "+46701234567", "number"),
        (json!("sip:anna@bolaget.se"), "sip:anna@bolaget.se", "sip"),
        (json!("Telia"), "Telia", "text"),
        (json!("+266696687"), "withheld", "withheld"),
        (json!("anonymous"), "withheld", "withheld"),
        (json!(""), "unknown", "unknown"),
        (Value::Null, "unknown", "unknown"),
        (json!("å".repeat(5_000)), &"å".repeat(100), "text"),
    ]
    .into_iter()
    .enumerate()
    {
        let recording = registered(&service, &format!("call-{number}"), sent.clone()).await?;
        assert_eq!(
            (&recording["counterpart"], &recording["counterpartKind"]),
            (&json!(shown), &json!(kind)),
            "{sent}"
        );
        let one = KARIN
            .get(
                &service.search,
                &format!("/v1/recordings/{}", recording["id"].as_str().unwrap_or_default()),
            )
            .await?;
        assert_eq!(one.done()?.body["counterpart"], json!(shown), "{sent} reads back");
    }
    let mut absent = call("absent", "audio/wav", &silence(1));
    absent.as_object_mut().map(|call| call.remove("counterpart"));
    let recording = ANNA.post(&service.upload, "/v1/recordings", &absent).await?.done()?.body;
    assert_eq!(recording["recording"]["counterpartKind"], "unknown");
    Ok(())
}

#[tokio::test]
async fn one_party_is_one_counterpart_however_it_was_written() -> anyhow::Result<()> {
    let service = demo().await?;
    let forms = [
        "0701234567",
        "0046701234567",
        "+46 (0)70-123 45 67",
        "*31#0701234567",
        "tel:+46701234567",
        "+46701234567,,123#",
    ];
    for (number, form) in forms.iter().enumerate() {
        registered(&service, &format!("call-{number}"), json!(form)).await?;
    }
    registered(&service, "other", json!("0707654321")).await?;
    for form in ["%2B46701234567", "070-123%2045%2067", "0046701234567", "tel:0701234567"] {
        assert_eq!(
            found_by(&service, &format!("counterpart={form}")).await?.len(),
            forms.len(),
            "{form}"
        );
    }
    let again = registered(&service, "call-0", json!("+46701234567")).await?;
    assert_eq!(again["callId"], "call-0", "the same call, written in another form");
    Ok(())
}

#[tokio::test]
async fn short_numbers_addresses_and_names_are_found() -> anyhow::Result<()> {
    let service = demo().await?;
    for (id, counterpart) in [
        ("short", "4411"),
        ("sos", "112"),
        ("sip", "sip:anna@bolaget.se"),
        ("name", "Telia"),
        ("none", ""),
    ] {
        registered(&service, id, json!(counterpart)).await?;
    }
    for (query, expected) in [
        ("counterpart=4411", "short"),
        ("counterpart=112", "sos"),
        ("counterpart=SIP:Anna@bolaget.se", "sip"),
        ("counterpart=Telia", "name"),
        ("counterpart=unknown", "none"),
    ] {
        assert_eq!(found_by(&service, query).await?, [expected], "{query}");
    }
    Ok(())
}
