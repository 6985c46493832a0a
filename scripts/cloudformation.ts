/**
 * Writes the policy documents of `deploy/aws/*.json` into the CloudFormation template, below the comments that name them, with parameters in
 * place of their placeholders.
 *
 *     node scripts/cloudformation.ts [OUTPUT FILE]
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..");
const TEMPLATE = join(ROOT, "deploy/aws/cloudformation/controller.yaml");
const [output = TEMPLATE] = process.argv.slice(2);

const sub = (name: string): string => `$\{${name}}`;

/** Texts of the documents, and what `Fn::Sub` replaces in their place. The first that matches counts. */
const PARAMETERS: readonly (readonly [from: string, to: string])[] = [
  ['"arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"', `"${sub("AttachablePolicies")}"`],
  ["arn:aws:", `arn:${sub("AWS::Partition")}:`],
  ['"ec2.amazonaws.com"', `"ec2.${sub("AWS::URLSuffix")}"`],
  ["ACCOUNT_ID", sub("AWS::AccountId")],
  ["REGION", sub("AWS::Region")],
  ["CLUSTER_NAME", sub("ClusterName")],
  ["CLUSTER_ID", sub("ClusterId")],
  ["INSTANCE_TAG", sub("InstanceTagKey")],
  ["INSTANCE_VALUE", sub("ClusterId")],
  ["PATH/", sub("PathPrefix")],
  ["BOUNDARY", sub("BoundaryName")],
  ["NAMESPACE", sub("Namespace")],
  ["SERVICE_ACCOUNT", sub("ServiceAccount")],
  ["OIDC_PROVIDER", sub("OidcProvider")],
  ["CONTROLLER_ROLE_ARN", sub("ControllerRoleArn")],
  ["EXTERNAL_ID", sub("ExternalId")],
  ["MEMBER_ROLE_ARNS", sub("Members")],
];
const ANY = new RegExp(PARAMETERS.map(([from]) => from).join("|"), "g");
const BY_TEXT = new Map(PARAMETERS);

/** A comment that names a document, the line that the document belongs to, and the lines below, which are indented deeper. */
const SLOT = /^( *)# (deploy\/aws\/[\w-]+\.json)\n(.*)\n((?:\1 {2}.*\n)*)/gm;

const filled = readFileSync(TEMPLATE, "utf8").replaceAll(SLOT, (_, indent: string, file: string, line: string) => {
  const text = readFileSync(join(ROOT, file), "utf8").replaceAll(ANY, (found) => BY_TEXT.get(found) ?? found);
  // Behind `|` the document is one text, so that parameters can be in its keys. Elsewhere it is an object.
  const document = line.endsWith("|")
    ? text
    : text.replaceAll(/"[^"]*\$\{[^"]*"/g, (value) => `{ "Fn::Sub": ${value} }`);
  const lines = document.trimEnd().split("\n");
  return [`${indent}# ${file}`, line, ...lines.map((one) => `${indent}    ${one}`), ""].join("\n");
});
writeFileSync(output, filled);
