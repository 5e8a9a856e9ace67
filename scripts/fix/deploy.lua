#!/usr/bin/env opslua
-- Brings a work tree to the newest commit of a branch, builds it, restarts its
-- service and looks whether it answers. Where anything goes wrong the work tree
-- goes back to the commit where it was.
--
--   opslua run deploy.lua --set dir=/srv/app --set build=make,-j2 --set service=app --set url=http://127.0.0.1:8080/health

local p = param{
  dir = {required = true},
  branch = "main",
  build = {}, -- a command
  build_timeout = "10m",
  service = "", -- restarted where something is new
  url = "", -- has to answer afterwards
  within = "30s",
}

local git = proc.with{cwd = p.dir, timeout = "60s", env = {GIT_TERMINAL_PROMPT = "0", LC_ALL = "C"}}

check("answers", {timeout = "20s"}, function(c)
  if p.url ~= "" then c:http(p.url, {timeout = "5s"}) else c:ok("no url to ask") end
end)

fix("deploy", {lock = "deploy " .. p.dir, verify = {check = "answers", within = p.within}}, function(f)
  local before = git.read{"git", "rev-parse", "HEAD"}
  local dirty = git.read{"git", "status", "--porcelain"}
  if dirty ~= "" then error(p.dir .. ": there are changes that are not committed: " .. dirty) end
  -- Asking the other side changes nothing here, so that a dry run knows what is new.
  local remote = git.read{"git", "ls-remote", "origin", "refs/heads/" .. p.branch}
  local after = remote:match("^(%x+)")
  if not after then error("origin has no branch " .. p.branch) end
  f:evidence("commits", before .. " -> " .. after)
  if after == before then return end

  local function restart()
    if p.service ~= "" then sys.service(p.service):restart() end
  end
  f:step("fetch " .. after:sub(1, 12), function() git.check{"git", "fetch", "--quiet", "origin", "refs/heads/" .. p.branch} end)
  f:step("check out", function() git.check{"git", "merge", "--quiet", "--ff-only", after} end, {
    undo = function()
      git.check{"git", "reset", "--quiet", "--keep", before}
      restart()
    end,
  })
  if #p.build > 0 then
    f:step("build", function()
      local command = {unpack(p.build)}
      command.cwd, command.timeout, command.label = p.dir, p.build_timeout, "build"
      proc.check(command)
    end)
  end
  if p.service ~= "" then f:step("restart " .. p.service, restart) end
end)
