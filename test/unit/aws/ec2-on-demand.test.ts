import { setImmediate } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { Ec2OnDemand } from "../../../src/aws/ec2-on-demand.ts";

// A file of the program that is missing or cannot be read.
vi.mock("../../../src/aws/ec2-client.ts", () => {
  throw new Error("no such file");
});

test("an EC2 that could not be loaded is told to whoever asked, and to nobody again when it is closed", async () => {
  const unhandled = vi.fn<(reason: unknown) => void>();
  process.on("unhandledRejection", unhandled);
  const ec2 = new Ec2OnDemand({} as never);
  await expect(ec2.load()).rejects.toThrow();
  ec2.destroy();
  await setImmediate();
  process.off("unhandledRejection", unhandled);
  expect(unhandled).not.toHaveBeenCalled();
});
