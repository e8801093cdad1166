package stack

import (
	"regexp"
	"sort"
	"strconv"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"

	"statgate/shared/api"
)

const jsonType = "application/json"

// newREST makes the API and its own answers. It takes no binary media types: with
// them, mocks would get bodies that their templates cannot match.
func (d *deployment) newREST() awsapigateway.RestApi {
	stage := &awsapigateway.StageOptions{
		StageName:      jsii.String(d.props.Environment),
		TracingEnabled: jsii.Bool(true),
	}
	if d.props.Rate > 0 {
		stage.ThrottlingRateLimit = jsii.Number(d.props.Rate)
		stage.ThrottlingBurstLimit = jsii.Number(d.props.Burst)
	}
	props := &awsapigateway.RestApiProps{
		RestApiName:    d.stack.StackName(),
		Description:    jsii.Sprintf("%s (%s)", d.props.Contract.Title, d.props.Environment),
		EndpointTypes:  &[]awsapigateway.EndpointType{awsapigateway.EndpointType_REGIONAL},
		CloudWatchRole: jsii.Bool(false), // an account-wide setting that is not ours to change
		DeployOptions:  stage,
	}
	d.addAccessLogs(props)
	rest := awsapigateway.NewRestApi(d.stack, jsii.String("Api"), props)
	rest.Node().TryRemoveChild(jsii.String("Endpoint")) // outputs.go names the URL with the contract's base
	for _, r := range api.GatewayResponses(d.props.Contract) {
		addGatewayResponse(rest, r)
	}
	return rest
}

func addGatewayResponse(rest awsapigateway.RestApi, r api.GatewayResponse) {
	options := &awsapigateway.GatewayResponseOptions{
		Type:            awsapigateway.ResponseType_Of(jsii.String(r.Type)),
		ResponseHeaders: headers("", r.Headers),
		Templates:       &map[string]*string{jsonType: jsii.String(quoteVariables(r.Template))},
	}
	if r.Status != 0 {
		options.StatusCode = jsii.String(strconv.Itoa(r.Status))
	}
	rest.AddGatewayResponse(jsii.String("Answer"+camel(r.Type)), options)
}

// addMethods adds a method for each route and the mocks for everything else.
func (d *deployment) addMethods(rest awsapigateway.RestApi, functions map[string]awslambda.Function) {
	authorizer := awsapigateway.NewRequestAuthorizer(d.stack, jsii.String("Authorizer"), &awsapigateway.RequestAuthorizerProps{
		AuthorizerName:  d.named(Authorizer),
		Handler:         functions[Authorizer],
		IdentitySources: d.identitySources(),
		ResultsCacheTtl: awscdk.Duration_Seconds(jsii.Number(d.authorizerTTLSeconds())),
	})
	integrations := d.integrations(rest, functions)
	for _, r := range d.routes {
		options := &awsapigateway.MethodOptions{
			OperationName:     jsii.String(r.Operation),
			AuthorizationType: awsapigateway.AuthorizationType_NONE,
		}
		if !r.Open {
			options.Authorizer = authorizer
			options.AuthorizationType = awsapigateway.AuthorizationType_CUSTOM
		}
		resource(rest, r.Path).AddMethod(jsii.String(r.Method), integrations[r.Function], options)
	}
	mocks := api.Mocks(d.props.Contract)
	for _, m := range append(mocks, passages(mocks)...) {
		addMock(resource(rest, m.Path), m)
	}
}

// integrations makes the proxy integration of each function, with one permission
// for the whole API: one for each method would double the stack.
func (d *deployment) integrations(rest awsapigateway.RestApi, functions map[string]awslambda.Function) map[string]awsapigateway.Integration {
	made := map[string]awsapigateway.Integration{}
	for _, name := range sorted(functions) {
		if name == Authorizer {
			continue
		}
		made[name] = awsapigateway.NewLambdaIntegration(functions[name], &awsapigateway.LambdaIntegrationOptions{
			ScopePermissionToMethod: jsii.Bool(false),
		})
	}
	return made
}

