package api

import (
	_ "embed" // stale.js
	"path"
	"regexp"
)

// assetTypes are the media types of the files of pages, by extension. The table of package mime
// depends on the machine.
var assetTypes = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
}

// A file name with a hash of the content, such as app.4FJ2Q7XN.js.
var hashedName = regexp.MustCompile(`^([a-z]+)\.[0-9A-Za-z]{6,64}(\.[a-z]+)$`)

//go:embed stale.js
var stale []byte

// Asset returns the file of a page with a name, or false if the page has no such file.
//
// Caches may store a page longer than its deployment exists. The page then names files that the
// next deployment does not have. For such a style sheet the answer is the present one; for
// such a script it is one that loads the page again. No cache stores these answers.
func Asset(files map[string][]byte, name string) (Raw, bool) {
	if body, ok := files[name]; ok {
		return Raw{ContentType: assetTypes[path.Ext(name)], Body: body}, true
	}
	body := another(files, name)
	if body == nil {
		return Raw{}, false
	}
	return Raw{ContentType: assetTypes[path.Ext(name)], Body: body, Header: map[string]string{"Cache-Control": "no-store"}}, true
}

// another returns what replaces a file of another deployment, or nil.
func another(files map[string][]byte, name string) []byte {
	asked := hashedName.FindStringSubmatch(name)
	if asked == nil {
		return nil
	}
	for present, body := range files {
		if has := hashedName.FindStringSubmatch(present); has == nil || has[1] != asked[1] || has[2] != asked[2] {
			continue
		}
		switch asked[2] {
		case ".css":
			return body
		case ".js":
			return stale
		}
	}
	return nil
}
