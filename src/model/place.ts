/** Where in AWS the role of an object is, as far as it is known. */
export interface Place {
  readonly accountId?: string | undefined;
  readonly partition?: string | undefined;
  /** The region that the controller uses for the account. */
  readonly region?: string | undefined;
}

const EC2 = "ec2.amazonaws.com";
const EC2_IN_CHINA = "ec2.amazonaws.com.cn";
const CHINA = "aws-cn";

/** The services of a trust policy whose manifest names none. EC2 gets its name in China when variables are filled in. */
export const DEFAULT_SERVICES: readonly string[] = [EC2];

/** The region for IAM and STS of the partitions that have one of their own; in `aws` any region works. */
const HOME_REGION: Readonly<Record<string, string>> = { [CHINA]: "cn-north-1", "aws-us-gov": "us-gov-west-1" };

/** The region for IAM and STS of a partition; undefined where any region works. */
export function homeRegionOf(partition: string): string | undefined {
  return HOME_REGION[partition];
}

/** The service principal as the partition names it. EC2 has another name in China, where IAM takes both. */
export function localService(service: string, partition: string | undefined): string {
  return service === EC2 && partition === CHINA ? EC2_IN_CHINA : service;
}

/** The service principal by its name outside of China, so that both names of EC2 are the same. */
export function foldService(service: string): string {
  return service === EC2_IN_CHINA ? EC2 : service;
}

/** True for EC2, by the name of any partition. */
export function isEc2(service: string): boolean {
  return foldService(service) === EC2;
}
