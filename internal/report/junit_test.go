package report

import (
	"encoding/xml"
	"strings"
	"testing"
)

type xmlCase struct {
	Name      string     `xml:"name,attr"`
	Classname string     `xml:"classname,attr"`
	Time      string     `xml:"time,attr"`
	Failure   *xmlResult `xml:"failure"`
	Error     *xmlResult `xml:"error"`
	Skipped   *xmlResult `xml:"skipped"`
	SystemOut *string    `xml:"system-out"`
}

type xmlResult struct {
	Type    string `xml:"type,attr"`
	Message string `xml:"message,attr"`
	Body    string `xml:",chardata"`
}

type xmlSuite struct {
	Name      string    `xml:"name,attr"`
	Tests     int       `xml:"tests,attr"`
	Failures  int       `xml:"failures,attr"`
	Errors    int       `xml:"errors,attr"`
	Skipped   int       `xml:"skipped,attr"`
	Time      string    `xml:"time,attr"`
	Timestamp string    `xml:"timestamp,attr"`
	Hostname  string    `xml:"hostname,attr"`
	Cases     []xmlCase `xml:"testcase"`
	SystemOut string    `xml:"system-out"`
}

func readJUnit(t *testing.T, doc string) xmlSuite {
	t.Helper()
	var suites struct {
		XMLName xml.Name   `xml:"testsuites"`
		Suites  []xmlSuite `xml:"testsuite"`
	}
	if err := xml.Unmarshal([]byte(doc), &suites); err != nil || len(suites.Suites) != 1 {
		t.Fatalf("%v, %d suites in %.300s", err, len(suites.Suites), doc)
	}
	return suites.Suites[0]
}

func TestJUnit(t *testing.T) {
	s := readJUnit(t, render(t, fullReport(t), JUnit, Options{}))
	if s.Name != "host_v2" || s.Tests != 5 || s.Failures != 1 || s.Errors != 1 || s.Skipped != 1 || s.Time != "1.500" || s.Timestamp != "2026-03-04T04:06:07" || s.Hostname != "web1" {
		t.Errorf("%+v", s)
	}
	disk, load, ssh, web, login := s.Cases[0], s.Cases[1], s.Cases[2], s.Cases[3], s.Cases[4]
	if disk.Failure == nil || disk.Failure.Message != "/var 96%, 1.2 GiB free" || !strings.Contains(disk.Failure.Body, "\n/var: 96% (warn 80, crit 90) 1.2 GiB free") || disk.Classname != "host_v2" || disk.Time != "0.250" {
		t.Errorf("%+v", disk)
	}
	if load.Failure != nil || load.Error != nil || load.SystemOut == nil || !strings.HasPrefix(*load.SystemOut, "WARNING: load 5.2 (soft 1/3)") {
		t.Errorf("%+v", load)
	}
	if ssh.Failure != nil || ssh.Error != nil || ssh.Skipped != nil || ssh.SystemOut != nil {
		t.Errorf("%+v", ssh)
	}
	if web.Skipped == nil || web.Skipped.Message != "needs ssh-login, which is UNKNOWN" || login.Error == nil || login.Error.Type != "UNKNOWN" {
		t.Errorf("%+v %+v", web, login)
	}
	if !strings.Contains(s.SystemOut, "fix app: rolled back: did not come back\n") {
		t.Errorf("%q", s.SystemOut)
	}
}

func TestJUnitOfAScriptThatFailedAndOfOneWithoutChecks(t *testing.T) {
	s := readJUnit(t, render(t, &Report{Script: "/a/b.lua", Error: "b.lua:1: no"}, JUnit, Options{}))
	if s.Tests != 1 || s.Errors != 1 || len(s.Cases) != 1 || s.Cases[0].Error == nil || s.Cases[0].Error.Message != "b.lua:1: no" {
		t.Errorf("%+v", s)
	}
	s = readJUnit(t, render(t, &Report{}, JUnit, Options{}))
	if s.Name != "opslua" || s.Tests != 0 || len(s.Cases) != 0 {
		t.Errorf("%+v", s)
	}
}

func TestJUnitCountsAreTrue(t *testing.T) {
	each(t, 300, func(t *testing.T, r *Report) {
		s := readJUnit(t, render(t, r, JUnit, Options{}))
		var got xmlSuite
		for _, c := range s.Cases {
			got.Tests++
			for n, v := range map[*int]*xmlResult{&got.Failures: c.Failure, &got.Errors: c.Error, &got.Skipped: c.Skipped} {
				if v != nil {
					*n++
				}
			}
		}
		want := len(r.Findings)
		if r.Error != "" {
			want++
		}
		if got.Tests != want || got.Tests != s.Tests || got.Failures != s.Failures || got.Errors != s.Errors || got.Skipped != s.Skipped {
			t.Fatalf("counted %+v, says %+v", got, s)
		}
	})
}

func TestXmllintHoldsItAgainstTheSchema(t *testing.T) {
	xmllint := tool(t, "xmllint")
	check := func(t *testing.T, r *Report) {
		foreign(t, render(t, r, JUnit, Options{}), xmllint, "--noout", "--schema", "testdata/junit.xsd", "-")
	}
	check(t, fullReport(t))
	check(t, &Report{})
	check(t, &Report{Error: strings.Join(hostileTexts(), " ")})
	each(t, 40, check)
}
