-- The same work with proc: prints the median in seconds.
local function median(n, f)
  local took = {}
  for i = 1, n do
    local start = time.now()
    f()
    took[i] = time.now() - start
  end
  table.sort(took)
  return took[math.floor(n / 2) + 1]
end

local work = {
  list = function() return median(15, function() return proc.list{} end) end,
  names = function() return median(15, function() return proc.list{fields = {"pid", "name"}} end) end,
  byname = function() return median(15, function() return proc.list{name = "opslua-bench-none"} end) end,
  tree = function() return median(15, function() return proc.tree() end) end,
  subtree = function() return median(15, function() return proc.tree(tonumber(arg[2])) end) end,
  run = function() return median(300, function() return proc.run{"/bin/true"} end) end,
  capture = function()
    return median(3, function()
      local r = proc.run{"head", "-c", 268435456, "/dev/zero", max_output = "1GiB"}
      assert(#r.stdout == 268435456)
    end)
  end,
  killtree = function()
    local h = proc.spawn{"sh", "-c", "trap '' TERM; i=0; while [ $i -lt 1000 ]; do sleep 600 & i=$((i+1)); done; echo; wait", ok = "any"}
    for _ in h:lines() do break end -- all of them have been started
    local start = time.now()
    h:stop{grace = "500ms"}
    local took = time.now() - start - 0.5
    assert(h:poll().signal == "KILL" and #proc.list{match = "^sleep 600$"} == 0)
    return took
  end,
}
print(string.format("%.9f", work[arg[1]]()))
