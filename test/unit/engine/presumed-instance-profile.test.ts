import { beforeEach, describe, expect, test } from "vitest";
import { PROFILE_TAG_CYCLE_MS, VerifiedProfiles } from "../../../src/engine/observe/snapshot-index.ts";
import type { DesiredAbsent } from "../../../src/model/desired-state.ts";
import { REGIONS_TAG } from "../../../src/model/instances/association-tags.ts";
import { ABSENT, type ObservedInstanceProfile } from "../../../src/model/observed-state.ts";
import { ownerTags } from "../../../src/model/ownership.ts";
import { desiredAbsence } from "../../support/builders.ts";

const desired = desiredAbsence() as DesiredAbsent;
const OWN: ObservedInstanceProfile = {
  presence: "present",
  instanceProfileName: "app",
  arn: "arn:aws:iam::123456789012:instance-profile/app",
  id: "AIPA1",
  path: "/",
  tags: { ...ownerTags(desired.owner, false), team: "a" },
  roleName: undefined,
};
const SCAN_MAX_AGE_MS = 900_000;

let nowMs: number;
let profiles: VerifiedProfiles;

beforeEach(() => {
  nowMs = 0;
  profiles = new VerifiedProfiles(() => nowMs);
});

/** A scan that began a second after what was verified before, and lists the profile as given, or not at all. */
function scan(listed?: Partial<ObservedInstanceProfile>): void {
  nowMs += 1_000;
  const { tags: _, ...profile } = { ...OWN, roleName: "app", ...listed };
  const instanceProfiles = new Map(listed === undefined ? [] : [["app", profile]]);
  const names = { roles: new Set<string>(), instanceProfiles: new Set<string>(), listedAtMs: nowMs };
  profiles.scanned({ instanceProfiles, names });
}

describe("the instance profile of a deletion is presumed", () => {
  test("when this process has read its tags and a scan lists it with the role; once", () => {
    profiles.verify(OWN);
    scan({});
    const tags = ownerTags(desired.owner, false);
    expect(profiles.take(desired)).toEqual({ ...OWN, tags, roleName: "app" });
    expect(profiles.take(desired)).toBeUndefined();
  });

  test.each<[string, () => void]>([
    ["nothing was read", () => scan({})],
    ["no scan has listed it since", () => profiles.verify(OWN)],
    [
      "it was verified with another id than the scan listed",
      () => {
        profiles.verify(OWN);
        scan({});
        profiles.verify({ ...OWN, id: "AIPA2" });
      },
    ],
    [
      "the scan lists one with another id",
      () => {
        profiles.verify(OWN);
        scan({ id: "AIPA2" });
      },
    ],
    [
      "the scan lists none",
      () => {
        profiles.verify(OWN);
        scan();
        scan({});
      },
    ],
    [
      "the scan lists it with another role",
      () => {
        profiles.verify(OWN);
        scan({ roleName: "other" });
      },
    ],
    [
      "the scan lists it without a role",
      () => {
        profiles.verify(OWN);
        scan({ roleName: undefined });
      },
    ],
    [
      "it has no owner tags",
      () => {
        profiles.verify({ ...OWN, tags: {} });
        scan({});
      },
    ],
    [
      "another object owns it",
      () => {
        profiles.verify({ ...OWN, tags: ownerTags({ ...desired.owner, name: "other" }, false) });
        scan({});
      },
    ],
    [
      "it records associations",
      () => {
        profiles.verify({ ...OWN, tags: { ...OWN.tags, [REGIONS_TAG]: "eu-west-1" } });
        scan({});
      },
    ],
    [
      "its last read showed it without owner tags",
      () => {
        profiles.verify(OWN);
        scan({});
        profiles.verify({ ...OWN, tags: {} });
      },
    ],
    [
      "it was written since",
      () => {
        profiles.verify(OWN);
        scan({});
        profiles.forget("App");
      },
    ],
    [
      "the scan is a quarter of an hour old",
      () => {
        profiles.verify(OWN);
        scan({});
        nowMs += SCAN_MAX_AGE_MS;
      },
    ],
    [
      "its tags were read in no cycle since",
      () => {
        profiles.verify(OWN);
        nowMs += 1.25 * PROFILE_TAG_CYCLE_MS;
        scan({});
      },
    ],
  ])("not when %s", (_, happen) => {
    happen();
    expect(profiles.take(desired)).toBeUndefined();
  });

  test("also when a scan that began before its creation does not list it, once another scan does", () => {
    nowMs = 5_000;
    profiles.verify(OWN);
    const names = { roles: new Set<string>(), instanceProfiles: new Set<string>(), listedAtMs: 4_000 };
    profiles.scanned({ instanceProfiles: new Map(), names });
    scan({});
    expect(profiles.take(desired)).toBeDefined();
  });

  test("as adopted when it was adopted", () => {
    profiles.verify({ ...OWN, tags: ownerTags(desired.owner, true) });
    scan({});
    expect(profiles.take(desired)?.tags).toEqual(ownerTags(desired.owner, true));
  });
});

test("a profile that IAM does not show is not recorded, and what fills the memory forgets the oldest", () => {
  profiles.verify(OWN);
  profiles.verify(ABSENT);
  scan({});
  for (let i = 0; i < 20_000; i += 1) profiles.verify({ ...OWN, instanceProfileName: `other-${i}` });
  expect(profiles.take(desired)).toBeUndefined();
});
