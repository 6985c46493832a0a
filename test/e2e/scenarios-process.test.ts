import { afterAll, beforeAll, describe } from "vitest";
import { controllerStories } from "../contract/controller/stories.ts";
import { e2eEnvironment } from "../support/e2e-environment.ts";
import { type E2eSite, openE2eSite, whyNoSite } from "../support/e2e-site.ts";
import { RealRig } from "../support/real-rig.ts";

const { auditLog } = e2eEnvironment();
// What the controller writes is known from the audit log, which only an API server of our own shows.
const why = whyNoSite() ?? (auditLog === undefined ? "no audit log" : undefined);

describe.skipIf(why !== undefined)(`as its own account, by the shipped RBAC${why ? ` (${why})` : ""}:`, () => {
  let site: E2eSite;
  beforeAll(async () => {
    site = await openE2eSite();
  });
  afterAll(() => site?.close());

  controllerStories("a real API server and an AWS over the network", () => RealRig.open(site, auditLog ?? ""));
});
