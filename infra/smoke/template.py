"""The stack's template, with its references resolved to the values of the stack."""

import yaml

FUNCTIONS = ("Ref", "Fn::GetAtt", "Fn::Sub", "Fn::If", "Fn::Join", "Fn::Select", "Fn::Split", "Fn::Equals", "Fn::Not")
NO_VALUE = object()
ARNS = {
    "AWS::SQS::Queue": "arn:{partition}:sqs:{region}:{account}:{name}",
    "AWS::Serverless::Function": "arn:{partition}:lambda:{region}:{account}:function:{name}",
    "AWS::S3::Bucket": "arn:{partition}:s3:::{name}",
    "AWS::DynamoDB::Table": "arn:{partition}:dynamodb:{region}:{account}:table/{name}",
    "AWS::Logs::LogGroup": "arn:{partition}:logs:{region}:{account}:log-group:{name}:*",
    "AWS::IAM::Role": "arn:{partition}:iam::{account}:role/{name}",
}


class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """Reads CloudFormation's tags in their long form, as in {"Fn::Sub": …}."""


def long_form(loader, tag, node):
    read = {yaml.ScalarNode: loader.construct_scalar, yaml.SequenceNode: lambda n: loader.construct_sequence(n, deep=True)}
    value = read.get(type(node), lambda n: loader.construct_mapping(n, deep=True))(node)
    if tag == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {tag if tag in ("Ref", "Condition") else f"Fn::{tag}": value}


Loader.add_multi_constructor("!", long_form)


def parsed(text):
    return yaml.load(text, Loader)  # noqa: S506 - a SafeLoader


class Template:
    """`place` has the stack's partition, region, account and name; `names` the physical ids by logical ids."""

    def __init__(self, text, parameters, names, place):
        self.text = text
        read = parsed(text)
        self.conditions, self.resources = read.get("Conditions", {}), read["Resources"]
        self.defaults = read.get("Globals", {}).get("Function", {})
        self.parameters, self.names, self.place = parameters, names, place

    def of_type(self, kind):
        """The logical ids of the type whose condition is true."""
        return [
            name
            for name, resource in self.resources.items()
            if resource["Type"] == kind and ("Condition" not in resource or self.holds(resource["Condition"]))
        ]

    def get(self, name, member, default=None):
        """One property of a resource, resolved. Functions have the template's defaults."""
        resource = self.resources[name]
        properties = resource.get("Properties", {})
        if member not in properties and resource["Type"] == "AWS::Serverless::Function":
            properties = self.defaults
        value = self.resolve(properties.get(member, default))
        return default if value is NO_VALUE else value

    def holds(self, condition):
        return self.resolve(self.conditions[condition])

    def resolve(self, value):
        if isinstance(value, list):
            return [resolved for inner in value if (resolved := self.resolve(inner)) is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1 and (function := next(iter(value))) in FUNCTIONS:
            return self.call(function, value[function])
        resolved = {name: self.resolve(inner) for name, inner in value.items()}
        return {name: inner for name, inner in resolved.items() if inner is not NO_VALUE}

    def call(self, function, value):
        if function == "Fn::If":
            condition, then, otherwise = value
            return self.resolve(then if self.holds(condition) else otherwise)
        if function == "Fn::GetAtt":
            return self.attribute(*value)
        if function == "Fn::Sub":
            return self.substitute(value)
        value = self.resolve(value)
        match function:
            case "Ref":
                return self.reference(value)
            case "Fn::Equals":
                return same_text(*value)
            case "Fn::Not":
                return not value[0]
            case "Fn::Join":
                return value[0].join(value[1])
            case "Fn::Select":
                return value[1][int(value[0])]
        return value[1].split(value[0])

    def reference(self, name):
        pseudo = {
            "AWS::StackName": self.place["stack"],
            "AWS::AccountId": self.place["account"],
            "AWS::Region": self.place["region"],
            "AWS::Partition": self.place["partition"],
            "AWS::URLSuffix": "amazonaws.com.cn" if self.place["partition"] == "aws-cn" else "amazonaws.com",
            "AWS::NoValue": NO_VALUE,
        }
        for known in (pseudo, self.parameters, self.names):
            if name in known:
                return known[name]
        raise KeyError(f"the stack has no {name}")

    def substitute(self, value):
        text, given = value if isinstance(value, list) else (value, {})
        parts = text.split("${")
        written = parts[0]
        for part in parts[1:]:
            name, _, rest = part.partition("}")
            if name in given:
                found = self.resolve(given[name])
            else:
                found = self.attribute(*name.split(".", 1)) if "." in name else self.reference(name)
            written += f"{found}{rest}"
        return written

    def attribute(self, name, attribute):
        kind, physical = self.resources[name]["Type"], self.names[name]
        if kind == "AWS::SQS::Queue":
            physical = physical.rsplit("/", 1)[-1]
        if attribute == "QueueName":
            return physical
        if attribute == "Arn" and kind in ARNS:
            return ARNS[kind].format(**self.place, name=physical)
        return f"{name}.{attribute}"  # known to the service alone


def same_text(one, other):
    return str(one) == str(other)
