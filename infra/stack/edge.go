package stack

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfrontorigins"
	"github.com/aws/aws-cdk-go/awscdk/v2/awswafv2"
	"github.com/aws/jsii-runtime-go"

	"statgate/shared/api"
	"statgate/shared/platform/edge"
)

// Edge configures what is in front of the API.
type Edge struct {
	Deployed    bool   // whether there is a CloudFront distribution with the edge function
	WAF         bool   // whether it has web rules, which can only be created in us-east-1
	Domain      string // such as "api.example.com": of the edge, or of the API without an edge
	Certificate string // ARN of the domain's certificate
}

// identitySources returns the headers by which API Gateway caches policies.
func (d *deployment) identitySources() *[]*string {
	source := edge.IdentityOf(d.props.Contract, d.props.Edge.Deployed).Header
	if source == "" {
		return &[]*string{}
	}
	return &[]*string{awsapigateway.IdentitySource_Header(jsii.String(source))}
}

// authorizerTTLSeconds returns for how long API Gateway may reuse a policy.
func (d *deployment) authorizerTTLSeconds() int {
	ttl := int(edge.IdentityOf(d.props.Contract, d.props.Edge.Deployed).TTL.Seconds())
	if limit := d.props.PolicyTTL; limit > 0 {
		return min(ttl, limit)
	}
	return ttl
}

// newEdge creates the distribution or the custom domain, if any. It returns the public
// address of the API.
func (d *deployment) newEdge(rest awsapigateway.RestApi) string {
	host := *rest.RestApiId() + ".execute-api." + *d.stack.Region() + "." + *d.stack.UrlSuffix()
	switch {
	case d.props.Edge.Deployed:
		distribution := d.newDistribution(rest, host)
		d.output("DistributionId", "ID of the CloudFront distribution in front of the API", *distribution.DistributionId())
		// The DNS record of a custom domain must point there.
		d.output("EdgeDomainName", "Domain name of the CloudFront distribution", *distribution.DistributionDomainName())
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
		d.output("RegionalDomainName", "Target of the DNS record of the custom domain", *name.DomainNameAliasDomainName())
		return "https://" + d.props.Edge.Domain
	}
	return "https://" + host + "/" + d.props.Environment
}

// stagePath returns the path of the stage in the API's public address, for Location and for
// the server of the OpenAPI document. An edge and a custom domain hide the stage. Emulators
// serve all APIs at one address, also those behind an edge.
func (d *deployment) stagePath(rest awsapigateway.RestApi) string {
	switch {
	case d.props.Endpoint != "":
		return "/restapis/" + *rest.RestApiId() + "/" + d.props.Environment + "/_user_request_"
	case d.props.Edge.Deployed || d.props.Edge.Domain != "":
		return ""
	}
	return "/" + d.props.Environment
}

func (d *deployment) certificate() awscertificatemanager.ICertificate {
	return awscertificatemanager.Certificate_FromCertificateArn(d.stack, jsii.String("Certificate"), jsii.String(d.props.Edge.Certificate))
}

// newDistribution creates a distribution that forwards everything and caches nothing but the
// documents, the pages and their files, as each key sees its own data. It has no access logs. CloudFront's standard logs always
// contain the query string, in which a client may have sent its key, and the newer ones
// need an API in us-east-1. The functions log each request that reaches them, and
// CloudFront's metrics count what the edge refuses.
func (d *deployment) newDistribution(rest awsapigateway.RestApi, host string) awscloudfront.Distribution {
	origin := awscloudfrontorigins.NewHttpOrigin(jsii.String(host), &awscloudfrontorigins.HttpOriginProps{
		OriginPath:         jsii.String("/" + *rest.DeploymentStage().StageName()),
		ProtocolPolicy:     awscloudfront.OriginProtocolPolicy_HTTPS_ONLY,
		OriginSslProtocols: &[]awscloudfront.OriginSslPolicy{awscloudfront.OriginSslPolicy_TLS_V1_2},
	})
	behaviours := d.newBehaviours()
	other := behaviours[edge.Other]
	props := &awscloudfront.DistributionProps{
		Comment:        jsii.Sprintf("%s: %s (%s)", *d.stack.StackName(), d.props.Contract.Title, d.props.Environment),
		ErrorResponses: uncachedErrors(),
		HttpVersion:    awscloudfront.HttpVersion_HTTP2_AND_3,
		DefaultBehavior: &awscloudfront.BehaviorOptions{
			Origin: origin, AllowedMethods: other.AllowedMethods, ViewerProtocolPolicy: other.ViewerProtocolPolicy,
			CachePolicy: other.CachePolicy, OriginRequestPolicy: other.OriginRequestPolicy, Compress: other.Compress,
			ResponseHeadersPolicy: other.ResponseHeadersPolicy, FunctionAssociations: other.FunctionAssociations,
		},
	}
	if d.props.Edge.Domain != "" {
		props.DomainNames = jsii.Strings(d.props.Edge.Domain)
		props.Certificate = d.certificate()
		props.MinimumProtocolVersion = awscloudfront.SecurityPolicyProtocol_TLS_V1_2_2021
	}
	if d.props.Edge.WAF {
		props.WebAclId = d.newWebRules().AttrArn()
	}
	distribution := awscloudfront.NewDistribution(d.stack, jsii.String("Edge"), props)
	for _, b := range edge.Behaviours(d.props.Contract) { // the first pattern that matches applies
		distribution.AddBehavior(jsii.String(b.Pattern), origin, behaviours[b.Kind])
	}
	return distribution
}

