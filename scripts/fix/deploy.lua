#!/usr/bin/env opslua
-- Brings a work tree to the newest commit of a branch, builds it, restarts its
-- service and looks whether it answers. Where anything goes wrong the work tree
-- goes back to the commit where it was, and is built and started again from there.
-- A run that was killed halfway is made up for by the next one: refs/opslua/deployed
-- in the repository is the last commit that was brought all the way.
--
--   opslua run deploy.lua --set dir=/srv/app --set build=make,-j2 --set service=app \
--     --set url=http://127.0.0.1:8080/health --dry-run

local p = param{
  dir = {required = true},
  branch = "main",
  build = {}, -- a command
  build_timeout = "10m",
  service = "", -- restarted where something is new
  url = "", -- has to answer afterwards
  settle = "2s", -- after a restart, before it is looked at
  within = "30s", -- then, until it has to answer
}

local mark = "refs/opslua/deployed"
local git = proc.with{cwd = p.dir, timeout = "60s", env = {GIT_TERMINAL_PROMPT = "0", LC_ALL = "C"}}

check("answers", {timeout = "20s"}, function(c)
  if p.service == "" and p.url == "" then c:ok("no service and no url to ask") end
  if p.service ~= "" and not sys.service(p.service).active then c:crit("%s is not running", p.service) end
  if p.url ~= "" then c:http(p.url, {timeout = "5s"}) end
end)

-- The commit that the branch is at, on the other side. Asking changes nothing here,
-- so that a dry run knows it too.
local function newest()
  local ref = "refs/heads/" .. p.branch
  for _, line in ipairs(text.lines(git.read{"git", "ls-remote", "origin", ref})) do
    local commit, name = line:match("^(%x+)%s+(%S+)$")
    if name == ref then return commit end
  end
  error("origin has no branch " .. p.branch, 0)
end

local function build()
  if #p.build == 0 then return end
  proc.check{cwd = p.dir, timeout = p.build_timeout, unpack(p.build)}
end

local function restart()
  if p.service ~= "" then sys.service(p.service):restart() end
end

fix("deploy " .. p.dir, {lock = "deploy " .. p.dir, verify = {check = "answers", within = p.within}}, function(f)
  local pause = fmt.parse_duration(p.settle)
  if p.service ~= "" then sys.service(p.service) end -- raises where there is none
  local head = git.read{"git", "rev-parse", "--verify", "HEAD"}
  local dirty = git.read{"git", "status", "--porcelain", "--untracked-files=no"}
  if dirty ~= "" then error(p.dir .. ": there are changes that are not committed: " .. dirty:gsub("\n", ", "), 0) end
  local after = newest()
  local last = git.run{"git", "rev-parse", "--verify", "--quiet", mark, probe = true, ok = {0, 1}}.stdout:match("%x+")
  local old = last or head -- where the way back leads
  if after == head and old == head then
    f:evidence("commit", head .. " is the newest")
    return
  end
  -- 128: the commit is not here yet.
  local ahead = git.run{"git", "merge-base", "--is-ancestor", after, head, probe = true, ok = {0, 1, 128}}.code == 0
  if ahead and after ~= head then error(p.dir .. ": it has commits that origin does not have on " .. p.branch, 0) end
  f:evidence("commits", old .. " -> " .. after)

  if after ~= head then
    f:step("fetch", function() git.check{"git", "fetch", "--quiet", "origin", "refs/heads/" .. p.branch} end)
  end
  local built, restarted
  f:step("check out " .. after:sub(1, 12), function()
    git.check{"git", "update-ref", mark, old}
    git.check{"git", "merge", "--quiet", "--ff-only", after}
  end, {undo = function()
    -- The tree was clean: what differs now is of the new commit and its build.
    git.check{"git", "reset", "--quiet", "--hard", old}
    if built then build() end
    if restarted then
      restart()
      time.sleep(pause)
    end
  end})
  if #p.build > 0 then
    f:step("build", function()
      built = true
      build()
    end)
  end
  if p.service ~= "" then
    f:step("restart " .. p.service, function()
      restarted = true
      restart()
    end)
    local since = time.now()
    f:wait("let it settle", {within = pause + 5, every = "100ms"}, function() return time.now() - since >= pause end)
  end
  f:step("note that it is deployed", function() git.check{"git", "update-ref", mark, after} end, {
    undo = function() git.check{"git", "update-ref", mark, old} end,
  })
end)
