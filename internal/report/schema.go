package report

// Schema is the number of the JSON document's shape; it changes with any change
// that a reader could notice. Names that a later version adds do not change it.
//
// # The document of --format json, schema 1
//
// One object on one line. Every name is always there; what is not known is null,
// a list without items is [], an object without names {}. Numbers are decimals;
// what is no finite number is null. Times are RFC 3339 in UTC, durations seconds,
// sizes bytes. States are "OK", "WARNING", "CRITICAL", "UNKNOWN". A byte that is
// not UTF-8 is written \udcXX, XX its value, as Python's surrogateescape has it.
//
//	schema      1
//	script      what ran: a path, or NAME:ENTRY of a bundle
//	host        name of the machine, or null
//	started     when the run began, or null
//	dry_run     whether changes were only planned
//	state       the worst state of all findings that count; UNKNOWN at least,
//	            where there is an error
//	seconds     how long the run took
//	error       why the script could not be evaluated, or null
//	incomplete  where the plan of a dry run could not go on, or null
//	findings    one object for each check, in the order of the run, and
//	            for each collector that failed:
//	    name, state, text
//	    lines     what the check said: {state, text}
//	    values    numbers with thresholds: {label, value, unit, warn, crit, min,
//	              max, note, state}; unit as the script says it or null; warn and
//	              crit ranges such as "10:20" or null; min and max numbers or null
//	    metrics   numbers without: {label, value, unit, min, max, note}
//	    seconds
//	    attempts  runs in a row in this state, this one included; 0 without "soft"
//	    soft      {n, of} where the state is not hard yet, or null
//	    skipped   why it did not run, or null; then the state does not count
//	    needs     names of the checks that it needs
//	    before    the finding before the fixes ran, in this same form, or null
//	metrics     samples of collectors: {name, type, help, labels, value}; type is
//	            "gauge", "counter" or "info", labels an object
//	rows        by name, a list of objects
//	row_changes by name, how rows with a key differ from those of the last run:
//	            {key, added, removed, changed: [{key, before, after}]}; {} where
//	            nobody asked for it
//	fixes       one object for each fix:
//	    name
//	    status    "ok", "changed", "failed", "rolled_back", "blocked", "planned"
//	    on        the check that it is for, or null
//	    reason    why it acted, or did not, or null
//	    steps     {title, status, text, seconds, changes}; status is "done",
//	              "failed", "planned", "undone", "undo failed" or "skipped"
//	    diffs     the diffs of all steps, in order: {path, diff}
//	    evidence  {name, text}
//	    error     why it failed, or null
//	    seconds
//	commands    what ran: {argv, code, signal, seconds, probe, planned, error,
//	            where}; code is null where there is no exit code, signal, error
//	            and where are texts or null
//	commands_omitted  how many more commands there were
//	changes     what a dry run planned: {op, text, argv, path, diff, where}; op is
//	            "command", "write", "signal", "service", "request", "state",
//	            "notify" or "lock"; path, diff and where are texts or null
//	degraded    what the kernel lacks of what was asked for
//	verified    {bundle, digest, signers}, or null
//	processes   {depth, pid, name, command, state, rss, cpu_time, children}
//
// # The lines of --format jsonl, schema 1
//
// Each line is an object whose first name is type. The objects are those above:
//
//	finding  as in findings
//	metric   as in metrics, with metric_type for the type
//	row      {type, name, row}
//	fix      as in fixes
//	event    {type, event, …}: event is "command" (as in commands), "change" (as
//	         in changes), "row_change" ({name, change: "added", "removed" or
//	         "changed", key, before, after}; before or after is null where there
//	         was or is no row) or "process" (as in processes)
//	run      the last line: {schema, script, host, started, dry_run, state,
//	         seconds, error, incomplete, commands_omitted, degraded, verified}
const Schema = 1