// newBehaviours returns what the edge does with each kind of path. All have the same function:
// it also removes keys that clients send to paths that need none.
func (d *deployment) newBehaviours() map[edge.Kind]*awscloudfront.AddBehaviorOptions {
	common := awscloudfront.AddBehaviorOptions{
		AllowedMethods: awscloudfront.AllowedMethods_ALLOW_ALL(),
		// With a redirect to HTTPS, the key would already have been sent in clear text.
		ViewerProtocolPolicy:  awscloudfront.ViewerProtocolPolicy_HTTPS_ONLY,
		ResponseHeadersPolicy: d.newAnswerHeaders(),
		FunctionAssociations: &[]*awscloudfront.FunctionAssociation{{
			EventType: awscloudfront.FunctionEventType_VIEWER_REQUEST, Function: d.newEdgeFunction(),
		}},
		Compress: jsii.Bool(true),
	}
	documents, assets, other := common, common, common
	documents.CachePolicy = d.newCache("documents", "The documents and pages, for as long as their Cache-Control says", api.CacheSeconds)
	assets.CachePolicy = d.newCache("assets", "The files of the pages, whose names have a hash", api.ImmutableSeconds)
	other.CachePolicy = awscloudfront.CachePolicy_CACHING_DISABLED()
	other.Compress = jsii.Bool(false) // CloudFront only compresses what it caches
	sessions := other
	other.OriginRequestPolicy = d.newForwarding()
	// API Gateway requires its own host name in Host.
	sessions.OriginRequestPolicy = awscloudfront.OriginRequestPolicy_ALL_VIEWER_EXCEPT_HOST_HEADER()
	return map[edge.Kind]*awscloudfront.AddBehaviorOptions{
		edge.Other: &other, edge.Documents: &documents, edge.Assets: &assets, edge.Sessions: &sessions,
	}
}

// newCache creates the policy of a cache. Headers, cookies and the query are neither in the
// cache key nor sent to the API; the encoding is in both.
func (d *deployment) newCache(name, comment string, maxSeconds float64) awscloudfront.CachePolicy {
	seconds := func(n float64) awscdk.Duration { return awscdk.Duration_Seconds(jsii.Number(n)) }
	return awscloudfront.NewCachePolicy(d.stack, jsii.String(title(strings.TrimSuffix(name, "s"))+"Cache"), &awscloudfront.CachePolicyProps{
		CachePolicyName: jsii.String(*d.named(name) + "-" + *d.stack.Region()),
		Comment:         jsii.String(comment),
		MinTtl:          seconds(0), DefaultTtl: seconds(0), MaxTtl: seconds(maxSeconds),
		EnableAcceptEncodingGzip: jsii.Bool(true), EnableAcceptEncodingBrotli: jsii.Bool(true),
	})
}

// newForwarding creates the policy of what the API gets of most requests: everything but
// cookies, which only the console's sessions need, and Host, which must be API Gateway's own.
func (d *deployment) newForwarding() awscloudfront.OriginRequestPolicy {
	return awscloudfront.NewOriginRequestPolicy(d.stack, jsii.String("Forwarding"), &awscloudfront.OriginRequestPolicyProps{
		OriginRequestPolicyName: jsii.String(*d.named("forwarding") + "-" + *d.stack.Region()),
		Comment:                 jsii.String("Everything but Host and cookies"),
		HeaderBehavior:          awscloudfront.OriginRequestHeaderBehavior_DenyList(jsii.String("Host")),
		CookieBehavior:          awscloudfront.OriginRequestCookieBehavior_None(),
		QueryStringBehavior:     awscloudfront.OriginRequestQueryStringBehavior_All(),
	})
}

