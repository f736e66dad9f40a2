//! The members that tell where a call belongs. Each is optional: a wrong one is left out.

use domain::{
    completeness::sequence::Sequence,
    counterpart::Counterpart,
    ids::{ConversationId, DeviceId},
    phone::Country,
    recording::{Leg, PARTICIPANTS_AT_MOST},
    registration::WarningCode::{self, Cut, LeftOut},
};
use serde_json::Value;

/// The largest number that every JSON library reads exactly.
const NUMBER_AT_MOST: u64 = (1 << 53) - 1;

/// The members as sent.
pub struct Sent {
    pub conversation: Value,
    pub participants: Value,
    pub device: Value,
    pub sequence: Value,
}

impl Sent {
    /// The leg, with a warning for each member that was left out or cut.
    pub fn read(self, country: Country, mut warn: impl FnMut(WarningCode, &str)) -> Leg {
        let conversation = id::<ConversationId>(self.conversation)
            .unwrap_or_else(|()| left_out(&mut warn, "conversationId"));
        let participants = participants(self.participants, country, &mut warn);
        let device =
            id::<DeviceId>(self.device).unwrap_or_else(|()| left_out(&mut warn, "deviceId"));
        let number = number(&self.sequence).unwrap_or_else(|()| left_out(&mut warn, "sequence"));
        let sequence = match (device, number) {
            (Some(device), Some(number)) => Some(Sequence { device, number }),
            (Some(_), None) if self.sequence.is_null() => left_out(&mut warn, "deviceId"),
            (None, Some(_)) => left_out(&mut warn, "sequence"),
            _ => None,
        };
        Leg { conversation, participants, sequence }
    }
}

fn left_out<T>(warn: &mut impl FnMut(WarningCode, &str), member: &str) -> Option<T> {
    warn(LeftOut, member);
    None
}

fn id<T: TryFrom<String>>(value: Value) -> Result<Option<T>, ()> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) if text.is_empty() => Ok(None),
        Value::String(text) => T::try_from(text).map(Some).map_err(drop),
        _ => Err(()),
    }
}

fn number(value: &Value) -> Result<Option<u64>, ()> {
    let number = match value {
        Value::Null => return Ok(None),
        Value::String(text) => text.trim().parse().ok(),
        value => value.as_u64(),
    };
    number.filter(|number| (1..=NUMBER_AT_MOST).contains(number)).map(Some).ok_or(())
}

fn participants(
    value: Value,
    country: Country,
    warn: &mut impl FnMut(WarningCode, &str),
) -> Vec<Counterpart> {
    let sent = match value {
        Value::Null => return Vec::new(),
        Value::Array(sent) => sent,
        _ => {
            warn(LeftOut, "participants");
            return Vec::new();
        }
    };
    let mut found = Vec::new();
    for participant in sent {
        let text = match participant {
            Value::String(text) => text,
            Value::Number(number) => number.to_string(),
            _ => {
                warn(LeftOut, "participants");
                continue;
            }
        };
        let read = Counterpart::read(&text, country);
        if read.is_known() && !found.contains(&read) {
            found.push(read);
        }
    }
    if found.len() > PARTICIPANTS_AT_MOST {
        found.truncate(PARTICIPANTS_AT_MOST);
        warn(Cut, "participants");
    }
    found
}
