package stack

import (
	"cmp"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"

	"statgate/shared/api"
	"statgate/shared/contract"
)

const jsonType = "application/json"

// The default throttle bounds what a flood of requests to one method costs, as API Gateway
// does not charge for a request that it throttles. It applies the throttle of a stage to each
// method separately, so only the limit of the account bounds a flood over many methods. The
// largest plan of a preset allows 28 requests per second on average.
const (
	DefaultRate  = 500  // requests per second
	DefaultBurst = 1000 // requests at once
)

// newREST creates the REST API and its gateway responses. The API has no binary media
// types, as mocks would then receive bodies that their templates cannot match.
func (d *deployment) newREST() awsapigateway.RestApi {
	stage := &awsapigateway.StageOptions{
		StageName: jsii.String(d.props.Environment),
		// Segments of a traced stage have the URL with its query, which may contain a key.
		TracingEnabled:       jsii.Bool(!slices.Contains(d.props.Contract.HTTPTransports(), contract.Query)),
		ThrottlingRateLimit:  jsii.Number(cmp.Or(d.props.Rate, DefaultRate)),
		ThrottlingBurstLimit: jsii.Number(cmp.Or(d.props.Burst, DefaultBurst)),
	}
	props := &awsapigateway.RestApiProps{
		RestApiName:    d.stack.StackName(),
		Description:    jsii.Sprintf("%s (%s)", d.props.Contract.Title, d.props.Environment),
		EndpointTypes:  &[]awsapigateway.EndpointType{awsapigateway.EndpointType_REGIONAL},
		CloudWatchRole: jsii.Bool(false), // it is a setting of the whole account
		DeployOptions:  stage,
		// The OpenAPI document has several hundred kilobytes.
		MinCompressionSize: awscdk.Size_Bytes(jsii.Number(api.MinCompressionBytes)),
	}
	d.addAccessLogs(props)
	rest := awsapigateway.NewRestApi(d.stack, jsii.String("Api"), props)
	rest.Node().TryRemoveChild(jsii.String("Endpoint")) // outputs.go adds the URL with the contract's base path
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

// addMethods adds a method for each route, and mocks for all other paths and methods.
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
		for _, method := range r.Methods() {
			if method != r.Method { // a name must be unique in the API
				options = &awsapigateway.MethodOptions{AuthorizationType: options.AuthorizationType, Authorizer: options.Authorizer}
			}
			resource(rest, r.Path).AddMethod(jsii.String(method), integrations[r.Function], options)
		}
	}
	mocks := api.Mocks(d.props.Contract, d.stagePath(rest))
	for _, m := range append(mocks, intermediates(mocks)...) {
		addMock(resource(rest, m.Path), m)
	}
}

// integrations creates the proxy integration of each function. Each has one permission for
// the whole API, as one per method would double the number of resources.
func (d *deployment) integrations(rest awsapigateway.RestApi, functions map[string]awslambda.Function) map[string]awsapigateway.Integration {
	all := map[string]awsapigateway.Integration{}
	for _, name := range sorted(functions) {
		if name == Authorizer {
			continue
		}
		all[name] = awsapigateway.NewLambdaIntegration(functions[name], &awsapigateway.LambdaIntegrationOptions{
			ScopePermissionToMethod: jsii.Bool(false),
		})
	}
	return all
}

// intermediates returns mocks for paths that have no methods of their own, such as "/v1".
// API Gateway creates a resource for each of them, so that the root's {proxy+} does not
// match them.
func intermediates(mocks []api.Mock) []api.Mock {
	known := map[string]bool{}
	var fallbacks []api.Mock
	for _, m := range mocks {
		known[m.Path] = true
		if m.Path == "/{proxy+}" {
			fallbacks = append(fallbacks, m)
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
			for _, m := range fallbacks {
				m.Path = at
				more = append(more, m)
			}
		}
	}
	return more
}

// addMock adds a method that API Gateway answers itself, without an authorizer. A body that
// is not JSON matches no template and is refused with 415 in the contract's error shape.
// Passing it through would make the mock fail with a 500.
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

// headers maps header names to API Gateway's expressions: a static value is in single
// quotes, a context variable is not.
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

// quoteVariables escapes every dollar sign of a JSON template that does not begin a context
// variable, so that API Gateway does not interpret a contract's message.
func quoteVariables(template string) string {
	return dollar.ReplaceAllStringFunc(template, func(at string) string {
		if at == "$" {
			return `\u0024`
		}
		return at
	})
}

// quoteVelocity also escapes the #, which begins a directive in the templates of mocks.
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
