#!/usr/bin/env opslua
-- Sockets: what listens here, and how many the kernel holds. Without root, whose
-- they are is known only of own processes.
--
--   opslua run sockets.lua --changes          what has begun to listen since the last run

collect("sockets", {timeout = "20s"}, function(m)
  local rows, count = net.listeners(), {tcp = 0, udp = 0}
  for _, l in ipairs(rows) do
    count[l.proto] = count[l.proto] + 1
    l.socket = l.proto .. " " .. l.addr .. " " .. l.port
  end
  m:gauge("sockets_listening", count.tcp, {proto = "tcp"}, "Addresses that are listened on, or bound.")
  m:gauge("sockets_listening", count.udp, {proto = "udp"}, "Addresses that are listened on, or bound.")
  m:rows("listeners", rows, {key = "socket", columns = {"proto", "addr", "port", "pid", "name"}})

  -- Lines such as "TCP: inuse 5 orphan 0 tw 2 alloc 7 mem 1".
  for _, file in ipairs{"/proc/net/sockstat", "/proc/net/sockstat6"} do
    for _, line in ipairs(text.lines((try(fs.read, file)) or "")) do
      local f = text.fields(line)
      local proto = f[1]:gsub(":$", ""):lower()
      for i = 2, #f - 1, 2 do
        if f[i] ~= "mem" and f[i] ~= "memory" then
          m:gauge("sockets_" .. f[i], tonumber(f[i + 1]), {proto = proto}, "Sockets by state, as the kernel counts them.")
        end
      end
    end
  end
end)
