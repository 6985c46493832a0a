-- Health of an InstanceProfile and of an InstanceProfileClass for Argo CD, which does not evaluate conditions by itself. The conditions
-- follow kstatus: Reconciling, Stalled, DryRun and Suspended are present only while True. docs/how-to/gitops.md explains the results.
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
-- DryRun or Suspended takes the place of Ready where the spec keeps the controller from making the object ready.
local state = ready or conditions["DryRun"] or conditions["Suspended"]

-- A status of an earlier generation says nothing about this one.
if status.observedGeneration ~= obj.metadata.generation or state == nil then
  hs.message = "Waiting for the controller to observe generation " .. tostring(obj.metadata.generation)
  return hs
end

hs.message = state.reason .. ": " .. state.message
if stalled ~= nil and stalled.status == "True" then
  hs.status = "Degraded"
elseif obj.metadata.deletionTimestamp ~= nil then
  hs.status = "Progressing"
elseif conditions["Suspended"] ~= nil or ready == nil then
  -- No progress until a user changes the spec.
  hs.status = "Suspended"
elseif ready.status == "True" then
  hs.status = "Healthy"
end
return hs
