import { describe } from "vitest";
import { driftStories } from "../scenario/drift-stories.ts";
import { awsCli, hasAwsCli } from "../support/aws-cli.ts";
import { e2eEnvironment } from "../support/e2e-environment.ts";
import { whyNoSite } from "../support/e2e-site.ts";
import { RealWorld } from "../support/real-world.ts";

const why = whyNoSite() ?? (hasAwsCli() ? undefined : "no aws on the PATH");

describe.skipIf(why !== undefined)(
  `by the AWS CLI, on a real API server${why === undefined ? "" : ` (${why})`}:`,
  () => {
    driftStories(async () => {
      const { awsEndpoint = "" } = e2eEnvironment();
      const outsider: RealWorld["outsider"] = (action, params) => awsCli(awsEndpoint, action, params);
      return Object.assign(await RealWorld.open(), { outsider });
    });
  },
);
