#!/usr/bin/env opslua
-- What this host is: its system, its memory, its file systems, who is logged in
-- and how many packages are installed. --changes shows what is new since the
-- last run.

collect("inventory", {timeout = "1m"}, function(m)
  local facts, memory = sys.facts(), sys.memory()
  m:info("host", {
    hostname = facts.hostname, os = facts.os, kernel = facts.kernel, arch = facts.arch,
  }, "The host and its system.")
  m:gauge("host_cpus", facts.cpus, {}, "Processors.")
  m:gauge("host_memory_bytes", memory.total, {}, "Memory.")
  m:gauge("host_swap_bytes", memory.swap_total, {}, "Swap.")
  m:gauge("host_uptime_seconds", sys.uptime(), {}, "Since the host was started.")

  local list = {}
  for _, k in ipairs{"hostname", "os", "kernel", "arch", "cpus"} do
    list[#list + 1] = {fact = k, value = tostring(facts[k])}
  end
  m:rows("facts", list, {key = "fact", columns = {"fact", "value"}})

  local disks = {}
  for _, d in ipairs(sys.disks{each = "2s"}) do
    disks[#disks + 1] = {mount = d.mount, device = d.device, type = d.type, size = d.size and fmt.bytes(d.size) or d.err}
  end
  m:rows("file_systems", disks, {key = "mount", columns = {"mount", "device", "type", "size"}})
  m:rows("users", sys.users(), {columns = {"user", "tty", "host"}})

  if proc.which("dpkg-query") then
    local out = proc.read{"dpkg-query", "-W", "-f", "${Package} ${Version}\\n", timeout = "30s"}
    local packages = text.table(out, {header = false, columns = {"package", "version"}})
    m:gauge("host_packages", #packages, {}, "Installed packages.")
    m:rows("packages", packages, {key = "package", columns = {"package", "version"}})
  end
end)
