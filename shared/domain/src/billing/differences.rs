//! Compares what is sold with what is used at the end of a month, for a person to examine.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use strum::IntoStaticStr;

use super::{Ledger, Month, Whose, activity, in_force};
use crate::{ids::UserId, retention};

/// The services that an organisation uses now.
#[derive(Clone, Debug, Default)]
pub struct Used {
    /// It has a key that signs in over SFTP.
    pub sftp_key: bool,
    /// Days that a recording is retained.
    pub retention_days: u16,
    /// It may choose more days than 180.
    pub longer_retention: bool,
    /// When each user first acknowledged that they are recorded.
    pub acknowledged: BTreeMap<UserId, DateTime<Utc>>,
}

/// A service that is sold and not used, or used and not sold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub kind: Kind,
    /// The user that it concerns, if it is one.
    pub user: Option<UserId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, IntoStaticStr)]
#[strum(serialize_all = "kebab-case", const_into_str)]
pub enum Kind {
    /// SFTP is billed, and there is no key to sign in with.
    SftpWithoutKey,
    /// There is a key, so days are delivered, and SFTP is not billed.
    KeyWithoutSftp,
    /// Recordings are retained longer than 180 days, and the storage add-on is not billed.
    DaysWithoutAddOn,
    /// The organisation may choose more days, and the storage add-on is not billed.
    AddOnNotSold,
    /// The storage add-on is billed, and the organisation may not choose more days.
    AddOnNotProvisioned,
    /// Services are agreed, and the base service has ended: they are not billed.
    ServicesWithoutBaseService,
    /// Recordings are stored, and the base service has ended: their storage is not billed.
    StoredWithoutBaseService,
    /// A user is billed and was not recorded: they had not acknowledged by the end of the month.
    BilledNotAcknowledged,
}

/// The differences at the end of `month`, by kind and user.
pub fn differences(ledger: &Ledger, used: &Used, month: Month) -> Vec<Difference> {
    let agreed = in_force(&ledger.terms, Whose::Agreed, month.last(), month.end());
    let (sftp, add_on) = (
        agreed.is_some_and(|terms| terms.sftp),
        agreed.is_some_and(|terms| terms.add_on.is_some()),
    );
    let base = ledger.base.at_end_of(month);
    let stored =
        ledger.usage.days.iter().any(|closed| closed.day == month.last() && closed.balance > 0);
    let longer = used.retention_days > retention::DAYS;
    let kinds = [
        (base && sftp && !used.sftp_key, Kind::SftpWithoutKey),
        (used.sftp_key && !(base && sftp), Kind::KeyWithoutSftp),
        (longer && !(base && add_on), Kind::DaysWithoutAddOn),
        (used.longer_retention && !(base && add_on), Kind::AddOnNotSold),
        (base && add_on && !used.longer_retention, Kind::AddOnNotProvisioned),
        (!base && (sftp || add_on), Kind::ServicesWithoutBaseService),
        (!base && stored, Kind::StoredWithoutBaseService),
    ];
    let of_all =
        kinds.into_iter().filter(|(is, _)| *is).map(|(_, kind)| Difference { kind, user: None });
    of_all.chain(unacknowledged(ledger, used, month)).collect()
}

fn unacknowledged<'a>(
    ledger: &'a Ledger,
    used: &'a Used,
    month: Month,
) -> impl Iterator<Item = Difference> + 'a {
    let billed = activity::of(ledger, month, month.end(), month.end());
    let users =
        billed.into_iter().filter(|(_, activity)| activity.days.is_some()).map(|(user, _)| user);
    let waits =
        move |user: &&UserId| used.acknowledged.get(*user).is_none_or(|at| *at >= month.end());
    users
        .filter(waits)
        .map(|user| Difference { kind: Kind::BilledNotAcknowledged, user: Some(user.clone()) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::billing::{BaseChange, BaseService, Day, Prices, Switch, Terms, Usage};

    const MONTH: &str = "2026-10";

    fn ledger(sftp: bool, add_on: Option<u32>, base: bool) -> Ledger {
        let at = |text: &str| text.parse().expect("a moment");
        let user = UserId::try_from("anna".to_owned()).expect("a user");
        let known = at("2026-09-01T10:00:00Z");
        let from = "2026-09-01".parse().expect("a day");
        let terms = Terms {
            whose: Whose::Agreed,
            from,
            known,
            voided: None,
            prices: Prices::default(),
            add_on,
            sftp,
        };
        let ended = BaseChange { at: at("2026-10-20T10:00:00Z"), on: false };
        let day = Day { day: "2026-10-31".parse().expect("a day"), balance: 1, ..Day::default() };
        Ledger {
            switches: vec![Switch { user, at: known, on: true, known, voided: None }],
            usage: Usage { days: vec![day], late: Vec::new() },
            terms: vec![terms],
            base: if base { BaseService::default() } else { BaseService::of(false, vec![ended]) },
            credits: Vec::new(),
        }
    }

    fn found(
        ledger: &Ledger,
        sftp_key: bool,
        retention_days: u16,
        longer_retention: bool,
    ) -> Vec<&'static str> {
        let acknowledged = [(
            "anna".to_owned().try_into().expect("a user"),
            "2026-10-31T22:59:59Z".parse().expect("a moment"),
        )];
        let used =
            Used { sftp_key, retention_days, longer_retention, acknowledged: acknowledged.into() };
        differences(ledger, &used, MONTH.to_owned().try_into().expect("a month"))
            .into_iter()
            .map(|found| found.kind.into_str())
            .collect()
    }

    #[test]
    fn services_that_are_sold_and_used_make_no_difference() {
        assert_eq!(found(&ledger(true, Some(500), true), true, 365, true), [""; 0]);
        assert_eq!(found(&ledger(false, None, true), false, 180, false), [""; 0]);
    }

    #[test]
    fn a_service_sold_and_not_used_or_used_and_not_sold_is_a_difference() {
        assert_eq!(
            found(&ledger(true, Some(500), true), false, 180, false),
            ["sftp-without-key", "add-on-not-provisioned"]
        );
        assert_eq!(
            found(&ledger(false, None, true), true, 365, true),
            ["key-without-sftp", "days-without-add-on", "add-on-not-sold"]
        );
        let ended =
            ["key-without-sftp", "services-without-base-service", "stored-without-base-service"];
        assert_eq!(found(&ledger(true, None, false), true, 180, false), ended);
    }

    #[test]
    fn a_billed_user_without_an_acknowledgement_by_the_end_is_a_difference() {
        let month = Month::try_from(MONTH.to_owned()).expect("a month");
        let user = UserId::try_from("anna".to_owned()).expect("a user");
        let late = Used {
            retention_days: 180,
            acknowledged: [(user.clone(), month.end())].into(),
            ..Used::default()
        };
        let expected = [Difference { kind: Kind::BilledNotAcknowledged, user: Some(user) }];
        for used in [late, Used { retention_days: 180, ..Used::default() }] {
            assert_eq!(differences(&ledger(false, None, true), &used, month), expected);
        }
    }
}
