import { expect, test } from "vitest";
import { observe } from "../../../src/engine/observe/observe-iam.ts";
import type { IamReader } from "../../../src/engine/ports.ts";
import { RetryableError } from "../../../src/errors.ts";
import { desiredOf } from "../../support/builders.ts";

const failing = (what: string, ticks: number) => async (): Promise<never> => {
  for (let i = 0; i < ticks; i++) await Promise.resolve();
  throw new RetryableError(what, { reason: "EndpointUnreachable" });
};

test.each([
  [1, 9],
  [9, 1],
])("a condition does not change its message by which of two calls failed first (%i, %i)", async (role, profile) => {
  const iam = { getRole: failing("GetRole", role), getInstanceProfile: failing("GetInstanceProfile", profile) };
  const pass = observe(desiredOf(), iam as unknown as IamReader, new AbortController().signal);
  await expect(pass).rejects.toThrow("GetRole");
});
