#!/usr/bin/env opslua
-- Sockets: what listens here, and how many the kernel holds.

collect("sockets", {timeout = "20s"}, function(m)
  local rows = net.listeners()
  local count = {}
  for _, l in ipairs(rows) do
    count[l.proto] = (count[l.proto] or 0) + 1
    l.socket = l.proto .. " " .. l.addr .. " " .. l.port
  end
  for proto, n in pairs(count) do
    m:gauge("sockets_listening", n, {proto = proto}, "Sockets that listen, or are bound.")
  end
  m:rows("listeners", rows, {key = "socket", columns = {"proto", "addr", "port", "pid", "name"}})

  -- Lines such as "TCP: inuse 5 orphan 0 tw 2 alloc 7 mem 1".
  for _, line in ipairs(text.lines(fs.read("/proc/net/sockstat"))) do
    local f = text.fields(line)
    local proto = f[1]:gsub(":$", ""):lower()
    for i = 2, #f - 1, 2 do
      if f[i] ~= "mem" then
        m:gauge("sockets_" .. f[i], tonumber(f[i + 1]), {proto = proto}, "Sockets by state, as /proc/net/sockstat counts them.")
      end
    end
  end
end)
