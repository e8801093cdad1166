package console

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
)

// pictures is the folder of the pictures; "" takes none.
type pictures struct {
	mu     sync.Mutex
	folder string
	taken  []string
}

// newPictures returns the folder that STATGATE_PICTURES names, or a new one.
func newPictures() (*pictures, error) {
	folder := os.Getenv("STATGATE_PICTURES")
	if folder == "" {
		var err error
		if folder, err = os.MkdirTemp("", "console-pictures-"); err != nil {
			return nil, err
		}
	}
	folder, err := filepath.Abs(folder)
	if err != nil {
		return nil, err
	}
	return &pictures{folder: folder}, os.MkdirAll(folder, 0o755)
}

// widths are the windows of which pictures are taken, in pixels: of a desk and of a phone.
var widths = []struct{ width, height int }{{1280, 900}, {360, 740}}

// narrowest is the narrowest window in which nothing may be cut off.
const narrowest = 320

// breach is a rule of accessibility that a page breaks.
type breach struct {
	Rule, Help string
	Count      int
	Nodes      []string
}

// breaches returns the rules of accessibility that what a tab shows breaks, as axe finds them in
// the part that a CSS selector names; "" is all of it.
func (p *tab) breaches(part string) []breach {
	p.t.Helper()
	var got struct {
		Passes     int
		Violations []breach
	}
	c := command{"op": "axe"}
	if part != "" {
		c["part"] = part
	}
	p.must(c, &got)
	if got.Passes == 0 {
		p.t.Error("axe checked nothing")
	}
	return got.Violations
}

// look checks what a tab shows in both schemes with axe, and that it fits into the narrowest
// window. It takes pictures where the rig does.
func (r *rig) look(p *tab, name string) {
	p.t.Helper()
	r.lookAt(p, name, "")
}

// lookAt is look, but axe checks only the part that a CSS selector names: a large page takes it
// many seconds.
func (r *rig) lookAt(p *tab, name, part string) {
	p.t.Helper()
	for _, scheme := range []string{"light", "dark"} {
		p.scheme(scheme)
		for _, b := range p.breaches(part) {
			p.t.Errorf("%s, %s: %s: %s, %d times:\n  %s", name, scheme, b.Rule, b.Help, b.Count, strings.Join(b.Nodes, "\n  "))
		}
	}
	p.size(narrowest, widths[1].height)
	var wider int
	p.must(command{"op": "wide"}, &wider)
	if wider > 0 {
		p.t.Errorf("%s: is %d pixels wider than a window of %d", name, wider, narrowest)
	}
	if r.pictures != nil {
		r.shoot(p, name)
	}
	p.scheme("light")
	p.size(widths[0].width, widths[0].height)
}

var notAName = regexp.MustCompile(`[^a-z0-9]+`)

// shoot takes pictures of a tab: of each width, in both schemes.
func (r *rig) shoot(p *tab, name string) {
	p.t.Helper()
	for _, scheme := range []string{"light", "dark"} {
		p.scheme(scheme)
		for _, w := range widths {
			p.size(w.width, w.height)
			file := fmt.Sprintf("%s-%d-%s.png", strings.Trim(notAName.ReplaceAllString(strings.ToLower(name), "-"), "-"), w.width, scheme)
			p.must(command{"op": "picture", "file": filepath.Join(r.pictures.folder, file)}, nil)
			r.pictures.mu.Lock()
			r.pictures.taken = append(r.pictures.taken, file)
			r.pictures.mu.Unlock()
		}
	}
}
