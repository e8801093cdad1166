package stack

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfrontorigins"
	"github.com/aws/aws-cdk-go/awscdk/v2/awswafv2"
	"github.com/aws/jsii-runtime-go"

	"statgate/shared/api"
	"statgate/shared/platform/edge"
)

// Edge says what stands before the API.
type Edge struct {
	Deployed    bool   // a CloudFront distribution with the edge function
	WAF         bool   // web rules on it; such rules live in us-east-1 alone
	Domain      string // "api.example.com": of the edge, or of the API where there is none
	Certificate string // the ARN of the domain's certificate
}

// identitySources and ttl are how API Gateway asks the authorizer.
func (d *deployment) identitySources() *[]*string {
	source := edge.IdentityOf(d.props.Contract, d.props.Edge.Deployed).Header
	if source == "" {
		return &[]*string{}
	}
	return &[]*string{awsapigateway.IdentitySource_Header(jsii.String(source))}
}

func (d *deployment) authorizerTTLSeconds() int {
	ttl := int(edge.IdentityOf(d.props.Contract, d.props.Edge.Deployed).TTL.Seconds())
	if most := d.props.PolicyTTL; most > 0 {
		return min(ttl, most)
	}
	return ttl
}

// newEdge puts what stands before the API there, and returns the API's address.
func (d *deployment) newEdge(rest awsapigateway.RestApi) string {
	host := *rest.RestApiId() + ".execute-api." + *d.stack.Region() + "." + *d.stack.UrlSuffix()
	switch {
	case d.props.Edge.Deployed:
		distribution := d.newDistribution(rest, host)
		d.output("DistributionId", "The CloudFront distribution before the API", *distribution.DistributionId())
		// Where a domain's name server must point.
		d.output("EdgeDomainName", "Its own domain name", *distribution.DistributionDomainName())
		if d.props.Edge.Domain == "" {
			return "https://" + *distribution.DistributionDomainName()
		}
		return "https://" + d.props.Edge.Domain
	case d.props.Edge.Domain != "":
		name := rest.AddDomainName(jsii.String("Domain"), &awsapigateway.DomainNameOptions{
			DomainName: jsii.String(d.props.Edge.Domain), Certificate: d.certificate(),
			EndpointType:   awsapigateway.EndpointType_REGIONAL,
			SecurityPolicy: awsapigateway.SecurityPolicy_TLS_1_2,
		})
		d.output("RegionalDomainName", "Where the domain's name server must point", *name.DomainNameAliasDomainName())
		return "https://" + d.props.Edge.Domain
	}
	return "https://" + host + "/" + d.props.Environment
}

func (d *deployment) certificate() awscertificatemanager.ICertificate {
	return awscertificatemanager.Certificate_FromCertificateArn(d.stack, jsii.String("Certificate"), jsii.String(d.props.Edge.Certificate))
}

// newDistribution passes everything on and caches nothing: what a key may see is
// its own. It keeps no logs: CloudFront's older ones always have the query string,
// in which a client may have sent its key, and the newer ones are made by an API
// of us-east-1 alone. The functions log each request that reaches them, and what
// the edge refuses is in CloudFront's metrics.
func (d *deployment) newDistribution(rest awsapigateway.RestApi, host string) awscloudfront.Distribution {
	props := &awscloudfront.DistributionProps{
		Comment: jsii.Sprintf("%s: %s (%s)", *d.stack.StackName(), d.props.Contract.Title, d.props.Environment),
		DefaultBehavior: &awscloudfront.BehaviorOptions{
			Origin: awscloudfrontorigins.NewHttpOrigin(jsii.String(host), &awscloudfrontorigins.HttpOriginProps{
				OriginPath:         jsii.String("/" + *rest.DeploymentStage().StageName()),
				ProtocolPolicy:     awscloudfront.OriginProtocolPolicy_HTTPS_ONLY,
				OriginSslProtocols: &[]awscloudfront.OriginSslPolicy{awscloudfront.OriginSslPolicy_TLS_V1_2},
			}),
			AllowedMethods: awscloudfront.AllowedMethods_ALLOW_ALL(),
			CachePolicy:    awscloudfront.CachePolicy_CACHING_DISABLED(),
			// The API knows itself by its own Host.
			OriginRequestPolicy: awscloudfront.OriginRequestPolicy_ALL_VIEWER_EXCEPT_HOST_HEADER(),
			// A redirect would come after a key was sent in clear text.
			ViewerProtocolPolicy: awscloudfront.ViewerProtocolPolicy_HTTPS_ONLY,
			Compress:             jsii.Bool(false), // CloudFront compresses what it caches
			FunctionAssociations: &[]*awscloudfront.FunctionAssociation{{
				EventType: awscloudfront.FunctionEventType_VIEWER_REQUEST, Function: d.newEdgeFunction(),
			}},
		},
		HttpVersion: awscloudfront.HttpVersion_HTTP2_AND_3,
	}
	if d.props.Edge.Domain != "" {
		props.DomainNames = jsii.Strings(d.props.Edge.Domain)
		props.Certificate = d.certificate()
		props.MinimumProtocolVersion = awscloudfront.SecurityPolicyProtocol_TLS_V1_2_2021
	}
	if d.props.Edge.WAF {
		props.WebAclId = d.newWebRules().AttrArn()
	}
	return awscloudfront.NewDistribution(d.stack, jsii.String("Edge"), props)
}

