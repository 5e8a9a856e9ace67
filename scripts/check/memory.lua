#!/usr/bin/env opslua
-- Memory that programs use: all but what the kernel could give back at once. In
-- a container with a limit of its own, that limit is looked at too.
--
--   warn, crit  percent used, a range
--   cgroup      folder of the container's limit

local p = param{
  warn = "85",
  crit = "95",
  cgroup = "/sys/fs/cgroup",
}

local function used(c, label, total, available)
  c:value(label, (total - available) / total * 100, {
    unit = "%", warn = p.warn, crit = p.crit, min = 0, max = 100,
    note = fmt.bytes(available) .. " of " .. fmt.bytes(total) .. " available",
  })
end

check("memory", {timeout = "10s"}, function(c)
  local m = sys.memory()
  used(c, "used", m.total, m.available)
  c:metric("available", m.available, {unit = "B", min = 0, max = m.total})

  local most = tonumber((try(fs.read, p.cgroup .. "/memory.max"))) -- "max" is none
  if most and most > 0 and most < m.total then
    local cache = text.kv(fs.read(p.cgroup .. "/memory.stat"), {sep = " "}).inactive_file
    used(c, "used of the limit", most, most - tonumber(fs.read(p.cgroup .. "/memory.current")) + tonumber(cache))
  end
end)
