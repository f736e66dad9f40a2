"""The HTTP API's settings, compared with the template."""

from .report import Failed, agree, none_of, ordered


class HttpApi:
    def __init__(self, stack, report):
        self.stack, self.report, self.template = stack, report, stack.template
        self.client, self.id = stack.client("apigatewayv2"), stack.outputs["ApiId"]

    def checks(self):
        check, routes = self.report.check, self.template.of_type("AWS::ApiGatewayV2::Route")
        check(
            f"{len(routes)} routes exist, each with the authorizer",
            "remove a route that the template does not have; a route without the authorizer is open to everyone",
            lambda: self.routes(routes),
        )
        check(
            "the API's CORS configuration is that of the template",
            "aws apigatewayv2 update-api --cors-configuration …, with the values of the template and PortalOrigin",
            self.cors,
        )
        check(
            "the API is throttled as the parameters say",
            f"aws apigatewayv2 update-stage --api-id {self.id} --stage-name '$default' --default-route-settings …",
            self.throttle,
            only_on_aws=True,
        )
        check("the API writes its access log", "compare ApiStage of the template with the stage", self.access_log)

    def routes(self, names):
        pages = self.client.get_paginator("get_routes").paginate(ApiId=self.id)
        found = {route["RouteKey"]: route for page in pages for route in page["Items"]}
        wanted = {self.template.get(name, "RouteKey") for name in names}
        wrong = [f"{key} is missing" for key in wanted - found.keys()] + [f"{key} is not in the template" for key in found.keys() - wanted]
        wrong += [f"{key} has no authorizer" for key, route in found.items() if route.get("AuthorizationType") != "CUSTOM"]
        none_of(sorted(wrong))

    def cors(self):
        wanted, found = self.template.get("Api", "CorsConfiguration"), self.client.get_api(ApiId=self.id).get("CorsConfiguration", {})
        if self.stack.local and set(wanted["AllowOrigins"]) <= set(found.get("AllowOrigins", [])):
            wanted.pop("AllowOrigins")  # the local cloud also permits the portal's development server
        agree({name: ordered(value) for name, value in wanted.items()}, {name: ordered(value) for name, value in found.items()})

    def throttle(self):
        agree(self.template.get("ApiStage", "DefaultRouteSettings"), self.stage()["DefaultRouteSettings"])

    def access_log(self):
        wanted = self.stack.physical("ApiLog")
        if wanted not in self.stage().get("AccessLogSettings", {}).get("DestinationArn", ""):
            raise Failed(f"it does not write to {wanted}")

    def stage(self):
        return self.client.get_stage(ApiId=self.id, StageName="$default")
