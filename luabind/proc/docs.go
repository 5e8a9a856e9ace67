package proc

const docModule = `Commands and processes: run, supervise and look.

A command is a list of words: no shell is in between, and nothing has to be
quoted. Options stand in the same table or in a second one. A failure is never
dropped in silence: it raises, or its result has to be looked at.

In a dry run a command that is no probe is only planned. What stands for its
result can be handed on, and raises planned where it is read. Lua has no way to
see "if r then": a planned result counts as there, as one of proc.try too.`

// docOptions are the options of everything that runs a command.
const docOptions = `
  ok            list of integers or "any" = {0}  exit codes that are no failure
  probe         boolean = false      the command only reads: it runs in a dry run
                                     too, and the policy asks for a probe grant
  timeout       duration = 60s for probes, 10m otherwise
                                     deadline; false lifts it; the nearest of this
                                     and the script's own wins
  idle_timeout  duration             ends a command that writes nothing for so long
  signal        signal = "TERM"      how the command, with all it started, is asked to go
  grace         duration = 5s        how long until KILL
  stdin         string = "null"      "null" or "inherit"
  input         string or {file=}    what the command reads
  stdout        string, {file=, append=} or function = "capture"
                                     "capture", "discard", "inherit", a file, or a
                                     function that gets each line
  stderr        string, {file=, append=} or function = "capture"
                                     the same; "stdout" sends it where stdout goes
  echo          boolean = false      show captured output live as well
  max_output    size = 64MiB         of each captured stream; more ends the command
  on_overflow   string = "error"     "truncate" keeps head and tail (4 MiB each, unless
                                     max_output is given) and lets the command finish
  cwd           string               working directory; a program with a slash is found from there
  env           table of strings or false
                                     added to the environment; NAME = false removes
  clear_env     boolean = false      start from an empty environment
  user          string or integer    as whom
  group         string or integer    as which group
  groups        list of strings or integers
                                     supplementary groups; those of user otherwise
  umask         string of octal digits
                                     such as "022", for the command alone
  nice          integer              from -20 to 19, for the command alone
  limits        table of memory, cpu, files, processes
                                     for the command and all it starts
  retries       integer = 0          how often a failure is tried again
  backoff       duration = 1s        before the first retry; doubles each time, times
                                     a random factor from 0.5 to 1
  retry_on      list of kinds and exit codes, or function
                                     which failures; any, unless given. A function
                                     gets the error value and says true or false
  label         string               a name for progress, audit and errors`

const docRun = `run{argv..., opts} -> result

Runs a command and gives its result, whatever its exit status. Raises only where
no exit status came: not_found, not_executable, bad_cwd, denied, timeout,
idle_timeout, output_limit, cancelled, resource, spawn. A failed result of which
the script reads neither ok, code nor signal fails the script at its end.

  argv          list of strings      the command; at least one word` + docOptions

const docCheck = `check{argv..., opts} -> result
check{selectors} -> rows

With a command: as run, but raises exit for an exit status that ok does not
accept, and signal for a death by signal.

With selectors and no command: raises assert unless the processes of the host
are as wanted, access where the kernel hides processes so that it cannot be
told; gives the rows found. Zombies do not count unless state = "zombie".

  argv          list of strings      the command` + docOptions + `
` + docSelectors + `
  count         number or range = "1:"
                                     how many; a number means exactly so many
  rss           number or range      of each: "2GiB" is at most, "1MiB:" at least
  cpu           number or range      of each, in percent of one processor; sample
                                     is 200ms unless given`

const docRead = `read{argv..., opts} -> string

Runs a command that only reads, and gives its standard output without the last
newline. Raises as check does. It is a probe: probe = false is refused.

  argv          list of strings      the command` + docOptions

const docTry = `try{argv..., opts} -> result, or nil, err

As check, but gives nil and the error instead of raising it. Mistakes in the
call itself are raised.

  argv          list of strings      the command` + docOptions

const docSh = `sh(text, [args], opts) -> result

Runs /bin/sh -c text and answers as run does. The arguments are $1, $2 and so
on; they are never pasted into the text.

  text          string               what the shell runs
  args          table                list of strings: the arguments
` + docOptions

