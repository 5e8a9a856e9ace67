#!/usr/bin/env opslua
-- What this host is: its system, its memory, its file systems, who is logged in
-- and which packages are installed (dpkg or rpm). With --changes it shows what is
-- new since the last run.
--
--   packages  list the packages

local p = param{packages = true}

local function facts(m)
  local f, memory = sys.facts(), sys.memory()
  m:info("host", {
    hostname = f.hostname, os = f.os or "", version = f.os_version or "", kernel = f.kernel, arch = f.arch,
  }, "The host and its system.")
  m:gauge("host_cpus", f.cpus, {}, "Processors.")
  m:gauge("host_memory_bytes", memory.total, {}, "Memory.")
  m:gauge("host_swap_bytes", memory.swap_total, {}, "Swap.")
  m:gauge("host_uptime_seconds", sys.uptime(), {}, "Since the host was started.")
  local list = {}
  for _, k in ipairs{"hostname", "os_name", "kernel", "arch", "cpus", "machine_id", "boot_id"} do
    if f[k] then list[#list + 1] = {fact = k, value = tostring(f[k])} end
  end
  list[#list + 1] = {fact = "memory", value = fmt.bytes(memory.total)}
  m:rows("facts", list, {key = "fact", columns = {"fact", "value"}})
end

local function disks(m)
  local list = {}
  for i, d in ipairs(sys.disks{each = "2s"}) do
    list[i] = {mount = d.mount, device = d.device, type = d.type, size = d.size and fmt.bytes(d.size) or d.err}
  end
  m:rows("file_systems", list, {key = "mount", columns = {"mount", "device", "type", "size"}})
end

local function users(m)
  local list = sys.users()
  for _, u in ipairs(list) do u.session = u.tty .. " " .. u.pid end
  m:rows("users", list, {key = "session", columns = {"user", "tty", "host"}})
end

-- Rows of state, package and version.
local function installed()
  if proc.which("dpkg-query") then
    return proc.read{"dpkg-query", "-W", "-f", "${db:Status-Abbrev} ${binary:Package} ${Version}\\n", timeout = "30s"}
  elseif proc.which("rpm") then
    return proc.read{"rpm", "-qa", "--qf", "ii %{NAME}.%{ARCH} %{VERSION}-%{RELEASE}\\n", timeout = "30s"}
  end
end

local function packages(m)
  local out = installed()
  if not out then return end
  local list, by_name = {}, {}
  for _, r in ipairs(text.table(out, {header = false, columns = {"state", "package", "version"}})) do
    local known = by_name[r.package]
    if known then
      known.version = known.version .. ", " .. r.version -- such as several kernels
    elseif r.state:sub(2, 2) == "i" then -- not: removed, but for its configuration
      by_name[r.package], list[#list + 1] = r, r
    end
  end
  m:gauge("host_packages", #list, {}, "Installed packages.")
  m:rows("packages", list, {key = "package", columns = {"package", "version"}})
end

collect("inventory", {timeout = "1m"}, function(m)
  facts(m)
  disks(m)
  users(m)
  if p.packages then packages(m) end
end)
