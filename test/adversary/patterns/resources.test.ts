import { describe, expect, test } from "vitest";
import { variable } from "../../support/resource-patterns.ts";
import { verdictOn } from "./class-verdict.ts";

/** Queues and buckets of one team, in one account. */
const TEAM = {
  allowedActions: ["sqs:*", "s3:*"],
  allowedResources: ["arn:aws:sqs:*:123456789012:{namespace}-*", "arn:aws:s3:::{namespace}-*"],
};
const ITS = "it allows arn:aws:sqs:*:123456789012:team-q-*, arn:aws:s3:::team-q-*. Narrow the statement.";
const answerTo = (...resources: readonly string[]) => verdictOn({ actions: ["sqs:*"], resources }, TEAM);
const REFUSED = "ResourceNotAllowed";
const TAG = variable("aws:PrincipalTag/team");
const ACCOUNT = variable("aws:PrincipalAccount");

describe("what the class is for is allowed", () => {
  test.each([
    ["arn:aws:sqs:*:123456789012:team-q-*"],
    ["arn:aws:sqs:eu-west-1:123456789012:team-q-jobs"],
    ["arn:aws:sqs:eu-*:123456789012:team-q-*-dlq"],
    ["arn:aws:sqs:??-west-1:123456789012:team-q-?"],
    ["arn:aws:s3:::team-q-logs/a:b/*"],
    [`arn:aws:s3:::team-q-${TAG}/*`],
    [`arn:aws:sqs:*:123456789012:team-q-${variable("aws:PrincipalTag/team, 'a:b'")}`],
    [`arn:aws:sqs:${variable("aws:RequestedRegion")}:123456789012:team-q-x`],
  ])("%s", (resource) => {
    expect(answerTo(resource)).toMatchObject({ guard: "allowed", admission: "allowed" });
  });
});

