package httpclient

import (
	"context"
	"net/url"
	"testing"
)

// A body that was found to be too large is that, even if the time was up by the
// time that it was found.
func TestTooLargeAndTooLate(t *testing.T) {
	x, err := newExchange(t.Context(), Request{URL: "http://127.0.0.1/", MaxBody: 7})
	if err != nil {
		t.Fatal(err)
	}
	late, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	for err, want := range map[error]Reason{errTooLarge: TooLarge, errTooMany: Redirects, &url.Error{Err: errTooMany}: Redirects,
		&url.Error{Err: context.DeadlineExceeded}: Timeout} {
		if got, text := x.reason(late, err); got != want {
			t.Errorf("%v: %s, %s; want %s", err, got, text, want)
		}
	}
}
