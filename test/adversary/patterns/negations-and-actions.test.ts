import { describe, expect, test } from "vitest";
import { variable } from "../../support/resource-patterns.ts";
import { verdictOn } from "./class-verdict.ts";

const TEAM = {
  allowedActions: ["sqs:*", "s3:Get*"],
  deniedActions: ["sqs:AddPermission", "sqs:Set*"],
  allowedResources: ["arn:aws:sqs:*:123456789012:team-q-*"],
};
const OPEN = { ...TEAM, allowNotActions: true, allowNotResources: true };
const QUEUE = ["arn:aws:sqs:*:123456789012:team-q-*"];

describe("an attempt to leave the class by its actions", () => {
  test.each([
    ["every action", "*", "ActionNotAllowed", "ActionNotAllowed"],
    ["every action of every service", "*:*", "ActionNotAllowed", "ActionNotAllowed"],
    ["another service", "iam:PassRole", "ActionNotAllowed", "ActionNotAllowed"],
    ["a service that begins alike", "sqs*:Send*", "ActionNotAllowed", "ActionNotAllowed"],
    ["a service in the middle of stars", "*q*:*", "ActionNotAllowed", "ActionNotAllowed"],
    ["a star for a letter of the service", "s*s:SendMessage", "ActionNotAllowed", "ActionNotAllowed"],
    ["a denied action", "sqs:AddPermission", "ActionDenied", "ActionDenied"],
    ["a denied action in other letters", "SQS:addpermission", "ActionDenied", "ActionDenied"],
    ["a denied action by question marks", "sqs:Add??????????", "ActionDenied", "ActionDenied"],
    ["a denied action by its end", "sqs:*Permission", "ActionDenied", "ActionDenied"],
    ["all actions, one of which is denied", "sqs:*", "ActionDenied", "ActionDenied"],
    ["a pattern that meets a denied pattern", "sqs:*Attributes", "ActionDenied", "allowed"],
    ["a denied action that a star completes", "sqs:AddPermission*", "ActionDenied", "ActionDenied"],
    ["a question mark in the service", "sq?:SendMessage", "InvalidSpec", "InvalidSpec"],
    ["a service without an action", "sqs", "InvalidSpec", "InvalidSpec"],
    ["two colons", "sqs:Send:Message", "InvalidSpec", "InvalidSpec"],
    ["a space", "sqs: AddPermission", "InvalidSpec", "InvalidSpec"],
    ["a line break", "sqs:SendMessage\niam:*", "InvalidSpec", "InvalidSpec"],
    ["a look-alike of a letter", "sqs:AddPerm\u0456ssion", "InvalidSpec", "InvalidSpec"],
    ["the long s, which folds to s", "\u017fqs:SendMessage", "InvalidSpec", "InvalidSpec"],
    ["a variable", `sqs:${variable("aws:PrincipalTag/action")}`, "InvalidSpec", "InvalidSpec"],
    ["a percent-encoded letter", "sqs:%41ddPermission", "InvalidSpec", "InvalidSpec"],
  ])("%s: %s", (_what, action, guard, admission) => {
    expect(verdictOn({ actions: [action], resources: QUEUE }, TEAM)).toMatchObject({ guard, admission });
  });
});

describe("an attempt by what a statement leaves out", () => {
  test.each([
    ["notActions where the class has none", { notActions: ["iam:*"], resources: QUEUE }, TEAM, "NotActionsNotAllowed"],
    [
      "notResources where the class has none",
      { actions: ["s3:Get*"], notResources: ["arn:aws:s3"] },
      TEAM,
      "NotResourcesNotAllowed",
    ],
  ])("%s", (_what, statement, of, reason) => {
    expect(verdictOn(statement, of)).toMatchObject({ guard: reason, admission: reason });
  });

  test.each([
    ["all actions but a few", { notActions: ["iam:*"], resources: QUEUE }, "ActionNotAllowed"],
    [
      "all actions but those that are denied",
      { notActions: ["sqs:Set*", "sqs:AddPermission"], resources: QUEUE },
      "ActionNotAllowed",
    ],
    ["all resources but a service", { actions: ["s3:Get*"], notResources: ["arn:aws:iam"] }, "ResourceNotAllowed"],
    ["all resources but all ARNs", { actions: ["s3:Get*"], notResources: ["arn:*"] }, "ResourceNotAllowed"],
    [
      "all resources but all ARNs of a partition",
      { actions: ["s3:Get*"], notResources: ["arn:aws"] },
      "ResourceNotAllowed",
    ],
    [
      "all resources but what a variable may become",
      { actions: ["s3:Get*"], notResources: ["*".replace("*", `arn:${variable("aws:PrincipalTag/t, 'aws:*'")}`)] },
      "ResourceNotAllowed",
    ],
    ["what lies on both sides of the class's own", { actions: ["s3:Get*"], notResources: QUEUE }, "ResourceNotAllowed"],
  ])("%s, where the class allows the form", (_what, statement, guard) => {
    // Admission knows no sets of what is left: the guards decide.
    expect(verdictOn(statement, OPEN)).toMatchObject({ guard, admission: "allowed" });
  });

  test("nothing but what the class allows is allowed, where all else is left out", () => {
    const statement = { actions: ["s3:Get*"], notResources: ["*", "arn:*"] };
    expect(verdictOn(statement, OPEN)).toMatchObject({ guard: "allowed", admission: "allowed" });
  });
});