describe("an attempt to leave the class by its resource", () => {
  test.each([
    // Cut off at each length: AWS takes * for the missing fields.
    ["everything of the partition", "arn:aws", REFUSED, REFUSED],
    ["everything of the service", "arn:aws:sqs", REFUSED, REFUSED],
    ["everything of a region", "arn:aws:sqs:us-east-1", REFUSED, REFUSED],
    ["everything of all regions", "arn:aws:sqs:*", REFUSED, REFUSED],
    ["everything of the account", "arn:aws:sqs:us-east-1:123456789012", REFUSED, REFUSED],
    ["everything of the account, in all regions", "arn:aws:sqs:*:123456789012", REFUSED, REFUSED],
    ["the name in the account's field", "arn:aws:sqs:*:team-q-x", REFUSED, REFUSED],
    ["the name in the region's field", "arn:aws:sqs:team-q-x", REFUSED, REFUSED],
    ["a star that would have to be two fields", "arn:aws:sqs:*:team-q-*", REFUSED, REFUSED],
    ["all of S3", "arn:aws:s3", REFUSED, REFUSED],
    ["another service", "arn:aws:iam", REFUSED, REFUSED],
    // Trailing colons and empty fields.
    ["nothing behind arn", "arn:", REFUSED, REFUSED],
    ["an empty partition", "arn::sqs:us-east-1:123456789012:team-q-x", REFUSED, REFUSED],
    ["a colon at the end of the service", "arn:aws:sqs:", REFUSED, REFUSED],
    ["two colons at the end", "arn:aws:sqs::", REFUSED, REFUSED],
    ["an empty account", "arn:aws:sqs:us-east-1::team-q-x", REFUSED, REFUSED],
    ["a bucket without a name", "arn:aws:s3:::", REFUSED, REFUSED],
    ["a colon too many", "arn:aws:sqs:us-east-1:123456789012::team-q-x", REFUSED, REFUSED],
    ["a colon too few", "arn:aws:s3::team-q-x", REFUSED, REFUSED],
    // Wildcards.
    ["a star for all behind arn", "arn:*", REFUSED, REFUSED],
    ["a star for all of the partition", "arn:aws:*", REFUSED, REFUSED],
    ["a star in the place of three fields", "arn:aws:sqs:*team-q-x", REFUSED, REFUSED],
    ["a star for the service", "arn:aws:*:us-east-1:123456789012:team-q-x", REFUSED, REFUSED],
    ["a star at the service's end", "arn:aws:s*:::team-q-x", REFUSED, REFUSED],
    ["another partition", "arn:aws*:sqs:us-east-1:123456789012:team-q-x", REFUSED, REFUSED],
    ["a question mark in the account", "arn:aws:sqs:us-east-1:12345678901?:team-q-x", REFUSED, REFUSED],
    ["question marks for the colons", "arn:aws:sqs:us-east-1?123456789012?team-q-x", REFUSED, REFUSED],
    ["a question mark for the prefix", "arn:aws:s3:::team-?-x", REFUSED, REFUSED],
    ["a star before the prefix", "arn:aws:s3:::*team-q-", REFUSED, REFUSED],
    ["as many stars as there are fields", "arn:*:*:*:*:*", REFUSED, REFUSED],
    ["more stars than fields", "arn:*:*:*:*:*:*:*", REFUSED, REFUSED],
    // Case, other letters, escapes.
    ["the service in capitals", "arn:aws:SQS:us-east-1:123456789012:team-q-x", REFUSED, REFUSED],
    ["arn in capitals", "ARN:aws:sqs:us-east-1:123456789012:team-q-x", "InvalidSpec", "InvalidSpec"],
    ["a letter that looks like one of the prefix", "arn:aws:s3:::te\u00e0m-q-x", REFUSED, REFUSED],
    ["a Cyrillic letter", "arn:aws:s3:::te\u0430m-q-x", "InvalidSpec", "InvalidSpec"],
    ["a colon of full width", "arn:aws:s3\uff1a::team-q-x", "InvalidSpec", "InvalidSpec"],
    ["a soft hyphen", "arn:aws:s3:::team\u00ad-q-x", REFUSED, REFUSED],
    ["percent-encoded colons", "arn:aws:sqs%3A*%3A123456789012%3Ateam-q-x", REFUSED, REFUSED],
    ["a percent-encoded star", "arn:aws:s3:::%2A", REFUSED, REFUSED],
    ["a backslash before a star", "arn:aws:s3:::\\*", REFUSED, REFUSED],
    ["the end of a quotation", "arn:aws:s3:::\\Eteam-q-x", REFUSED, REFUSED],
    ["a space before arn", " arn:aws:s3:::team-q-x", "InvalidSpec", "InvalidSpec"],
    ["a space at the end of a field", "arn:aws:s3 :::team-q-x", REFUSED, REFUSED],
    ["a line break inside", "arn:aws:s3:::\nteam-q-x", REFUSED, REFUSED],
    ["a line break and a second ARN", "arn:aws:s3:::other\narn:aws:s3:::team-q-x", REFUSED, REFUSED],
    ["a word in braces, of which admission does not know the value", "arn:aws:s3:::{namespace}-x", REFUSED, "allowed"],
    // Variables: AWS fills them in, from tags of the role's author among others. Admission leaves them to the guards.
    ["a variable for the whole name", `arn:aws:s3:::${TAG}`, REFUSED, "allowed"],
    ["a variable for the account", `arn:aws:sqs:us-east-1:${ACCOUNT}:team-q-x`, REFUSED, "allowed"],
    ["a tag for the account", `arn:aws:sqs:us-east-1:${TAG}:team-q-x`, REFUSED, "allowed"],
    ["a tag for the region, which may hold colons", `arn:aws:sqs:${TAG}:123456789012:team-q-x`, REFUSED, "allowed"],
    ["a default with colons", `arn:aws:s3:${variable("aws:PrincipalTag/t, '::team-q-x'")}`, REFUSED, "allowed"],
    ["a default that is allowed", `arn:aws:s3:::${variable("aws:PrincipalTag/t, 'team-q-x'")}`, REFUSED, "allowed"],
    ["a brace in a default", `arn:aws:s3:::team-q-${variable("a, 'x}'")}:`, "allowed", "allowed"],
    [
      "a brace in a default of the account",
      `arn:aws:sqs:*:${variable("a, '}:123456789012:team-q-'")}`,
      REFUSED,
      "allowed",
    ],
    ["a variable that does not end", `arn:aws:sqs:*:123456789012\${a:team-q-x`, REFUSED, "allowed"],
    ["a variable within a variable", `arn:aws:sqs:*:${variable(variable("a"))}:team-q-x`, REFUSED, "allowed"],
    [
      "two variables around an allowed name",
      `arn:aws:s3:::${variable("a, 'x'`)}team-q-${variable(`b, 'y'")}`,
      REFUSED,
      "allowed",
    ],
    ["a star that a variable spells", `arn:aws:s3:::${variable("*")}`, REFUSED, "allowed"],
    ["a variable cut off behind it", `arn:aws:sqs:us-east-1:${ACCOUNT}`, REFUSED, "allowed"],
  ])("%s: %s", (_what, resource, guard, admission) => {
    expect(answerTo(resource)).toMatchObject({ guard, admission });
    // Beside an allowed one it is found as well.
    expect(answerTo("arn:aws:s3:::team-q-x", resource)).toMatchObject({ guard, admission });
  });
});

