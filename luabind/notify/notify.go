// Package notify is the Lua module notify: it tells people and programs
// elsewhere what the script has found.
package notify

import "opslua/luabind"

// Module gives the module. It writes payloads by the module json.
func Module() luabind.Module {
	return luabind.Module{
		Name: "notify",
		Doc: `Tells people and programs elsewhere, with retries, once for each key.

With a key there is one delivery within a time, across runs: a run that finds
that it was told already does nothing, runs that overlap wait for each other. A
delivery that failed does not count. Keys are the script's own, and those of
webhook, syslog and exec are apart. Where it was told but the script's memory
cannot be written, an error of kind io says so.

Each function gives true where it was told now and false where it was told
before. A dry run only plans.`,
		Funcs: []luabind.Func{
			{Name: "webhook", Impl: webhook, Doc: `webhook(url, payload, {key, within = "1h", retries = 3, backoff = "1s", headers, timeout = "30s"}) -> boolean

Sends a payload as JSON by POST. Network errors and the answers 429 and 5xx are
tried again; Retry-After counts, up to a minute. Any other answer but 2xx, a
redirect too, raises net, as the last failure does; the error has reason
("refused", "timeout", ...) where no whole answer came. Secrets are taken in the
URL, in headers, and anywhere in the payload; what stands in other texts of the
payload of a secret is hidden.

  url      string or secret    http:// or https://
  payload  any                 what json.encode takes, and secrets
  key      string              tell once for this name
  within   duration = "1h"     for how long the key counts
  retries  integer = 3         attempts after the first, at most 100
  backoff  duration = "1s"     before the second attempt; doubles, up to a minute, times 0.5 to 1 by chance
  headers  table               names with strings or secrets
  timeout  duration = "30s"    of one attempt, the answer included`},
			{Name: "syslog", Impl: syslog, Doc: `syslog(msg, {priority = "notice", facility = "user", tag = "opslua", address = "/dev/log", key, within = "1h", retries = 3, backoff = "1s"}) -> boolean

Sends a line to the system's log, or to a log server in the form of RFC 5424.
Line ends and control characters are escaped, secrets hidden; more than 8 KiB is
cut. By UDP nobody knows whether it arrived. Raises not_found where nothing
listens at the socket, net or timeout where a server does not take it.

  msg       string            the line
  priority  string            emerg alert crit err warning notice info or debug
  facility  string            user daemon auth authpriv cron mail news uucp lpr syslog ftp kern or local0 to local7
  tag       string            the program's name in the log, up to 48 printable characters
  address   string            path of a socket, "udp://host:514" or "tcp://host:514"
  key       string            tell once for this name
  within    duration = "1h"   for how long the key counts
  retries   integer = 3       attempts after the first, at most 100
  backoff   duration = "1s"   before the second attempt; doubles, up to a minute, times 0.5 to 1 by chance`},
			{Name: "exec", Impl: exec, Doc: `exec(argv, payload, {key, within = "1h", retries = 3, backoff = "1s", timeout = "30s"}) -> boolean

Runs a command with a payload as JSON on its standard input. It counts as told
when the command ends with exit status 0; anything else is tried again, but not
a command that cannot be started. Then it raises as proc.run does: exit, signal,
timeout, not_found.

  argv     list of strings    the command; there is no shell in between
  payload  any                what json.encode takes, and secrets
  key      string             tell once for this name
  within   duration = "1h"    for how long the key counts
  retries  integer = 3        attempts after the first, at most 100
  backoff  duration = "1s"    before the second attempt; doubles, up to a minute, times 0.5 to 1 by chance
  timeout  duration = "30s"   of one attempt`},
		},
	}
}
