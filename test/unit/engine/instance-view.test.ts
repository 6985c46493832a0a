import { expect, test } from "vitest";
import { observedInstanceFor } from "../../../src/engine/observe/instance-view.ts";
import { ASSOCIATED_BY_TAG, markerOf } from "../../../src/model/instances/association-tags.ts";
import { shortHash } from "../../../src/model/naming.ts";
import { TAG_KEYS } from "../../../src/model/ownership.ts";
import { createdState, desiredOf } from "../../support/builders.ts";

test.each([
  ["is short", "a"],
  ["is so long that the marker is shortened", "a".repeat(250)],
])("the marker of the cluster that the role was adopted from counts, where its id %s", (_, from) => {
  const instances = { region: "eu-west-1", selector: { matchTags: { app: "web" } }, onConflict: "Keep" } as const;
  const desired = { ...desiredOf({ instances }), handOver: { from } };
  const { role, instanceProfile } = createdState();
  const markedBy = (clusterId: string, adoptedFrom: string): boolean => {
    const tags = { app: "web", [ASSOCIATED_BY_TAG]: markerOf({ ...desired.owner, clusterId }, "i-1") };
    const { arn: profileArn, id: profileId } = instanceProfile;
    const association = { associationId: "iip-assoc-1", profileArn, profileId, state: "associated" } as const;
    const adopted = { ...role, tags: { ...role.tags, [TAG_KEYS.adoptedFrom]: shortHash(adoptedFrom) } };
    const facts = { instanceId: "i-1", region: "eu-west-1", state: "running", tags, association } as const;
    return observedInstanceFor(desired, { role: adopted, instanceProfile }, facts, []).isMarked;
  };
  expect([markedBy(from, from), markedBy(from, "c"), markedBy(`${from}b`, from)]).toEqual([true, false, false]);
});
