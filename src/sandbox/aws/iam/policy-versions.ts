import type { ManagedPolicy, PolicyVersion } from "../account/entities.ts";
import { deleteConflict, limitExceeded, noSuchEntity } from "../fault.ts";
import type { Call, Operations } from "../handler.ts";
import { members, type XmlTree } from "../protocol/answer.ts";
import { required } from "./constraints.ts";
import { acceptManagedDocument, requireOwnPolicy, requireVisiblePolicy } from "./managed-policies.ts";
import { paginate } from "./paging.ts";
import { policyVersions } from "./render.ts";

/** The versions of managed policies. */
export const policyVersionOperations: Operations = {
  CreatePolicyVersion: { kind: "write", handle: createPolicyVersion },
  GetPolicyVersion: { kind: "read", handle: getPolicyVersion },
  ListPolicyVersions: { kind: "read", handle: listPolicyVersions },
  SetDefaultPolicyVersion: { kind: "write", handle: setDefaultPolicyVersion },
  DeletePolicyVersion: { kind: "write", handle: deletePolicyVersion },
};

function requireVersion(policy: ManagedPolicy, versionId: string): PolicyVersion {
  const version = policy.versions.find((candidate) => candidate.versionId === versionId);
  if (version === undefined) {
    throw noSuchEntity(`Policy ${policy.arn} version ${versionId} does not exist or is not attachable.`);
  }
  return version;
}

function createPolicyVersion(call: Call): XmlTree {
  const { account, params } = call;
  const text = required(params, "PolicyDocument");
  const policy = requireOwnPolicy(call);
  const document = acceptManagedDocument(call, text);
  const max = account.settings.quotas.versionsPerPolicy;
  if (policy.versions.length >= max) {
    throw limitExceeded(
      `A managed policy can have up to ${max} versions. Before you create a new version, you must delete an existing version.`,
    );
  }
  const number = policy.lastVersionNumber + 1;
  const version: PolicyVersion = { versionId: `v${number}`, document, createdAtMs: account.now() };
  const changed: ManagedPolicy = {
    ...policy,
    versions: [...policy.versions, version],
    lastVersionNumber: number,
    defaultVersionId: params.get("SetAsDefault") === "true" ? version.versionId : policy.defaultVersionId,
    updatedAtMs: account.now(),
  };
  account.policies.put(policy.arn, changed);
  return { PolicyVersion: element(changed, version.versionId, "without documents") };
}

function getPolicyVersion(call: Call): XmlTree {
  const versionId = required(call.params, "VersionId");
  const policy = requireVisiblePolicy(call);
  requireVersion(policy, versionId);
  return { PolicyVersion: element(policy, versionId, "with documents") };
}

function element(
  policy: ManagedPolicy,
  versionId: string,
  documents: "with documents" | "without documents",
): XmlTree | undefined {
  return policyVersions(policy, documents).find((candidate) => candidate["VersionId"] === versionId);
}

function listPolicyVersions(call: Call): XmlTree {
  const elements = policyVersions(requireVisiblePolicy(call), "without documents");
  const page = paginate(call.account, call.params, elements, (version) => String(version["VersionId"]));
  return { Versions: members(page.items), ...page.paging };
}

function setDefaultPolicyVersion(call: Call): undefined {
  const versionId = required(call.params, "VersionId");
  const policy = requireOwnPolicy(call);
  requireVersion(policy, versionId);
  call.account.policies.put(policy.arn, { ...policy, defaultVersionId: versionId, updatedAtMs: call.account.now() });
}

function deletePolicyVersion(call: Call): undefined {
  const versionId = required(call.params, "VersionId");
  const policy = requireOwnPolicy(call);
  requireVersion(policy, versionId);
  if (policy.defaultVersionId === versionId) {
    throw deleteConflict("Cannot delete the default version of a policy.");
  }
  const versions = policy.versions.filter((version) => version.versionId !== versionId);
  call.account.policies.put(policy.arn, { ...policy, versions });
}