const docParallel = `parallel(list, opts) -> list

Runs commands side by side and gives, in order, a result for each, or an error
value where run would have raised. The policy is asked about all of them before
the first one starts. Functions in options are refused. A failed result or an
error value that the script does not look at fails the script, as with run.

  list          table                commands, each with options of its own
  limit         integer = 8          how many at a time
` + docOptions

const docPipe = `pipe(list, opts) -> result

Runs commands at the same time, each reading what the one before writes, and
answers as run does, with the output of the last. Any that fails makes the whole
fail, with its status (of several, the last one's); one that was ended by SIGPIPE
because the next had enough has not failed. r.stages has the result of each.
stdin and input concern the first command, stdout and echo the last, retries the
whole.

  list          table                commands, each with options of its own
` + docOptions

const docSpawn = `spawn{argv..., opts} -> handle

Starts a command in the background. Its standard input is a pipe until
h:close(), unless stdin or input is given; its output is read with h:lines(), or
is in the result of h:wait(). It has no deadline unless timeout is given. What
the script did not wait for is stopped when it ends. retries and functions are
refused.

  argv          list of strings      the command
  detach        boolean = false      let it outlive the script: only pid and signal
                                     then work, its output is not captured, and
                                     timeout, idle_timeout and echo are refused` + docOptions

const docWith = `with{opts} -> table

Gives run, check, read, try, sh, parallel, pipe, spawn and with as functions that
start from these options. Those of a call win; env is merged.
` + docOptions

const docWhich = `which(name) -> string or nil

The path of a program, as a command would find it; nil where there is none.

  name  string  a program, or a path`

const docQuote = `quote(argv) -> string

A command as one text, quoted for a person or a POSIX shell.

  argv  table  list of strings: the words`

// docSelectors choose processes.
const docSelectors = `
  pid           integer or list of integers
                                     these alone; an empty list chooses none
  ppid          integer              the children of a process
  name          string               exactly
  match         string               RE2 over the command line
  exe           string               the whole path of the executable
  user          string or integer    the owner
  state         string               running, sleeping, disk-sleep, stopped, traced,
                                     zombie, dead, idle or parked
  unit          string               systemd unit; .service may be left out
  port          integer              a listening TCP or bound UDP port
  under         integer              the descendants of a process, itself left out
  where         function             gets a row and says true or false
  kernel        boolean = false      kernel threads too
  sample        duration             how long cpu is measured`

const docFields = `
  fields        list of strings      what to read. By default: pid ppid name state
                                     user uid cmdline cmd rss vsize threads cpu_time
                                     started age started_ticks, and cpu with sample.
                                     On request: exe cwd root environ tty nice fds io
                                     connections ports unit cgroup container uss pss
                                     swap cpu wchan limits ids namespaces`

const docList = `list{selectors, opts} -> rows

Processes, one table each, by pid. rows.partial is true where the kernel hides
processes of others. A field that may not be read is nil and named in
row.denied; a process that vanishes meanwhile is left out.
` + docSelectors + docFields + `
  sort          string or list of strings
                                     fields to order by: "name", or "-rss" for the
                                     largest first
  limit         integer              at most so many, after sorting`

const docGet = `get(p, opts) -> row, or nil, err

One process; nil and an error of kind gone where there is none.

  p             row or integer       which
  sample        duration             how long cpu is measured` + docFields

const docTree = `tree([root], opts) -> node

A process with all below it; without root the whole host, under a node of pid 0.
Selectors that choose several processes give their trees under such a node.
Raises gone where there is no such process. print shows it as pstree would.

  root          any                  a pid, a row, or a table of selectors as in list;
                                     the options may stand there too
  kernel        boolean = false      kernel threads too
  sample        duration             how long cpu is measured
  fields        list of strings      as in list; by default pid ppid name state rss
                                     cpu_time started_ticks`

const docAncestors = `ancestors(p, opts) -> rows

The parent of a process, its parent and so on, to process 1. Raises gone where
there is no such process.

  p             row or integer       whose` + docFields

const docWait = `wait(p, [timeout]) -> gone, alive

Waits until processes have ended, reaped by their parents or not, and gives two
lists of rows.

  p        row, integer or list of these  which
  timeout  duration                       how long; for ever unless given`

