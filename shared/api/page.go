package api

// PagePolicy is the Content-Security-Policy of the pages. They contain no inline script or
// style, load nothing from other sites, and give no text to the HTML parser.
const PagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// HTML returns a page in HTML with [PagePolicy].
func HTML(html []byte) Raw {
	return Raw{ContentType: "text/html; charset=utf-8", Body: html, Header: map[string]string{"Content-Security-Policy": PagePolicy}}
}