// newAnswerHeaders creates the policy of the headers of all answers, also of those that the
// edge gives itself. It restores WWW-Authenticate, which API Gateway renames in the answers of
// functions. A viewer-response function cannot do it, as CloudFront calls none for statuses of
// 400 and above. The policy applies to every status; RFC 9110, 11.6.1, allows the header in each.
func (d *deployment) newAnswerHeaders() awscloudfront.ResponseHeadersPolicy {
	return awscloudfront.NewResponseHeadersPolicy(d.stack, jsii.String("Challenge"), &awscloudfront.ResponseHeadersPolicyProps{
		ResponseHeadersPolicyName: jsii.String(*d.named("challenge") + "-" + *d.stack.Region()),
		Comment:                   jsii.String("Restores WWW-Authenticate, which API Gateway renames, and adds nosniff and HSTS"),
		CustomHeadersBehavior: &awscloudfront.ResponseCustomHeadersBehavior{CustomHeaders: &[]*awscloudfront.ResponseCustomHeader{{
			Header: jsii.String("WWW-Authenticate"), Value: jsii.String(api.Challenge), Override: jsii.Bool(true),
		}}},
		SecurityHeadersBehavior: &awscloudfront.ResponseSecurityHeadersBehavior{
			ContentTypeOptions: &awscloudfront.ResponseHeadersContentTypeOptions{Override: jsii.Bool(true)},
			// For this host alone: others of the domain may not have TLS.
			StrictTransportSecurity: &awscloudfront.ResponseHeadersStrictTransportSecurity{
				AccessControlMaxAge: awscdk.Duration_Days(jsii.Number(365)), Override: jsii.Bool(true),
			},
		},
		RemoveHeaders: jsii.Strings(edge.RenamedChallenge),
	})
}

// cacheableErrors are the error statuses that CloudFront caches.
var cacheableErrors = []float64{400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504}

// uncachedErrors sets the cache time of every error status to 0. CloudFront otherwise caches
// an error for 10 s by path alone, even where the cache policy disables caching. One caller's
// error would then be the answer to all callers of the path.
func uncachedErrors() *[]*awscloudfront.ErrorResponse {
	var responses []*awscloudfront.ErrorResponse
	for _, status := range cacheableErrors {
		responses = append(responses, &awscloudfront.ErrorResponse{
			HttpStatus: jsii.Number(status), Ttl: awscdk.Duration_Seconds(jsii.Number(0)),
		})
	}
	return &responses
}

// newEdgeFunction creates the edge function. Its name includes the region, as CloudFront
// functions are shared by all regions of an account and stacks in two regions may have the
// same name.
func (d *deployment) newEdgeFunction() awscloudfront.Function {
	code, err := edge.Function(d.props.Contract)
	if err != nil {
		panic(err) // tests check that the function of every preset fits
	}
	return awscloudfront.NewFunction(d.stack, jsii.String("EdgeFunction"), &awscloudfront.FunctionProps{
		FunctionName: jsii.String(*d.named("edge") + "-" + *d.stack.Region()),
		Comment:      jsii.String("Moves the API key from any transport into the Authorization header"),
		Code:         awscloudfront.FunctionCode_FromInline(jsii.String(code)),
		Runtime:      awscloudfront.FunctionRuntime_JS_2_0(),
	})
}

// addressLimit is how many requests one IP address may send in five minutes, which is 100
// per second. The largest plan of the statgate contract allows 28 per second on average,
// and several keys may share an address.
const addressLimit = 30_000

// newWebRules creates the web rules: AWS's core rules, known bad inputs, and a rate limit
// per address. They store no samples of requests, as these would contain keys.
func (d *deployment) newWebRules() awswafv2.CfnWebACL {
	// The core rules refuse bodies over 8 KB, but the API accepts 256 KB. They also
	// refuse clients without a User-Agent header, which many programs lack.
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

// managedRules returns a rule that applies a managed rule group of AWS. The counted rules
// of the group only count requests.
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

// addressRule returns the rule that limits the rate per address.
func (d *deployment) addressRule(priority int, tooMany api.Answer) *awswafv2.CfnWebACL_RuleProperty {
	tooMany.Header["Retry-After"] = "60"
	var headers []any
	for _, name := range sorted(tooMany.Header) {
		if name != "Content-Type" && tooMany.Header[name] != "" { // the body has its own content type, and there is no request id
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
