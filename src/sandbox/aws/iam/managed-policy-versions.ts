import type { ManagedPolicy, PolicyVersion } from "../account/entities.ts";
import { deleteConflict, found, limitExceeded, noSuchEntity } from "../fault.ts";
import type { Call, Operations } from "../handler.ts";
import { members, type XmlTree } from "../protocol/answer.ts";
import { required } from "./constraints.ts";
import { acceptManagedDocument, requireOwnPolicy, requireVisiblePolicy } from "./managed-policies.ts";
import { paginate } from "./paging.ts";
import { fullVersion, listedVersion } from "./render.ts";

/** The versions of managed policies. */
export const policyVersionOperations: Operations = {
  CreatePolicyVersion: { kind: "write", handle: createVersion },
  DeletePolicyVersion: { kind: "write", handle: deleteVersion },
  SetDefaultPolicyVersion: { kind: "write", handle: setDefaultVersion },
  GetPolicyVersion: { kind: "read", handle: getVersion },
  ListPolicyVersions: { kind: "read", handle: listVersions },
};

/**
 * The version that VersionId names.
 * @throws AwsFault NoSuchEntity
 */
function versionIn(policy: ManagedPolicy, call: Call): PolicyVersion {
  const id = required(call.params, "VersionId");
  const version = policy.versions.find((one) => one.id === id);
  return found(version, () => noSuchEntity(`Policy ${policy.arn} version ${id} does not exist or is not attachable.`));
}

function createVersion(call: Call): XmlTree {
  const { account, params } = call;
  const policy = requireOwnPolicy(call);
  const document = acceptManagedDocument(call, required(params, "PolicyDocument"));
  if (policy.versions.length >= account.settings.quotas.versionsPerPolicy) {
    throw limitExceeded(
      `A managed policy can have up to ${account.settings.quotas.versionsPerPolicy} versions. Before you create a new version, you must delete an existing version.`,
    );
  }
  const version = { id: `v${policy.nextVersion}`, createdAtMs: account.now(), document };
  const changed: ManagedPolicy = {
    ...policy,
    versions: [...policy.versions, version],
    nextVersion: policy.nextVersion + 1,
    defaultVersionId: params.get("SetAsDefault") === "true" ? version.id : policy.defaultVersionId,
  };
  account.policies.put(policy.arn, changed);
  return { PolicyVersion: listedVersion(changed, version) };
}

function deleteVersion(call: Call): undefined {
  const policy = requireOwnPolicy(call);
  const { id } = versionIn(policy, call);
  if (id === policy.defaultVersionId) {
    throw deleteConflict("Cannot delete the default version of a policy.");
  }
  const versions = policy.versions.filter((version) => version.id !== id);
  call.account.policies.put(policy.arn, { ...policy, versions });
}

function setDefaultVersion(call: Call): undefined {
  const policy = requireOwnPolicy(call);
  call.account.policies.put(policy.arn, { ...policy, defaultVersionId: versionIn(policy, call).id });
}

function getVersion(call: Call): XmlTree {
  const policy = requireVisiblePolicy(call);
  return { PolicyVersion: fullVersion(policy, versionIn(policy, call)) };
}

/** The newest first, as IAM lists them. */
function listVersions(call: Call): XmlTree {
  const policy = requireVisiblePolicy(call);
  const rank = new Map(policy.versions.map((version, index) => [version, String(1_000_000 - index)]));
  const page = paginate(call.account, call.params, policy.versions, (version) => rank.get(version) ?? "");
  return { Versions: members(page.items.map((version) => listedVersion(policy, version))), ...page.paging };
}
