package sys

const docModule = `The host: facts, load, memory, disks, who is logged in, services.

Everything is asked for anew at each call, and nothing is changed but by the
methods of a service. A policy grants what is read as files (read), and services
as commands: probe = ["service nginx status"] to look, change = ["service nginx
restart"] to act; with systemd, "systemctl show nginx ..." and "systemctl restart
nginx".`

const docFacts = `facts() -> table

What the host is. What it does not have or say is nil.

Fields: hostname; kernel (its release); arch (as uname -m); cpus (processors that
opslua may run on); memory (bytes); os, os_version, os_name ("debian", "12",
"Debian GNU/Linux 12 (bookworm)": ID, VERSION_ID and PRETTY_NAME of
/etc/os-release); machine_id (one for each installation); boot_id (another one
after each boot). Reads /proc, /etc/os-release and /etc/machine-id, asks neither
the network nor a program.`

const docLoad = `load() -> table

The load averages of the last minute, five and fifteen: one, five, fifteen.
Reads /proc.`

const docMemory = `memory() -> table

Bytes: total; available (what programs can have without swapping); used (total
less available); swap_total; swap_used. Reads /proc.`

const docUptime = `uptime() -> number

Seconds since the host was booted. Reads /proc.`

const docUsers = `users() -> rows

Who is logged in, by /var/run/utmp, as who shows it; {} where the host keeps no
such file. Fields: user; tty; host (where from, nil for a local login); started
(Unix seconds); pid.`

const docDisks = `disks{opts} -> rows

How full the mounted file systems are. A file system that is mounted several
times comes once, what another mount covers and what has nothing to fill (proc,
sysfs, cgroup and so on) not at all, as with df; so does what this user may not
look at.

Fields: mount, device, type, read_only; size, used, free (bytes; free is what an
unprivileged user may write); used_pct (used of used and free, 0 to 100, not
rounded; df rounds it up); inodes, inodes_used, inodes_pct (nil where the file
system has no fixed number); err (why there are no figures, nil otherwise).

All are asked at the same time. One that hangs holds nobody up: its err is "no
answer within 2s". Those that can hang for good (network, FUSE) are asked by a
process of their own, stat, so that opslua itself can always end. Reads /proc.

  skip  list of strings  types that are left out: {"tmpfs", "overlay"}
  only  list of strings  mount points: these alone, in this order, of whatever
                         type; one where nothing is mounted has an err. An empty
                         list selects nothing
  all   boolean = false  every mount, of every type, and as often as it is mounted
  each  duration = 2s    how long to wait for each file system`

const docService = `service(name) -> service

A service of the host as it is now: by systemctl show where systemd runs, else
by service NAME status. Raises not_found where there is none, unsupported where
nothing runs services. Looking is a probe: it happens in a dry run too.

  name  string  such as "nginx"; letters, digits, @ . _ : and -`

const docServiceType = `A service as it was when it was asked for: a table that does not change. name;
active (boolean); sub (systemd's word, such as "running"; nil elsewhere);
enabled (boolean: started with the host; nil where that is not known or does not
apply); pid (of its main process, nil where there is none or it is not known);
since (Unix seconds, since when it is active). The methods that act give the service
as it is afterwards.`

const docAction = ` Gives the service
as it is afterwards; without systemd it has up to 750 ms to get there. Raises exit
where the action fails, timeout after 90 s. What it has started belongs to the host
and outlives the script. Planned in a dry run.`

const docLogs = `logs([n]) -> list of strings

The newest lines that it wrote, oldest first, without newlines. With systemd:
its journal. Else the first there is of /var/log/NAME/error.log, NAME/NAME.log,
NAME.log, the .log file in /var/log/NAME that was written last (of the last 8 MiB);
else lines tagged NAME or NAMEd in syslog, messages, daemon.log or auth.log. {} where
there is nothing.

  n  integer = 50  how many lines, up to 100000`

const docPlannedType = `A service that a dry run has planned to change. Its methods plan; its fields
but name are not known, and raise planned.`

const docPlannedLogs = `logs([n]) -> list of strings

As of a service: what it has written so far.

  n  integer = 50  how many lines`
