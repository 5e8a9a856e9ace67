-- 100 commands run side by side, then a check of each: what goss does with a
-- file, which puts a shell in front of each.
local commands = {}
for i = 1, 100 do
  commands[i] = {"/bin/echo", "check-" .. i - 1}
end
local results = proc.parallel(commands, {limit = 50, probe = true})
for i, r in ipairs(results) do
  check("check-" .. i - 1, {}, function(c)
    if not r.ok then c:crit("exit %d", r.code) end
    c:expect("stdout", r.stdout):contains("check-" .. i - 1)
  end)
end