// newEdgeFunction names the function with its region: functions are an account's,
// in all regions, and two deployments may have the same name.
func (d *deployment) newEdgeFunction() awscloudfront.Function {
	code, err := edge.Function(d.props.Contract)
	if err != nil {
		panic(err) // a contract that preset.Load took makes a function that fits: tested
	}
	return awscloudfront.NewFunction(d.stack, jsii.String("EdgeFunction"), &awscloudfront.FunctionProps{
		FunctionName: jsii.String(*d.named("edge") + "-" + *d.stack.Region()),
		Comment:      jsii.String("Moves a key from any transport into Authorization"),
		Code:         awscloudfront.FunctionCode_FromInline(jsii.String(code)),
		Runtime:      awscloudfront.FunctionRuntime_JS_2_0(),
	})
}

// addressLimit is how many requests one address may send in five minutes: 100 a
// second, where statgate's largest plan spread over its hour has 28, and several
// keys may share an address.
const addressLimit = 30_000

// newWebRules are AWS's core rules and known bad inputs, and a rate per address.
// They keep no samples of requests, which would hold keys.
func (d *deployment) newWebRules() awswafv2.CfnWebACL {
	// The core rules refuse bodies over 8 KB, of which the API takes 256, and
	// clients without a User-Agent, which many programs are.
	allowed := []string{"SizeRestrictions_BODY", "NoUserAgent_HEADER"}
	tooMany := api.Encoder{Contract: d.props.Contract}.Error("", api.Fail(api.Unavailable, "too many requests from one address, please wait"))
	return awswafv2.NewCfnWebACL(d.stack, jsii.String("WebRules"), &awswafv2.CfnWebACLProps{
		Scope:            jsii.String("CLOUDFRONT"),
		DefaultAction:    &awswafv2.CfnWebACL_DefaultActionProperty{Allow: &awswafv2.CfnWebACL_AllowActionProperty{}},
		VisibilityConfig: d.visible("rules"),
		CustomResponseBodies: &map[string]any{"tooMany": map[string]any{
			"contentType": "APPLICATION_JSON", "content": string(tooMany.Body),
		}},
		Rules: &[]any{
			d.managedRules(0, "AWSManagedRulesCommonRuleSet", allowed),
			d.managedRules(1, "AWSManagedRulesKnownBadInputsRuleSet", nil),
			d.addressRule(2, tooMany),
		},
	})
}

func (d *deployment) managedRules(priority int, name string, counted []string) *awswafv2.CfnWebACL_RuleProperty {
	var overrides []any
	for _, rule := range counted {
		overrides = append(overrides, &awswafv2.CfnWebACL_RuleActionOverrideProperty{
			Name: jsii.String(rule), ActionToUse: &awswafv2.CfnWebACL_RuleActionProperty{Count: &awswafv2.CfnWebACL_CountActionProperty{}},
		})
	}
	group := &awswafv2.CfnWebACL_ManagedRuleGroupStatementProperty{VendorName: jsii.String("AWS"), Name: jsii.String(name)}
	if len(overrides) > 0 {
		group.RuleActionOverrides = overrides
	}
	return &awswafv2.CfnWebACL_RuleProperty{
		Name: jsii.String(name), Priority: jsii.Number(priority), VisibilityConfig: d.visible(name),
		OverrideAction: &awswafv2.CfnWebACL_OverrideActionProperty{None: map[string]any{}},
		Statement:      &awswafv2.CfnWebACL_StatementProperty{ManagedRuleGroupStatement: group},
	}
}

func (d *deployment) addressRule(priority int, tooMany api.Answer) *awswafv2.CfnWebACL_RuleProperty {
	tooMany.Header["Retry-After"] = "60"
	var headers []any
	for _, name := range sorted(tooMany.Header) {
		if name != "Content-Type" && tooMany.Header[name] != "" { // the body says its own; there is no request id here
			headers = append(headers, &awswafv2.CfnWebACL_CustomHTTPHeaderProperty{Name: jsii.String(name), Value: jsii.String(tooMany.Header[name])})
		}
	}
	return &awswafv2.CfnWebACL_RuleProperty{
		Name: jsii.String("RatePerAddress"), Priority: jsii.Number(priority), VisibilityConfig: d.visible("rate"),
		Action: &awswafv2.CfnWebACL_RuleActionProperty{Block: &awswafv2.CfnWebACL_BlockActionProperty{
			CustomResponse: &awswafv2.CfnWebACL_CustomResponseProperty{
				ResponseCode: jsii.Number(tooMany.Status), CustomResponseBodyKey: jsii.String("tooMany"), ResponseHeaders: headers,
			},
		}},
		Statement: &awswafv2.CfnWebACL_StatementProperty{RateBasedStatement: &awswafv2.CfnWebACL_RateBasedStatementProperty{
			AggregateKeyType: jsii.String("IP"), Limit: jsii.Number(addressLimit),
		}},
	}
}

func (d *deployment) visible(metric string) *awswafv2.CfnWebACL_VisibilityConfigProperty {
	return &awswafv2.CfnWebACL_VisibilityConfigProperty{
		CloudWatchMetricsEnabled: jsii.Bool(true), SampledRequestsEnabled: jsii.Bool(false), MetricName: d.named(metric),
	}
}
