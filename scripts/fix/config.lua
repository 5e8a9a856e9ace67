#!/usr/bin/env opslua
-- Brings a configuration file to a new text. Only where that changes something is
-- the service told; where the new text is not good, or the service is not well with
-- it, the old text comes back. A run that was killed halfway is made up for by the
-- next one. The old text is also kept beside the file, as FILE.bak.
--
--   opslua run config.lua --set file=/etc/nginx/conf.d/site.conf --set source=site.conf \
--     --set validate=nginx,-t --set service=nginx --set url=http://127.0.0.1/ --dry-run

local p = param{
  file = {required = true}, -- what is changed: a whole path
  source = {required = true}, -- a file with the new text; {{name}} stands for a value
  values = {}, -- what stands in its place: name=value
  validate = {}, -- a command that says whether it is good: nginx,-t; {} stands for the new file
  service = "", -- reloaded after a change, or started where it does not run
  url = "", -- a page that has to answer afterwards
  settle = "2s", -- until a reload has had its effect
  within = "30s", -- then, until all has to be well
  mode = "",
  owner = "",
}

check("service", {timeout = "30s"}, function(c)
  if p.service ~= "" and not sys.service(p.service).active then c:crit("%s is not running", p.service) end
  if p.url ~= "" then c:http(p.url, {timeout = "5s"}) end
end)

local function new_text()
  local values = {}
  for _, item in ipairs(p.values) do
    local name, value = item:match("^([^=]+)=(.*)$")
    if not name then error("values: " .. item .. " is no name=value", 0) end
    values[name] = value
  end
  return fs.read(p.source), values
end

-- What was there before: text, mode and owner, or nil.
local function old_file()
  if not fs.exists(p.file) then return nil end
  local s = fs.stat(p.file)
  return {text = fs.read(p.file), attributes = {mode = s.mode, owner = s.uid .. ":" .. s.gid}}
end

local function tell_service()
  local s = sys.service(p.service)
  if s.active then s:reload() else s:start() end
end

fix("config " .. p.file, {lock = "config " .. p.file, verify = {check = "service", within = p.within}}, function(f)
  -- Whatever is wrong with the question is found out before anything is changed.
  if p.file:sub(1, 1) ~= "/" then error("file: got " .. p.file .. ", want a path that begins with /", 0) end
  if p.service ~= "" then sys.service(p.service) end
  if #p.validate > 0 and not proc.which(p.validate[1]) then error("validate: there is no program " .. p.validate[1], 0) end
  local pause = fmt.parse_duration(p.settle)
  local text, values = new_text()
  local before = old_file()

  local opts = {backup = true, mode = p.mode ~= "" and p.mode or nil, owner = p.owner ~= "" and p.owner or nil}
  -- A command that names the new file by {} looks at it before it is in place;
  -- one that does not, such as nginx -t, looks at all of them, in a step of its own.
  local by_file = table.concat(p.validate, " "):find("{}", 1, true)
  if by_file then opts.validate = p.validate end

  local change, told
  f:step("write " .. p.file, function() change = fs.template(p.file, text, values, opts) end)
  f:on_change(change, function()
    f:evidence("the old text", before and "in " .. p.file .. ".bak" or "none: the file is new")
  end, {title = "keep the way back", undo = function()
    if not change.changed then error("an earlier run wrote it; what was there before may be in " .. p.file .. ".bak", 0) end
    if before then fs.write(p.file, before.text, before.attributes) else fs.remove(p.file) end
    if told and sys.service(p.service).active then
      sys.service(p.service):reload()
      time.sleep(pause)
    end
  end})
  if #p.validate > 0 and not by_file then
    -- No probe: it says something about the file as it will be, so that a dry run plans it.
    f:on_change(change, function() proc.check{timeout = "60s", unpack(p.validate)} end, {title = "validate"})
  end
  if p.service ~= "" then
    local ran = f:on_change(change, function()
      told = true
      tell_service()
    end, {title = "tell " .. p.service})
    -- A reload only begins when it is asked for: until it is done, the old
    -- configuration still answers, and would be taken for the new one.
    local since = time.now()
    if ran then
      f:wait("let it settle", {within = pause + 5, every = "100ms"}, function() return time.now() - since >= pause end)
    end
  end
end)
