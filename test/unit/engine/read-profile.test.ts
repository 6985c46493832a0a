import { expect, test } from "vitest";
import { readOwnPolicies } from "../../../src/engine/offline/read-profile.ts";
import type { IamReader, ManagedPolicyFacts, ReportedPolicy } from "../../../src/engine/ports.ts";
import { ABSENT, type ObservedRole } from "../../../src/model/observed-state.ts";

const SIGNAL = new AbortController().signal;
const ARN = "arn:aws:iam::123456789012:policy/own";
const BOTH = { unowned: true, owned: true };

const ROLE = {
  arn: "arn:aws:iam::123456789012:role/app",
  managedPolicyArns: [ARN],
  tags: {},
} as unknown as ObservedRole;

/** An account with one customer managed policy, which the role alone uses. */
class Account {
  #policyId = "ANPA1";
  #versions = new Map([["v1", "first"]]);
  #defaultVersionId = "v1";

  addVersion(versionId: string, document: string): void {
    this.#versions.set(versionId, document);
    this.#defaultVersionId = versionId;
  }

  recreate(policyId: string, document: string): void {
    this.#policyId = policyId;
    this.#versions = new Map([["v1", document]]);
    this.#defaultVersionId = "v1";
  }

  /** What an account scan reports now. */
  scan(): { readonly roles: ReadonlyMap<string, ObservedRole>; readonly policies: Map<string, ReportedPolicy> } {
    const { tags: _, ...facts } = this.#facts();
    const document = this.#versions.get(this.#defaultVersionId) ?? "";
    return { roles: new Map(), policies: new Map([[ARN, { ...facts, document, versionIds: this.#versionIds() }]]) };
  }

  get reader(): IamReader {
    const reader: Pick<IamReader, "getPolicy" | "getPolicyVersion" | "listPolicyVersions"> = {
      getPolicy: async (arn) => (arn === ARN ? this.#facts() : ABSENT),
      getPolicyVersion: async (_, versionId) => this.#versions.get(versionId),
      listPolicyVersions: async () => this.#versionIds(),
    };
    return reader as IamReader;
  }

  #versionIds(): readonly string[] {
    return [...this.#versions.keys()];
  }

  #facts(): ManagedPolicyFacts {
    return {
      presence: "present",
      arn: ARN,
      policyId: this.#policyId,
      defaultVersionId: this.#defaultVersionId,
      tags: {},
      attachments: 1,
      boundaries: 0,
    };
  }
}

async function readAfter(change: (account: Account) => void): Promise<unknown> {
  const account = new Account();
  const scanned = account.scan();
  change(account);
  const policies = await readOwnPolicies(ROLE, BOTH, account.reader, SIGNAL, scanned);
  return policies.map(({ policyId, document, versionIds }) => ({ policyId, document, versionIds }));
}

test("an own policy of a scan is as the scan saw it while its default version is the same", async () => {
  expect(await readAfter(() => {})).toEqual([{ policyId: "ANPA1", document: "first", versionIds: ["v1"] }]);
});

test("an own policy whose default version changed after the scan is read anew", async () => {
  const changed = await readAfter((account) => account.addVersion("v2", "second"));
  expect(changed).toEqual([{ policyId: "ANPA1", document: "second", versionIds: ["v1", "v2"] }]);
});

test("an own policy that was deleted and created after the scan is read anew, though its version has the same id", async () => {
  const created = await readAfter((account) => account.recreate("ANPA2", "another"));
  expect(created).toEqual([{ policyId: "ANPA2", document: "another", versionIds: ["v1"] }]);
});
