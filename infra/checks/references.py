"""Checks of what the parameters refer to: the e-mail identity, the portal's name and certificate, and the alarm topic."""

import re
from email.utils import parseaddr
from urllib.parse import urlsplit

from checks.plan import ok, stop, warning

ARN = re.compile(r"arn:[a-z-]+:(?P<service>[a-z-]+):(?P<region>[a-z0-9-]+):\d{12}:(?P<name>.+)")
CLOUDFRONT = "us-east-1"  # CloudFront reads its certificates there


def email(plan):
    identity, sender = plan.parameters["EmailIdentity"], parseaddr(plan.parameters["EmailFrom"])[1]
    if not identity:
        yield warning("Cognito itself sends invitations and codes, at most 50 a day", "give EmailIdentity, and EmailFrom for a domain")
        return
    arn = ARN.fullmatch(identity)
    if not arn or arn["service"] != "ses" or not arn["name"].startswith("identity/"):
        yield stop(f"EmailIdentity is {identity}", "give the ARN of an identity, arn:aws:ses:REGION:ACCOUNT:identity/NAME")
        return
    name = arn["name"].removeprefix("identity/")
    if not is_sender(sender, name):
        yield stop(f"EmailFrom is not an address of {name}", "give one")
    yield from identity_of(plan.client("sesv2", arn["region"]), name)


def is_sender(sender, identity):
    """Whether Cognito may send from the address. If the identity is an address itself, none is needed."""
    domain = sender.rpartition("@")[2]
    return sender in ("", identity) if "@" in identity else domain == identity or domain.endswith(f".{identity}")


def identity_of(ses, name):
    account = ses.get_account()
    is_ready = is_verified(ses, name)
    if not is_ready:
        yield stop(f"SES has not verified {name}", "create the identity, and publish its DNS records or confirm its message")
    if not account["SendingEnabled"]:
        yield warning("SES has paused the account", "the SES console has the reason")
    if not account["ProductionAccessEnabled"]:
        yield warning("SES is in the sandbox, and sends to verified addresses only", "request production access in the SES console")
    if is_ready and account["SendingEnabled"] and account["ProductionAccessEnabled"]:
        yield ok(f"SES sends for {name}")


def is_verified(ses, name):
    try:
        return ses.get_email_identity(EmailIdentity=name)["VerifiedForSendingStatus"]
    except ses.exceptions.NotFoundException:
        return False


def portal(plan):
    origin = plan.parameters["PortalOrigin"]
    parts = urlsplit(origin)
    if not parts.hostname or origin != f"{parts.scheme}://{parts.netloc}":
        yield stop(f"PortalOrigin is {origin}", "write https:// and the name, without a slash at the end")
    elif parts.hostname == "localhost":
        yield warning(f"people can sign in at {origin} only", "deploy again with PortalOrigin= and the output PortalUrl")
    elif parts.scheme != "https":
        yield stop(f"PortalOrigin is {origin}, and Cognito returns to HTTPS only", "write https://")
    elif not plan.parameters["PortalCertificate"] and not parts.hostname.endswith(".cloudfront.net"):
        yield warning(f"CloudFront does not serve {parts.hostname}", "give PortalCertificate")
    else:
        yield ok(f"people sign in at {origin}")


def certificate(plan):
    arn = plan.parameters["PortalCertificate"]
    if not arn:
        return
    parts = ARN.fullmatch(arn)
    if not parts or (parts["service"], parts["region"]) != ("acm", CLOUDFRONT):
        yield stop(f"PortalCertificate is {arn}", f"CloudFront needs a certificate in {CLOUDFRONT}: request one there")
        return
    yield from certificate_of(plan.client("acm", CLOUDFRONT), arn, urlsplit(plan.parameters["PortalOrigin"]).hostname or "")


def certificate_of(acm, arn, host):
    try:
        found = acm.describe_certificate(CertificateArn=arn)["Certificate"]
    except acm.exceptions.ResourceNotFoundException:
        yield stop(f"there is no certificate {arn}", "request it, or correct PortalCertificate")
        return
    names = found["SubjectAlternativeNames"]
    is_issued, is_named = found["Status"] == "ISSUED", host in names or f"*.{host.partition('.')[2]}" in names
    if not is_issued:
        yield stop(f"the certificate is {found['Status']}", "publish the DNS records that ACM shows, and wait until it is issued")
    if not is_named:
        yield stop(f"the certificate is for {', '.join(names)}, and PortalOrigin for {host}", "request one for that name")
    if is_issued and is_named:
        yield ok(f"it is issued for {host}")


def alarms(plan):
    topic = plan.parameters["AlarmTopic"]
    arn = ARN.fullmatch(topic)
    if not topic:
        yield warning("nobody is notified of alarms", "give AlarmTopic")
    elif not arn or (arn["service"], arn["region"]) != ("sns", plan.region):
        yield stop(f"AlarmTopic is {topic}", f"give the ARN of an SNS topic in {plan.region}")
    else:
        yield topic_of(plan.client("sns"), topic)


def topic_of(sns, topic):
    try:
        attributes = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    except sns.exceptions.NotFoundException:
        return stop(f"there is no topic {topic}", "create it, or correct AlarmTopic")
    if attributes.get("KmsMasterKeyId") == "alias/aws/sns":
        return warning("CloudWatch may not use the key of the topic", "encrypt it with a key that permits cloudwatch.amazonaws.com")
    if attributes["SubscriptionsConfirmed"] == "0":
        text = f"the topic has no subscription, and {attributes['SubscriptionsPending']} to be confirmed"
        return warning(text, "run aws sns subscribe, and confirm the message")
    return ok(f"the topic has {attributes['SubscriptionsConfirmed']} subscriptions")


CHECKS = [("e-mail", email), ("portal", portal), ("certificate", certificate), ("alarms", alarms)]
