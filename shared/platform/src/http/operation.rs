//! The operations of the API, as types: a handler names its own in its caller, which audits it.

use domain::access::Permission;

use crate::table::audit::AuditAction;

/// An operation of the API.
pub trait Operation: Send + Sync {
    /// The action of its audit event.
    const ACTION: AuditAction;
    /// The permission that [`Admin`](super::Admin) requires.
    const PERMISSION: Permission = Permission::Administer;
    /// Whether a removed user may call it: their phone may still have calls from before.
    const ADMITS_REMOVED: bool = false;
}

macro_rules! operations {
    ($($operation:ident)*) => {$(
        #[doc = concat!("See [`AuditAction::", stringify!($operation), "`].")]
        #[derive(Debug)]
        pub enum $operation {}

        impl Operation for $operation {
            const ACTION: AuditAction = AuditAction::$operation;
        }
    )*};
}

operations! {
    Acknowledge Activate AddSftpKey Annotate ChangeGroup ChangeMark ChangeMembers ChangeOrganisation
    ChangeRetention ChangeSupervisor ChangeUser CorrectActivation CreditLine Download ExplainCall ImportUsers
    LiftHold ListClients ListDrops ListGroups ListMarks ListOrganisations ListPrices ListSftpKeys
    ListStatements ListUsers OrderDrop OrderErasure PlaceHold Play PreviewErasure PreviewRetention
    ProvisionClient ProvisionOrganisation ProvisionPrices ProvisionUser RemoveClient ReportCalls
    RemoveGroup RemoveSftpKey RemoveSupervisor RemoveUser RestoreUser Search See SeeCompleteness SeeEdits
    SeeErasures SeeGroup SeeHolds SeeImport SeeListeners SeeMissing SeeOrganisation
    SeeRetention SeeStatement SeeUsage SeeUser SignIn VoidActivation VoidPrices
}

/// See [`AuditAction::Register`].
#[derive(Debug)]
pub enum Register {}

impl Operation for Register {
    const ACTION: AuditAction = AuditAction::Register;
    const ADMITS_REMOVED: bool = true;
}

/// See [`AuditAction::UploadParts`].
#[derive(Debug)]
pub enum UploadParts {}

impl Operation for UploadParts {
    const ACTION: AuditAction = AuditAction::UploadParts;
    const ADMITS_REMOVED: bool = true;
}

/// See [`AuditAction::ReadAudit`].
#[derive(Debug)]
pub enum ReadAudit {}

impl Operation for ReadAudit {
    const ACTION: AuditAction = AuditAction::ReadAudit;
    const PERMISSION: Permission = Permission::ReadAudit;
}
