import { expect, test } from "vitest";
import { hasTags, tagFilterOf } from "../../../src/cli/commands/export-command.ts";
import { createdState } from "../../support/builders.ts";

const STACK = "aws:cloudformation:stack-name";

test("a tag that CloudFormation puts on the role of a stack selects it", () => {
  const { role, instanceProfile } = createdState();
  const ofStack = { role: { ...role, tags: { [STACK]: "web" } }, instanceProfile };
  expect(hasTags(ofStack, tagFilterOf([`${STACK}=web`]))).toBe(true);
  expect(hasTags(ofStack, tagFilterOf([`${STACK}=batch`]))).toBe(false);
  expect(hasTags({ role, instanceProfile }, tagFilterOf([`${STACK}=web`]))).toBe(false);
});

test("a value may have an equals sign, and all tags must match", () => {
  const { role, instanceProfile } = createdState({ roleTags: { a: "b=c" }, instanceProfileTags: { d: "" } });
  expect(hasTags({ role, instanceProfile }, tagFilterOf(["a=b=c", "d="]))).toBe(true);
  expect(hasTags({ role, instanceProfile }, tagFilterOf(["a=b=c", "d=e"]))).toBe(false);
});
