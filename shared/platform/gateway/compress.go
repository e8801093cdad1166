package gateway

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"statgate/shared/api"
)

// compress returns the body in the encoding that the client accepts, and sets the headers
// of that encoding. Like API Gateway, it compresses from [api.MinCompressionBytes].
// Bodies that caches may store are compressed once.
func (g *Gateway) compress(x *exchange, body []byte) []byte {
	h := x.w.Header()
	if len(body) < api.MinCompressionBytes || x.r.Method == http.MethodHead || !accepts(x.r.Header, "gzip") {
		return body
	}
	h.Set("Content-Encoding", "gzip")
	if !strings.HasPrefix(h.Get("Cache-Control"), "public") {
		w := fast.Get().(*gzip.Writer)
		defer fast.Put(w)
		return zip(w, body)
	}
	sum := sha256.Sum256(body)
	if kept, ok := g.gzipped.Get(sum); ok {
		return kept
	}
	small := zip(newZipper(gzip.BestCompression), body)
	g.gzipped.Add(sum, small)
	return small
}

// fast has writers for bodies that are not kept. A new writer allocates over a
// megabyte, so answers share them.
var fast = sync.Pool{New: func() any { return newZipper(gzip.BestSpeed) }}

func newZipper(level int) *gzip.Writer {
	w, err := gzip.NewWriterLevel(nil, level)
	if err != nil {
		panic(err) // the levels are constants
	}
	return w
}

func zip(w *gzip.Writer, body []byte) []byte {
	var b bytes.Buffer
	w.Reset(&b)
	_, _ = w.Write(body) // writing to a buffer cannot fail
	_ = w.Close()
	return b.Bytes()
}

// accepts reports whether Accept-Encoding allows an encoding: by name or by "*", and not
// with a weight of 0. API Gateway does not compress if it does not support the encoding
// with the highest weight, so no other encoding may have a higher one.
func accepts(h http.Header, encoding string) bool {
	weight, highest, named := 0.0, 0.0, false
	for _, one := range strings.Split(strings.Join(h.Values("Accept-Encoding"), ","), ",") {
		name, parameters, _ := strings.Cut(one, ";")
		name = strings.ToLower(strings.TrimSpace(name))
		given := 1.0
		if _, q, ok := strings.Cut(parameters, "="); ok {
			given, _ = strconv.ParseFloat(strings.TrimSpace(q), 64)
		}
		switch {
		case name == encoding:
			weight, named = given, true
		case name == "*" && !named:
			weight = given
		case name != "*":
			highest = max(highest, given)
		}
	}
	return weight > 0 && weight >= highest
}
