// Command bench measures opslua beside its peers, in turn and in one run, and
// prints one table. Absolute times depend on the machine; the ratios are what
// counts. A peer that is not installed is named and skipped.
//
//	go run ./tests/bench [-rounds 5] [-only REGEXP]
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"text/tabwriter"
)

func main() {
	rounds := flag.Int("rounds", 5, "how often each pair is measured in turn")
	only := flag.String("only", "", "a regular expression over the names of the rows")
	processes := flag.Int("processes", 2000, "how many processes the listings see at least")
	internal := flag.String("internal", "", "the work of a peer that is this program itself")
	flag.Parse()
	if *internal != "" {
		if err := ownPeer(*internal); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		return
	}
	if err := run(*rounds, *processes, *only); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(rounds, processes int, only string) error {
	pattern, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "opslua-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	b, err := build(dir)
	if err != nil {
		return err
	}
	crowd, err := startCrowd(processes)
	if err != nil {
		return err
	}
	defer crowd.stop()
	b.subtree = crowd.root
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "WORK\tOPSLUA\tPEER\t\tRATIO\tBUDGET\t")
	for _, r := range b.rows() {
		if pattern.MatchString(r.name) {
			_, _ = fmt.Fprintln(w, r.measure(rounds))
		}
	}
	return w.Flush()
}

// binaries are what the rows run.
type binaries struct {
	opslua, lua, spawn, self, peers string
	goss, gossFile, lines           string
	subtree                         int
}

func build(dir string) (*binaries, error) {
	root, err := moduleRoot()
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	b := &binaries{
		opslua: filepath.Join(dir, "opslua"), lua: filepath.Join(dir, "gopherlua"), spawn: filepath.Join(dir, "spawn"),
		self: self, peers: filepath.Join(root, "tests/bench/peers"),
	}
	for out, pkg := range map[string]string{b.opslua: "./cmd/opslua", b.lua: "./tests/bench/gopherlua"} {
		cmd := exec.Command("go", "build", "-trimpath", "-tags", "urfave_cli_no_docs", "-ldflags", "-s -w", "-o", out, pkg)
		cmd.Dir, cmd.Env, cmd.Stderr = root, append(os.Environ(), "CGO_ENABLED=0"), os.Stderr
		if err := cmd.Run(); err != nil {
			return nil, fmt.Errorf("building %s: %w", pkg, err)
		}
		if err := install(out); err != nil {
			return nil, err
		}
	}
	if err := exec.Command("gcc", "-O2", "-o", b.spawn, filepath.Join(b.peers, "spawn.c")).Run(); err != nil {
		b.spawn = "" // named and skipped by its row
	}
	b.goss = buildGoss(dir)
	if b.gossFile, err = gossFile(dir); err != nil {
		return nil, err
	}
	b.lines, err = manyLines(dir)
	return b, err
}

// install copies a program over itself, as whoever installs it does: the pages of
// a file that was written in one go are mapped faster than those that the linker
// has filled here and there.
func install(path string) error {
	from, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = from.Close() }()
	if err := os.Remove(path); err != nil {
		return err
	}
	to, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
	if err != nil {
		return err
	}
	// In pieces, as cp does.
	_, err = io.CopyBuffer(struct{ io.Writer }{to}, struct{ io.Reader }{from}, make([]byte, 64<<10))
	return errors.Join(err, to.Close())
}

func moduleRoot() (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", fmt.Errorf("run this inside the repository: %w", err)
	}
	return string(out[:len(out)-1]), nil
}
