#!/usr/bin/env opslua
-- Brings a work tree to the newest commit of a branch, and builds it.
--
--   opslua deploy.lua DIR BRANCH [BUILD COMMAND [ARG]...]
--
-- Stops at the first thing that is not as it should be, says why, and leaves
-- the work tree at the commit where it was.

local dir, branch, build = arg[1], arg[2], {unpack(arg, 3)}
if not branch or dir == "" or branch == "" then
  error("usage: deploy.lua DIR BRANCH [BUILD COMMAND [ARG]...]", 0)
end

local git = proc.with{cwd = dir, timeout = "60s", env = {GIT_TERMINAL_PROMPT = "0", LC_ALL = "C"}}

local before = git.read{"git", "rev-parse", "HEAD"}
local dirty = git.read{"git", "status", "--porcelain"}
if dirty ~= "" then
  error(dir .. ": there are changes that are not committed: " .. dirty, 0)
end

git.check{"git", "fetch", "--quiet", "origin", "refs/heads/" .. branch}
git.check{"git", "merge", "--quiet", "--ff-only", "FETCH_HEAD"}
local after = git.read{"git", "rev-parse", "HEAD"}
if after == before then
  print("nothing new at " .. before:sub(1, 12))
  exit(0)
end

if #build > 0 then
  build.cwd, build.timeout, build.label = dir, os.getenv("BUILD_TIMEOUT") or "10m", "build"
  local built, why = proc.try(build)
  if not built then
    git.check{"git", "reset", "--quiet", "--keep", before}
    error("back at " .. before:sub(1, 12) .. ", since " .. after:sub(1, 12) .. " does not build: " .. why, 0)
  end
end
print(before:sub(1, 12) .. " -> " .. after:sub(1, 12))
print(git.read{"git", "log", "--format=  %h %s", before .. ".." .. after})
