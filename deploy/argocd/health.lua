-- Health of an InstanceProfile for Argo CD, which knows nothing of conditions by itself. The conditions follow kstatus: Reconciling
-- and Stalled are there only while True. docs/spec/instance-profile.md explains the reasons.
local hs = { status = "Progressing", message = "Waiting for the controller" }

local status = obj.status
if obj.metadata.deletionTimestamp ~= nil then
  hs.message = "Pending deletion"
end
if status == nil or status.conditions == nil then
  return hs
end

local conditions = {}
for _, condition in ipairs(status.conditions) do
  conditions[condition.type] = condition
end
local ready = conditions["Ready"]
local stalled = conditions["Stalled"]

-- What was said of an earlier spec says nothing of this one.
if status.observedGeneration ~= obj.metadata.generation or ready == nil then
  hs.message = "Waiting for the controller to look at generation " .. tostring(obj.metadata.generation)
  return hs
end

hs.message = ready.reason .. ": " .. ready.message
if stalled ~= nil and stalled.status == "True" then
  hs.status = "Degraded"
elseif obj.metadata.deletionTimestamp ~= nil then
  hs.status = "Progressing"
elseif ready.reason == "Suspended" or ready.reason == "DryRun" then
  -- Nothing goes on until a person changes the spec.
  hs.status = "Suspended"
elseif ready.status == "True" then
  hs.status = "Healthy"
end
return hs