// passages are the mocks of paths that only lead to others ("/v1"): API Gateway
// has a resource for them, so that the root's {proxy+} does not see them.
func passages(mocks []api.Mock) []api.Mock {
	known := map[string]bool{}
	var lost []api.Mock
	for _, m := range mocks {
		known[m.Path] = true
		if m.Path == "/{proxy+}" {
			lost = append(lost, m)
		}
	}
	var more []api.Mock
	for _, path := range sorted(known) {
		for at := path; strings.Count(at, "/") > 1; {
			at = at[:strings.LastIndexByte(at, '/')]
			if known[at] {
				continue
			}
			known[at] = true
			for _, m := range lost {
				m.Path = at
				more = append(more, m)
			}
		}
	}
	return more
}

// addMock adds a method without an authorizer that answers by itself. A body that
// is not JSON matches no template and is refused as an unsupported media type, in
// the error shape: passing it through would make the mock fail with a 500.
func addMock(at awsapigateway.IResource, m api.Mock) {
	status := jsii.String(strconv.Itoa(m.Status))
	response := &awsapigateway.IntegrationResponse{StatusCode: status, ResponseParameters: headers("method.response.header.", m.Headers)}
	if m.Template != "" {
		response.ResponseTemplates = &map[string]*string{jsonType: jsii.String(quoteVelocity(m.Template))}
	}
	declared := map[string]*bool{}
	for name := range m.Headers {
		declared["method.response.header."+name] = jsii.Bool(true)
	}
	at.AddMethod(jsii.String(m.Method), awsapigateway.NewMockIntegration(&awsapigateway.IntegrationOptions{
		PassthroughBehavior:  awsapigateway.PassthroughBehavior_NEVER,
		RequestTemplates:     &map[string]*string{jsonType: jsii.Sprintf(`{"statusCode":%d}`, m.Status)},
		IntegrationResponses: &[]*awsapigateway.IntegrationResponse{response},
	}), &awsapigateway.MethodOptions{
		AuthorizationType: awsapigateway.AuthorizationType_NONE,
		MethodResponses:   &[]*awsapigateway.MethodResponse{{StatusCode: status, ResponseParameters: &declared}},
	})
}

func resource(rest awsapigateway.RestApi, path string) awsapigateway.IResource {
	if path == "/" {
		return rest.Root()
	}
	return rest.Root().ResourceForPath(jsii.String(path))
}

// headers maps header names to API Gateway's expressions: a static value in
// single quotes, a context variable by its name.
func headers(prefix string, values map[string]string) *map[string]*string {
	mapped := map[string]*string{}
	for name, value := range values {
		expression := "'" + value + "'"
		if variable, ok := strings.CutPrefix(value, "$context."); ok {
			expression = "context." + variable
		}
		mapped[prefix+name] = jsii.String(expression)
	}
	return &mapped
}

var dollar = regexp.MustCompile(`\$(context\.)?`)

// quoteVariables hides every dollar sign of a JSON template that begins no context
// variable, so that a contract's message is never taken for one.
func quoteVariables(template string) string {
	return dollar.ReplaceAllStringFunc(template, func(at string) string {
		if at == "$" {
			return `\u0024`
		}
		return at
	})
}

// quoteVelocity also hides what begins a directive in the templates of mocks.
func quoteVelocity(template string) string {
	return strings.ReplaceAll(quoteVariables(template), "#", `\u0023`)
}

// camel turns "DEFAULT_4XX" into "Default4xx", and "changes-dead" into "ChangesDead".
func camel(kind string) string {
	var b strings.Builder
	for _, word := range strings.FieldsFunc(strings.ToLower(kind), func(r rune) bool { return r == '_' || r == '-' }) {
		b.WriteString(title(word))
	}
	return b.String()
}

func sorted[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
