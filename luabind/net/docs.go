package net

const docModule = `Servers: HTTP, TCP, DNS and TLS are asked, alone or many at once, and what listens on this host is listed.

Proxies are not used, whatever the environment says. Every connection, those of
redirects too, needs a grant of connect for its host:port.`

const docHTTP = `http(url, opts) -> response

Asks an HTTP server. Any status is an answer: ok (2xx), status, headers (names
in lower case; several of one name with commas, set-cookie with line ends),
body, seconds (from the start to the last byte), url (that answered, after
redirects), attempts. Raises net or timeout only where no whole answer came; the
error has reason ("refused", "reset", "resolve", "tls", "too large", ...), url
and attempts. At most ten redirects are followed; to another host only harmless
headers go along. A dry run sends GET and HEAD, and plans all other methods.

  url       string or secret    http:// or https://
  method    string = "GET"      GET, HEAD, POST ...
  headers   table of names with strings, secrets or lists of them
                                a line break in one raises usage
  body      string or secret    what is sent
  json      any                 a value to send as JSON, in place of body
  timeout   duration = 30s      of each attempt, the body of the answer included
  retries   integer = 0         how often an attempt without a whole answer is repeated
  backoff   duration = 1s       before the first retry; doubles each time, times a
                                random factor from 0.5 to 1
  ca        string              file of certificates in PEM to trust, instead of the system's
  max_body  size = 64MiB        of the answer; more raises net`

const docResponseJSON = `json() -> value

The body as JSON, as json.decode reads it. Raises parse.`

const docTCP = `tcp(addr, opts) -> table

Connects to a server: ok (true), seconds until the connection stood, local and
remote (ADDRESS:PORT), received (with expect). Raises net where there is no
connection, or where what was expected did not come; the error has reason and
address. With send it changes something as far as opslua knows: a dry run plans it.

  addr     string            host:port, [::1]:80
  timeout  duration = 10s    of all of it
  send     string or secret  what is said first
  expect   string            what the server has to say, within 64 KiB`

const docDNS = `dns(name, [type], opts) -> list

Asks for the records of a name and gives a sorted list of texts: addresses,
"10 mail.example.com" (MX), "0 5 5060 sip.example.com" (SRV), names without
their last dot. Where there is none it raises not_found; a server that does not
know raises net, one that does not answer timeout. Addresses are found as every
program of the host does, /etc/hosts included, unless server is given; all else
comes from DNS. Names are taken as they are: no search list is added.

  name     string          a name; an address for PTR
  type     string          A, AAAA, CNAME, MX, NS, PTR, SOA, SRV or TXT; A and AAAA
                           together where it is left out
  server   string          host:port of the name server; those of the host otherwise
  timeout  duration = 10s  of all attempts; each server is asked twice`

const docTLS = `tls(addr, opts) -> table

Looks at what a server shows of itself in TLS: verified; error (what is wrong,
where it is not verified); days_left (whole days until the certificate, or one
that vouches for it, expires; below 0 where it has) and not_after (Unix
seconds); names (that the certificate is for); version; seconds; chain (as it was
sent: subject, issuer, not_before, not_after of each). What is not trusted is
reported, not raised; raises net or timeout where there is no connection or no TLS.

  addr         string          host or host:port; port 443 where it is left out
  timeout      duration = 10s  of all of it
  server_name  string          the name to ask for and to verify; the host otherwise
  ca           string          file of certificates in PEM to trust, instead of the system's`

const docListeners = `listeners(opts) -> rows

What waits for others on this host: TCP sockets that listen, UDP sockets that are
bound and not connected. Rows of proto ("tcp", "udp"), addr, port, pid and name
(of the process that has it, of several the one that handed it on), pids (of all
that have it), sorted by proto, port and addr. rows.partial is true where the
system hides whose some of them are: pid, name and pids are nil in those rows.
Sockets of the kernel itself have none either.

  port   integer  only this one
  proto  string   only "tcp" or "udp"`

const docProbe = `probe(list, opts) -> rows

Asks many servers at once and gives a row for each, in the order of the list:
target, ok, err (why not), seconds (of the last try), tries, status (of HTTP),
tls (whole days that the certificate has left). It does not raise for what does
not answer. A URL is well with a status of 2xx after redirects, host:port with a
connection. At most 64 KiB of each body are read.

  list     list of URLs, "tcp://host:port", "host:port", or tables of
             url       string or secret  a URL, or host:port
             status    integer or list   what is accepted, instead of 2xx
             contains  string            what the body has to contain
             headers   table             as in net.http
  max      integer = 10    how many at the same time, up to 1000
  timeout  duration = 10s  of each try
  retries  integer = 0     how often a target without an answer, or with a status of
                           5xx or 429, is tried again
  backoff  duration = 1s   before the first retry; doubles each time, times a random
                           factor from 0.5 to 1
  ca       string          file of certificates in PEM to trust, instead of the system's`
