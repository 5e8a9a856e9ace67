package httpclient

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
)

var errTooMany = errors.New("more than 10 redirects")

// checkRedirect bounds redirects. On the way to another host, and ever after,
// only headers that hold no secret of the first one go along: not Authorization
// and cookies, but not X-Api-Key and its like either.
func (x *exchange) checkRedirect(req *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return errTooMany
	}
	req.Header.Del("Referer") // it may hold a token
	for _, next := range append(via[1:len(via):len(via)], req) {
		if sameOrigin(via[0].URL, next.URL) {
			continue
		}
		for name := range req.Header {
			if !isHarmless(name) {
				delete(req.Header, name)
			}
		}
		req.Host = ""
		break
	}
	return nil
}

// sameOrigin says that b is the server a; the same host with TLS instead of
// without is, too.
func sameOrigin(a, b *url.URL) bool {
	from, errA := addressOf(a)
	to, errB := addressOf(b)
	if errA != nil || errB != nil {
		return false
	}
	if a.Scheme == "http" && b.Scheme == "https" && strings.HasSuffix(from, ":80") && strings.HasSuffix(to, ":443") {
		return strings.EqualFold(a.Hostname(), b.Hostname())
	}
	return a.Scheme == b.Scheme && strings.EqualFold(from, to)
}

func isHarmless(name string) bool {
	switch name {
	case "Accept", "Accept-Encoding", "Accept-Language", "Cache-Control", "Content-Encoding", "Content-Language",
		"Content-Type", "Range", "User-Agent":
		return true
	}
	return false
}
