#!/usr/bin/env opslua
-- Brings a configuration file to a new text: validated before it is in place,
-- the service reloaded only where something changed, and the old text back
-- where the service is not well afterwards.
--
--   opslua run config.lua --set file=/etc/nginx/conf.d/site.conf --set source=site.conf --set service=nginx --dry-run

local p = param{
  file = {required = true}, -- what is changed
  source = {required = true}, -- a file with the new text; {{name}} stands for a value
  values = {}, -- for the template: name=value
  validate = {}, -- a command that says whether the configuration is good: nginx,-t; {} stands for the new file
  service = "", -- reloaded after a change
  url = "", -- a page that has to answer afterwards
  mode = "",
  owner = "",
}

check("service", {timeout = "30s"}, function(c)
  if p.service ~= "" and not sys.service(p.service).active then c:crit("%s is not running", p.service) end
  if p.url ~= "" then c:http(p.url, {timeout = "5s"}) end
end)

local function new_text()
  local source, values = fs.read(p.source), {}
  for _, item in ipairs(p.values) do
    local name, value = item:match("^([^=]+)=(.*)$")
    if not name then error("values: " .. item .. " is no name=value") end
    values[name] = value
  end
  return source, values
end

fix("config", {lock = "config " .. p.file, verify = {check = "service", within = "30s"}}, function(f)
  local source, values = new_text()
  local before = fs.exists(p.file) and fs.read(p.file) or nil
  local opts = {
    backup = true,
    mode = p.mode ~= "" and p.mode or nil, owner = p.owner ~= "" and p.owner or nil,
  }
  -- A command that names the new file by {} looks at it before it is in place;
  -- one that does not, such as nginx -t, looks at the whole, in a step of its own.
  local by_file = table.concat(p.validate, " "):find("{}", 1, true)
  if #p.validate > 0 and by_file then opts.validate = p.validate end

  local changed
  f:step("write " .. p.file, function()
    changed = fs.template(p.file, source, values, opts)
  end, {undo = function()
    if before then fs.write(p.file, before) else fs.remove(p.file) end
    if p.service ~= "" then sys.service(p.service):reload() end
  end})
  if #p.validate > 0 and not by_file then
    f:on_change(changed, function()
      local command = {unpack(p.validate)}
      command.probe = true
      proc.check(command)
    end)
  end
  if p.service ~= "" then
    f:on_change(changed, function() sys.service(p.service):reload() end)
  end
end)
