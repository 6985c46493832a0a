import { expect, test } from "vitest";
import { yamlEvents } from "../../../../src/cli/manifests/yaml-events.ts";
import { templateJsonOf } from "../../../../src/cli/manifests/yaml-json.ts";
import { readCloudFormation } from "../../../../src/engine/import/cloudformation.ts";
import { type JoinedDeclarations, joinDeclarations } from "../../../../src/engine/import/join-declarations.ts";
import type { JsonValue } from "../../../../src/model/policy/policy-json.ts";
import { CLOUDFORMATION, templateText } from "../../../support/declarations/cloudformation.ts";

function joined(yaml: string, parameters: readonly string[] = []): JoinedDeclarations {
  const [template = null] = templateJsonOf(yamlEvents(yaml), yaml) as readonly JsonValue[];
  const given = parameters.map((parameter) => parameter.split("=") as [string, string]);
  return joinDeclarations(readCloudFormation(template, new Map(given)));
}

test.each(CLOUDFORMATION.map((template) => [template.title, template] as const))(
  "%s: each resource is joined once, or remarked",
  (_, template) => {
    const { profiles, problems, left } = joined(templateText(template, "a"), template.parameters);
    const used = profiles.flatMap(({ addresses }) => [...new Set(addresses)]);
    const found = [...used, ...left.map(({ address }) => address)].map((address) => address.split(" ")[0]);
    const declared = [...template.resources.matchAll(/^ {2}(\w+):(?=[\s\S]*?(AWS::\w+)::)/gm)].flatMap(
      ([, id, service]) => (service === "AWS::IAM" ? [id] : []),
    );
    expect(problems).toEqual([]);
    expect([...new Set(found)].sort()).toEqual(declared.sort());
  },
);

const ROLE = "{Type: AWS::IAM::Role, Properties: {RoleName: web, AssumeRolePolicyDocument: {}, Description: ";

test("a resource with a value that is not known is a problem that names it, and the others are read", () => {
  const { profiles, problems, left } = joined(`
Resources:
  Good: ${ROLE}fine}}
  Bad: ${ROLE}!ImportValue shared}}
  One: {Type: AWS::IAM::InstanceProfile, Properties: {Roles: [!Ref Good]}}
  Two: {Type: AWS::IAM::InstanceProfile, Properties: {Roles: [!Ref Bad]}}
`);
  expect(profiles.map(({ declared }) => declared.address)).toEqual(["One (AWS::IAM::InstanceProfile)"]);
  const text = "cannot be resolved: the export shared of another stack is not known; pass --parameter shared=VALUE";
  expect(problems).toEqual([{ address: "Bad (AWS::IAM::Role)", text }]);
  expect(left).toEqual([
    { address: "Two (AWS::IAM::InstanceProfile)", text: `holds Bad (AWS::IAM::Role), which ${text}` },
  ]);
});

test("a resource whose condition does not hold is named, and not read", () => {
  const { profiles, problems, left } = joined(`
Conditions: {Never: !Equals [a, b]}
Resources:
  Role: {Condition: Never, Type: AWS::IAM::Role, Properties: {Description: !ImportValue x}}
  Profile: {Condition: Never, Type: AWS::IAM::InstanceProfile, Properties: {Roles: [!Ref Role]}}
`);
  expect({ profiles, problems }).toEqual({ profiles: [], problems: [] });
  const text = "is not part of the stack: its condition Never does not hold";
  expect(left.map((remark) => remark.text)).toEqual([text, text]);
});

test.each(["Resources: []", "a: b", "[]", "3"])("%s is no template", (yaml) => {
  expect(() => joined(yaml)).toThrow("is not a CloudFormation template");
});

test("a parameter that nothing in the template is called is refused, with the name that it is most like", () => {
  const yaml = ["Parameters: {BucketName: {Type: String}}", "Resources: {Logs: {Type: 'AWS::S3::Bucket'}}"].join("\n");
  expect(() => joined(yaml, ["BucketNam=a"])).toThrow(
    "has neither a parameter nor a resource BucketNam (did you mean BucketName?), which --parameter sets",
  );
  for (const parameter of ["BucketName=a", "Logs.Arn=arn:aws:s3:::logs", "AWS::StackName=x"])
    expect(() => joined(yaml, [parameter])).not.toThrow();
});
