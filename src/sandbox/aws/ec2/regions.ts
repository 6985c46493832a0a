import type { Call } from "../handler.ts";
import { items, type XmlTree } from "../protocol/answer.ts";
import { refuseDryRun } from "./dry-run.ts";

/** The regions of each partition that need no opt-in. https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html */
const enabledIn: Readonly<Record<string, readonly string[]>> = {
  aws: [
    ...["ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2"],
    ...["ca-central-1", "eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1"],
    ...["us-east-1", "us-east-2", "us-west-1", "us-west-2"],
  ],
  "aws-cn": ["cn-north-1", "cn-northwest-1"],
  "aws-us-gov": ["us-gov-east-1", "us-gov-west-1"],
};

/** DescribeRegions: those that every account has enabled. */
export function describeRegions(call: Call): XmlTree {
  const { account, params } = call;
  const { partition } = account.settings;
  const names = params.strings("RegionName");
  refuseDryRun(call);
  const regions = (enabledIn[partition] ?? []).filter((name) => names.length === 0 || names.includes(name));
  const domain = partition === "aws-cn" ? "amazonaws.com.cn" : "amazonaws.com";
  return {
    regionInfo: items(
      regions.map((regionName) => ({
        regionName,
        regionEndpoint: `ec2.${regionName}.${domain}`,
        optInStatus: "opt-in-not-required",
      })),
    ),
  };
}
