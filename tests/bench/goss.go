package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// gossVersion is the peer of command checks. It is built from its own module, so
// that the versions of its dependencies are its own.
const gossVersion = "v0.4.9"

// buildGoss gives the program, or "" where it cannot be had: its row is skipped.
func buildGoss(dir string) string {
	mod := filepath.Join(dir, "goss-module")
	if err := os.Mkdir(mod, 0o755); err != nil {
		return ""
	}
	text := "module peer\n\ngo 1.26\n\nrequire github.com/goss-org/goss " + gossVersion + "\n"
	if err := os.WriteFile(filepath.Join(mod, "go.mod"), []byte(text), 0o644); err != nil {
		return ""
	}
	out := filepath.Join(dir, "goss")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", out, "github.com/goss-org/goss/cmd/goss")
	cmd.Dir, cmd.Env = mod, append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-mod=mod")
	if msg, err := cmd.CombinedOutput(); err != nil {
		lines := strings.Split(strings.TrimSpace(string(msg)), "\n")
		fmt.Fprintf(os.Stderr, "goss %s cannot be built: %s\n", gossVersion, lines[len(lines)-1])
		return ""
	}
	return out
}

// gossFile asks for as many commands as checks.lua runs.
func gossFile(dir string) (string, error) {
	var b strings.Builder
	b.WriteString("command:\n")
	for i := range 100 {
		fmt.Fprintf(&b, "  /bin/echo check-%d:\n    exit-status: 0\n    stdout: [\"check-%d\"]\n", i, i)
	}
	path := filepath.Join(dir, "goss.yaml")
	return path, os.WriteFile(path, []byte(b.String()), 0o644)
}

// manyLines writes 500,000 lines of which the third field is a number.
func manyLines(dir string) (string, error) {
	path := filepath.Join(dir, "lines.txt")
	f, err := os.Create(path)
	if err != nil {
		return "", err
	}
	// Piece by piece: what this program holds counts as the memory of what it starts.
	w := bufio.NewWriter(f)
	for i := range 500000 {
		_, _ = fmt.Fprintf(w, "host%d GET %d /index.html 200 0.00%d\n", i%100, i%4096, i%10)
	}
	return path, errors.Join(w.Flush(), f.Close())
}
