package httpclient

import (
	"strings"
	"testing"
)

func TestShownURL(t *testing.T) {
	for url, want := range map[string]string{
		"http://x/":                            "http://x/",
		"http://me:hid@x/":                     "http://me:***@x/",
		"http://me@x/":                         "http://me@x/",
		"http://me:h%69d@x/?q=%20":             "http://me:***@x/?q=%20",
		"http://me:hi/d@x/":                    "http://***@x/",
		"http://x/\u202e?\u202e#\x1b":          "http://x/%E2%80%AE?%E2%80%AE#%1B",
		"me:hid@x":                             "***@x",
		"http://x/" + strings.Repeat("a", 999): "http://x/" + strings.Repeat("a", maxShown-8) + "...",
	} {
		if got := ShownURL(url); got != want {
			t.Errorf("%q: got %s, want %s", url, got, want)
		}
	}
}

func FuzzShownURL(f *testing.F) {
	f.Add("http://me:", "@x.example/")
	f.Add("", "@[::1")
	f.Add("//a:b@c/", "@x")
	f.Fuzz(func(t *testing.T, before, after string) {
		for _, text := range []string{before + after, "http://me:s3cr3t" + before + after, "http://me:s3cr3t@" + after} {
			got := ShownURL(text)
			if len(got) > maxShown+8 {
				t.Errorf("%q: %d bytes", text, len(got))
			}
			for _, c := range got {
				if c <= ' ' || c > '~' {
					t.Errorf("%q: got %q", text, got)
				}
			}
		}
		if got := ShownURL("http://me:s3cr3t@" + after); strings.Contains(got, "s3cr3t") && !strings.Contains(after, "s3cr3t") {
			t.Errorf("got %q", got)
		}
		address, err := Check(Request{URL: before + after})
		if err == nil && !strings.Contains(address, ":") {
			t.Errorf("%q: got %q", before+after, address)
		}
	})
}