test("a refusal of a cut-off ARN says what it means", () => {
  expect(answerTo("arn:aws:sqs").message).toBe(
    "spec.statements[0].resources[0]: arn:aws:sqs, which means arn:aws:sqs:*:*:*, allows arn:aws:sqs:::, which class team-q " +
      `does not allow; ${ITS}`,
  );
});

describe("an attempt by a class whose own pattern is cut off or wide", () => {
  test.each([
    ["its own form", ["arn:aws:sqs"], "arn:aws:sqs", "allowed", "allowed"],
    ["its full form", ["arn:aws:sqs"], "arn:aws:sqs:*:*:*", "allowed", "allowed"],
    ["another service", ["arn:aws:sqs"], "arn:aws:sqs2:::x", REFUSED, REFUSED],
    ["a service that begins alike", ["arn:aws:s3"], "arn:aws:s3*", REFUSED, REFUSED],
    ["any resource at all", ["arn:aws:sqs", "arn:*"], "*", REFUSED, REFUSED],
    ["the word *, within all ARNs", ["arn:*"], "arn:aws:iam", "allowed", "allowed"],
    [
      "an account beyond the class's region",
      ["arn:aws:sqs:eu-west-1"],
      "arn:aws:sqs:*:123456789012:x",
      REFUSED,
      REFUSED,
    ],
    [
      "a name that begins with another account's, across a star that ends a field",
      ["arn:aws:sqs:*:123456789012:team-q-*"],
      "arn:aws:sqs:us-east-1:210987654321:x:123456789012:team-q-x",
      REFUSED,
      "allowed",
    ],
    [
      "the same across a star within a field",
      ["arn:aws:sqs:*-1:123456789012:team-q-*"],
      "arn:aws:sqs:us-east-1:210987654321:x-1:123456789012:team-q-x",
      REFUSED,
      "allowed",
    ],
    [
      "the same across question marks",
      ["arn:aws:sqs:??:12?:team-q-*"],
      "arn:aws:sqs:x::12:x:12x:team-q-x",
      REFUSED,
      REFUSED,
    ],
    [
      "a star that patterns take in only together, and only if it takes no colon",
      ["arn:aws:sqs:*?:1:x", "arn:aws:sqs::1:x"],
      "arn:aws:sqs:*:1:x",
      REFUSED,
      "allowed",
    ],
  ])("%s", (_what, allowedResources, resource, guard, admission) => {
    const verdict = verdictOn({ actions: ["sqs:*"], resources: [resource] }, { ...TEAM, allowedResources });
    expect(verdict).toMatchObject({ guard, admission });
  });
});
