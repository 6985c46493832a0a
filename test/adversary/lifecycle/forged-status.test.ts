import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { s3ReadOnly } from "../../support/manifest.ts";
import { Organisation, TEAMS } from "../../support/simulation/organisation.ts";

const OBJECTS = "/apis/iam.instanceprofile.dev/v1beta1/namespaces/default/instanceprofiles";
const MINUTE_MS = 60_000;

let org: Organisation;
beforeEach(async () => {
  org = await Organisation.open();
});
afterEach(() => org.close());

const key = (name: string) => ({ namespace: "default", name });

function apply(name: string, spec: Readonly<Record<string, unknown>> = {}): Promise<void> {
  return org.sim.apply(s3ReadOnly(key(name), { roleName: name, className: "a", ...spec }));
}

/** Somebody with the right to write instanceprofiles/status replaces one field. */
async function forge(name: string, field: string, value: unknown): Promise<void> {
  await org.sim.servers.kubeApi().expectOk({
    method: "PATCH",
    path: `${OBJECTS}/${name}/status?fieldManager=other`,
    body: [{ op: "add", path: `/status/${field}`, value }],
    contentType: "application/json-patch+json",
  });
}

const readyOf = async (name: string): Promise<string> => (await org.ready(name)).split(":")[0] ?? "";

/** An acceptance that is older than every other one. */
const FIRST = {
  name: "a",
  accountId: TEAMS.a,
  acceptedTime: "2020-01-01T00:00:00.000Z",
  allowedDeletionPolicies: ["Delete"],
  allowForceDelete: false,
};

describe("A forged acceptance, while it stands in the status,", () => {
  test.each(["Keep", "Strip"] as const)(
    "makes no room for the object beyond maxPerNamespace, and takes it from no other one: %s",
    async (onViolation) => {
      const { sim } = org;
      await org.applyClass("a", { maxPerNamespace: 1, onViolation });
      sim.start({ hasClasses: true, isSweeping: true });
      await sim.run(1_000);
      await apply("app");
      await sim.run(3 * MINUTE_MS);
      await apply("second");
      await sim.run(3 * MINUTE_MS);
      const before = [await readyOf("app"), await readyOf("second")];
      expect(org.rolesIn(TEAMS.a)).toEqual(["app"]);
      await forge("second", "class", FIRST);
      await sim.user.annotate(key("app"), { "iam.instanceprofile.dev/reconcile-at": "1" });
      await sim.run(30 * MINUTE_MS);
      expect(org.rolesIn(TEAMS.a)).toEqual(["app"]);
      expect([await readyOf("app"), await readyOf("second")]).toEqual(before);
    },
  );
});
