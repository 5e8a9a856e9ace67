package sys

import (
	"math"
	"strconv"
	"strings"

	"opslua/luabind"
)

const (
	loadPath   = "/proc/loadavg"
	uptimePath = "/proc/uptime"
)

// load gives the load averages.
func load(c *luabind.Call) error {
	n, err := numbersIn(c, loadPath, 3)
	if err != nil {
		return err
	}
	return c.Return(map[string]any{"one": n[0], "five": n[1], "fifteen": n[2]})
}

// uptime gives the seconds since the system booted.
func uptime(c *luabind.Call) error {
	n, err := numbersIn(c, uptimePath, 1)
	if err != nil {
		return err
	}
	return c.Return(n[0])
}

// numbersIn is a whole function: it takes no arguments and reads the numbers
// that a file of the kernel begins with.
func numbersIn(c *luabind.Call, path string, count int) ([]float64, error) {
	if err := c.Unpack(); err != nil {
		return nil, err
	}
	if err := grantRead(c, "/proc"); err != nil {
		return nil, err
	}
	data, err := readFile(path, maxSmall)
	if err != nil {
		return nil, fileError(c, err)
	}
	n, ok := parseNumbers(string(data), count)
	if !ok {
		return nil, strange(c, path, "got "+strconv.Quote(shorten(string(data), 60))+", want numbers")
	}
	return n, nil
}

// parseNumbers reads the first count fields as numbers, all finite and from 0.
func parseNumbers(text string, count int) ([]float64, bool) {
	fields := strings.Fields(text)
	if len(fields) < count {
		return nil, false
	}
	out := make([]float64, count)
	for i := range out {
		n, err := strconv.ParseFloat(fields[i], 64)
		if err != nil || n < 0 || math.IsNaN(n) || math.IsInf(n, 0) {
			return nil, false
		}
		out[i] = n
	}
	return out, true
}

// memory gives how much memory there is and how much of it can be had.
func memory(c *luabind.Call) error {
	if err := c.Unpack(); err != nil {
		return err
	}
	if err := grantRead(c, "/proc"); err != nil {
		return err
	}
	m, err := readMemory(c)
	if err != nil {
		return err
	}
	total, available := m["MemTotal"], available(m)
	return c.Return(map[string]any{
		"total": total, "available": available, "used": total - available,
		"swap_total": m["SwapTotal"], "swap_used": max(0, m["SwapTotal"]-m["SwapFree"]),
	})
}

// available is what programs can have without swapping. Kernels before 3.14 do
// not say: it is then what is free or can be dropped.
func available(m map[string]int64) int64 {
	n, ok := m["MemAvailable"]
	if !ok {
		n = m["MemFree"] + m["Buffers"] + m["Cached"] - m["Shmem"]
	}
	return min(max(n, 0), m["MemTotal"])
}

func readMemory(c *luabind.Call) (map[string]int64, error) {
	data, err := readFile(meminfoPath, maxSmall)
	if err != nil {
		return nil, fileError(c, err)
	}
	m := parseMeminfo(string(data))
	if m["MemTotal"] == 0 {
		return nil, strange(c, meminfoPath, "it has no line MemTotal")
	}
	return m, nil
}

// parseMeminfo reads the lines "Name:  123 kB" as bytes. Others are skipped.
func parseMeminfo(text string) map[string]int64 {
	out := map[string]int64{}
	for line := range strings.Lines(text) {
		name, rest, ok := strings.Cut(line, ":")
		f := strings.Fields(rest)
		if !ok || len(f) != 2 || f[1] != "kB" {
			continue
		}
		if n, err := strconv.ParseInt(f[0], 10, 64); err == nil && n >= 0 && n <= math.MaxInt64>>20 {
			out[name] = n << 10
		}
	}
	return out
}
