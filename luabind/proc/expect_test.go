package proc

import (
	"testing"

	"opslua/internal/units"
)

// Where processes are hidden, only what more of them could not change is certain.
func TestCertain(t *testing.T) {
	for _, c := range []struct {
		count string
		found int
		want  bool
	}{
		{"1:", 0, false}, {"1:", 1, true}, {"1:", 5, true}, {"1:3", 2, false}, {"1:3", 4, true}, {"0:0", 0, false},
		{"0:0", 1, true}, {"@2:4", 1, false}, {"@2:4", 3, false}, {"@2:4", 5, true}, {"@2:", 3, false},
	} {
		r, err := units.ParseRange(c.count)
		if err != nil {
			t.Fatal(err)
		}
		w := &wish{count: bound{r: r}}
		if got := w.certain(c.found); got != c.want {
			t.Errorf("%s with %d found: %v, want %v", c.count, c.found, got, c.want)
		}
	}
}

func TestLastLines(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "\n\n": "", "one\n": "one", "a\nb\n\nc\nd\n": "b; c; d", "10%\r20%\r30%\n": "30%", "x\r\ny\r\n": "x; y",
	} {
		if got := lastLines([]byte(in)); got != want {
			t.Errorf("%q gave %q, want %q", in, got, want)
		}
	}
	long := make([]byte, 1<<20)
	for i := range long {
		long[i] = 'x'
	}
	if got := lastLines(long); len(got) > maxShownTail+len("…") {
		t.Errorf("%d bytes", len(got))
	}
}
