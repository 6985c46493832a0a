import { DescribeLaunchTemplatesCommand, DescribeRegionsCommand, EC2Client } from "@aws-sdk/client-ec2";
import { TEST_CREDENTIALS, TEST_REGION } from "./e2e-site.ts";

/** Asks for each region once: moto makes a region when it is first asked for it, which takes seconds that AWS does not need. */
export async function openRegions(endpoint: string): Promise<void> {
  const inRegion = (region: string): EC2Client => new EC2Client({ region, endpoint, credentials: TEST_CREDENTIALS });
  const { Regions = [] } = await inRegion(TEST_REGION).send(new DescribeRegionsCommand({}));
  for (const { RegionName = "" } of Regions) await inRegion(RegionName).send(new DescribeLaunchTemplatesCommand({}));
}