const docSignal = `signal(p, sig, opts)

Sends a signal to a process, never to another one that has its number by now:
raises gone then. Numbers that are no process are refused, and so are process 1,
opslua and what it runs under, unless forced (kind denied).

  p      row or integer   which
  sig    signal           "HUP", or a number
  force  boolean = false  process 1, opslua itself and its ancestors too`

const docStop = `stop(p, opts) -> {gone=, alive=, forced=}

Asks processes to go, then kills them. Each list has rows; forced are those that
needed KILL. Refuses what signal refuses, and everything where expect is wrong,
before the first signal (kind denied).

  p       row, integer or list of these  which
  tree    boolean = false                all their descendants too
  grace   duration = 5s                  how long until KILL; 0 sends it at once
  signal  signal = "TERM"                how they are asked
  expect  table of name, max             the name that all must have, and how many
                                         there may be
  force   boolean = false                process 1, opslua itself and its ancestors too`

const docResult = `How a command ended: a plain table.

  ok         boolean  whether it ended as wanted
  code       integer  exit status; nil after a signal
  signal     string   such as "KILL"; nil otherwise
  stdout     string   what it wrote; nil where that was not captured
  stderr     string   the same
  output     string   both, in order, with stderr = "stdout"
  truncated  table    stdout and stderr: bytes left out, where any were
  pipe_held  boolean  a child in the background still held the output
  pid        integer
  argv       list     the command
  cmd        string   the same, quoted for a person
  path       string   the executable
  cwd        string   where it worked
  started    integer  Unix seconds
  seconds    number   how long it took
  attempts   integer  1 unless retried
  usage      table    user and system in seconds, max_rss in bytes
  stages     list     of a pipe: the result of each command`

const docHandle = `A command in the background. h.pid is its number.`

const docNode = `A process in a tree: the fields of a row, children (a list of nodes) and
totals (count, rss and cpu_time of the node and all below it).`

const docLines = `lines() -> iterator

The lines of standard output, without their newlines.`

const docJSON = `json() -> value

Standard output, decoded as JSON. Raises parse.`

const docTable = `table{opts} -> rows

Standard output as rows: words between blanks; the last column takes the rest of
the line. All values are strings.

  header   boolean = true   the first line has the names: in lower case, other
                            characters become _
  columns  list of strings  the names; needed without a header`

const docHandleLines = `lines() -> iterator

The lines of standard output as they come, without their newlines; a line of
more than 1 MiB comes in pieces. At the end it raises if the command failed,
unless h:stop() ended it. While the script is busy, the command can write 4 MiB
ahead; then it waits.`

const docHandleWrite = `write(s)

Writes to the standard input of the command. Raises io where it reads no more.

  s  string  what to write`

const docHandleClose = `close()

Closes the standard input of the command: it has read all.`

const docHandlePoll = `poll() -> result or nil

nil while the command runs; then a result as run gives it. Never raises: where
there is no exit status, ok is false and the result has the error as err.`

const docHandleWait = `wait([timeout]) -> result or nil

Waits for the end and gives a result, as poll does; nil when the time is over,
and the command goes on. Output that nobody read is in the result.

  timeout  duration  how long; for ever unless given`

const docHandleSignal = `signal(sig)

Sends a signal to the command. Raises gone after its end.

  sig  signal  "HUP", or a number`

const docHandleStop = `stop{opts} -> result

Asks the command, with all it started, to go, and waits for its end.

  signal  signal    how; the signal option of spawn unless given
  grace   duration  how long until KILL; the grace of spawn unless given`

const docHandleIndex = `__index(key) -> value

h.pid is the number of the process.

  key  any  the name of a field`

const docWalk = `walk() -> iterator

Goes over the nodes, each before its children: for node, depth in t:walk(). The
depth of the first is 0.`

const docFind = `find(selector) -> node or nil

The first node, in the order of walk, that fits: pid, ppid, name, match, exe,
user, state, unit, where. The tree must have been made with the fields asked about.

  selector  integer or table of selectors  which`

const docTreeText = `__tostring() -> string

The tree as pstree draws it; equal leaves stand once, as 3*[name].`
