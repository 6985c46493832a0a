import { setImmediate } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { Ec2OnDemand } from "../../../src/aws/ec2/ec2-on-demand.ts";
import { FakeClock } from "../../support/fake-clock.ts";

test("an EC2 that could not be loaded is told to whoever asked, and to nobody again when it is closed", async () => {
  const unhandled = vi.fn<(reason: unknown) => void>();
  process.on("unhandledRejection", unhandled);
  const ec2 = new Ec2OnDemand({ clock: new FakeClock(), version: "0.0.0" }, () =>
    Promise.reject(new Error("no such file")),
  );
  await expect(ec2.load()).rejects.toThrow("no such file");
  ec2.destroy();
  await setImmediate();
  process.off("unhandledRejection", unhandled);
  expect(unhandled).not.toHaveBeenCalled();
});
