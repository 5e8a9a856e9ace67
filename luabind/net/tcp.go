package net

import (
	"context"
	"errors"
	"fmt"
	"io"
	stdnet "net"
	"strings"
	"time"

	"opslua/luabind"
	"opslua/policy"
)

// maxReceived is how much tcp reads for what it expects.
const maxReceived = 64 << 10

func tcp(c *luabind.Call) error {
	var (
		addr, expect string
		text         luabind.Text
		timeout      = defaultTimeout
	)
	if err := c.Unpack("addr", &addr, "timeout?", &timeout, "send?", &text, "expect?", &expect); err != nil {
		return err
	}
	if err := positive(c, "timeout", timeout); err != nil {
		return err
	}
	p, err := placeArg(c, "addr", addr, "")
	if err != nil {
		return err
	}
	if err := c.Require(policy.Connect{Address: p.address}); err != nil {
		return err
	}
	change := luabind.Change{Op: "request", Text: fmt.Sprintf("send %d bytes to %s", len(text), p.address)}
	if text != "" && c.DryRun() {
		c.Plan(change)
		return c.Return(c.NewPlanned("the answer of " + p.address + " to what it was sent"))
	}
	if text != "" {
		if err := c.Changing(change); err != nil {
			return err
		}
		defer c.Changed(change)
	}
	ctx, cancel := context.WithTimeout(c.Context(), timeout)
	defer cancel()
	out, err := talk(ctx, p.address, string(text), expect)
	if err != nil {
		return failure{c, ctx, p.address, timeout}.of(err, luabind.KindNet)
	}
	return c.Return(out)
}

// unexpected is a server that said something else.
type unexpected struct{ want, got string }

func (u *unexpected) Error() string {
	if u.got == "" {
		return "want " + short(u.want) + ", it said nothing"
	}
	return "want " + short(u.want) + ", it said " + short(u.got)
}

// talk connects, says something where there is something to say, and listens
// where something is expected.
func talk(ctx context.Context, address, text, expect string) (map[string]any, error) {
	start := time.Now()
	conn, err := dial(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	out := map[string]any{"ok": true, "seconds": time.Since(start).Seconds(),
		"local": conn.LocalAddr().String(), "remote": conn.RemoteAddr().String()}
	defer watch(ctx, conn)()
	if _, err := io.WriteString(conn, text); err != nil {
		return nil, err
	}
	if expect == "" {
		return out, nil
	}
	received, err := await(conn, expect)
	out["received"] = received
	return out, err
}

// await reads until the text has come.
func await(conn stdnet.Conn, text string) (string, error) {
	var got strings.Builder
	buf := make([]byte, 4096)
	for got.Len() < maxReceived {
		n, err := conn.Read(buf)
		got.Write(buf[:n])
		if strings.Contains(got.String(), text) {
			return got.String(), nil
		}
		switch {
		case errors.Is(err, io.EOF), timedOut(err) && got.Len() > 0:
			return "", &unexpected{text, got.String()}
		case err != nil:
			return "", err
		}
	}
	return "", &unexpected{text, got.String()}
}
