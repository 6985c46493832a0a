import { IAMClient, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { AwsProxy } from "../support/aws-proxy.ts";
import { providerFor, type Terraform } from "../support/terraform.ts";
import type { Measurement } from "./measurement.ts";

const ALLOW_ALL = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }],
});

/** The same N profiles by Terraform with the AWS provider; its calls are counted on their way. */
export async function measureTerraform(
  terraform: Terraform,
  options: { readonly aws: "sandbox" | "moto"; readonly awsUrl: string; readonly size: number },
): Promise<Measurement[]> {
  const { aws, size } = options;
  const measurements: Measurement[] = [];
  const proxy = await AwsProxy.to(options.awsUrl);
  const step = async (name: string, work: () => Promise<unknown>): Promise<void> => {
    proxy.forget();
    const startMs = performance.now();
    await work();
    const wallMs = performance.now() - startMs;
    const calls = Object.fromEntries([...Map.groupBy(proxy.calls(), (it) => it)].map(([it, all]) => [it, all.length]));
    measurements.push({ who: "terraform", aws, size, step: name, wallMs, calls });
  };
  const wanted = (description: string): string => `${providerFor(proxy.url)}${profiles(size, description)}`;
  await step("create", () => terraform.apply(wanted("made")));
  await step("check, nothing changed", () => terraform.plan(wanted("made")));
  await drift(options.awsUrl);
  await step("repair one", () => terraform.apply(wanted("made")));
  await step("edit one", () => terraform.apply(wanted("edited")));
  await step("destroy", () => terraform.destroy());
  await proxy.close();
  return measurements;
}

async function drift(endpoint: string): Promise<void> {
  const credentials = { accessKeyId: "somebody", secretAccessKey: "somebody" };
  const iam = new IAMClient({ endpoint, region: "us-east-1", credentials });
  const named = { RoleName: "terraform-0", PolicyName: "terraform-0" };
  await iam.send(new PutRolePolicyCommand({ ...named, PolicyDocument: ALLOW_ALL }));
  iam.destroy();
}

/** N profiles; the first one has this description. */
function profiles(size: number, description: string): string {
  return `
resource "aws_iam_role" "it" {
  count       = ${size}
  name        = "terraform-\${count.index}"
  description = count.index == 0 ? "${description}" : "made"
  tags        = { a = "b" }
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = ["ec2.amazonaws.com"] }, Action = ["sts:AssumeRole"] }]
  })
}

resource "aws_iam_role_policy" "it" {
  count = ${size}
  name  = "terraform-\${count.index}"
  role  = aws_iam_role.it[count.index].name
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Sid = "Read", Effect = "Allow", Action = ["s3:Get*", "s3:List*"], Resource = ["*"] }]
  })
}

resource "aws_iam_instance_profile" "it" {
  count = ${size}
  name  = "terraform-\${count.index}"
  role  = aws_iam_role.it[count.index].name
  tags  = { a = "b" }
}
`;
}
