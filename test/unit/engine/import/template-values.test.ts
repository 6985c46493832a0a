import { describe, expect, test } from "vitest";
import { yamlEvents } from "../../../../src/cli/manifests/yaml-events.ts";
import { templateJsonOf } from "../../../../src/cli/manifests/yaml-json.ts";
import { TemplateValues } from "../../../../src/engine/import/template-values.ts";
import type { JsonObject, JsonValue } from "../../../../src/model/policy/policy-json.ts";

const TEMPLATE = `
Parameters:
  Env: {Type: String, Default: prod}
  Id: {Type: Number, Default: 012345678901}
  Subnets: {Type: CommaDelimitedList, Default: "a, b"}
  Needed: {Type: String}
  Looked: {Type: "AWS::SSM::Parameter::Value<String>", Default: /some/path}
  Secret: {Type: String, NoEcho: true, Default: hunter2}
Conditions:
  IsProd: !Equals [!Ref Env, prod]
  IsTest: !Not [!Condition IsProd]
  Both: !And [!Condition IsProd, !Or [!Condition IsTest, !Condition IsProd]]
  Here: !Equals [!Ref AWS::Region, eu-west-1]
  Loop: !Not [!Condition Loop]
Mappings:
  Names: {prod: {Bucket: prod-logs}}
Resources:
  Bucket: {Type: AWS::S3::Bucket, Properties: {BucketName: !Sub "\${Env}-\${AWS::AccountId}"}}
  Unnamed: {Type: AWS::S3::Bucket}
  Topic: {Type: AWS::SNS::Topic, Properties: {TopicName: alerts}}
  Role: {Type: AWS::IAM::Role, Properties: {RoleName: web, Path: /app/}}
  Self: {Type: AWS::S3::Bucket, Properties: {BucketName: !Ref Self}}
  Key: {Type: AWS::KMS::Key}
`;

function parsed(yaml: string): JsonValue {
  return (templateJsonOf(yamlEvents(yaml), yaml)[0] ?? null) as JsonValue;
}

function resolved(yaml: string, given: readonly (readonly [string, string])[] = []): JsonValue | undefined {
  return new TemplateValues(parsed(TEMPLATE) as JsonObject, new Map(given)).resolve(parsed(yaml));
}

describe("intrinsic functions", () => {
  test.each<[string, JsonValue | undefined]>([
    ["!Ref Env", "prod"],
    ["{Ref: Env}", "prod"],
    ["!Ref Id", "012345678901"],
    ["!Ref Subnets", ["a", "b"]],
    ["!Ref AWS::AccountId", "{account}"],
    ["!Ref AWS::NoValue", undefined],
    ["[a, !Ref AWS::NoValue]", ["a"]],
    ["{a: !Ref AWS::NoValue, b: x}", { b: "x" }],
    ["!Ref Bucket", "prod-{account}"],
    ["!Ref Topic", "arn:{partition}:sns:{region}:{account}:alerts"],
    ["!GetAtt Bucket.Arn", "arn:{partition}:s3:::prod-{account}"],
    ["!GetAtt [Role, Arn]", "arn:{partition}:iam::{account}:role/app/web"],
    ["Fn::GetAtt: [Role, Arn]", "arn:{partition}:iam::{account}:role/app/web"],
    [`!Sub "\${Env}/\${Bucket.Arn}/\${!aws:userid}"`, `prod/arn:{partition}:s3:::prod-{account}/\${aws:userid}`],
    [`!Sub ["\${Own}-\${Env}", {Own: !Ref Id}]`, "012345678901-prod"],
    ['!Join ["/", [a, !Ref Env]]', "a/prod"],
    ['!Join ["-", !Ref Subnets]', "a-b"],
    ['!Select [1, !Split [",", "a,b"]]', "b"],
    ["!FindInMap [Names, !Ref Env, Bucket]", "prod-logs"],
    ["!If [IsProd, yes, no]", "yes"],
    ["!If [IsTest, yes, !Ref AWS::NoValue]", undefined],
    ["!If [Both, yes, no]", "yes"],
    ["2012-10-17", "2012-10-17"],
    ["0123", "0123"],
  ])("%s is %j", (yaml, expected) => {
    expect(resolved(yaml)).toEqual(expected);
  });

  test.each<[string, string, string, string]>([
    ["!Ref Needed", "Needed", "x", "x"],
    ["!Ref Looked", "Looked", "x", "x"],
    ["!Ref AWS::StackName", "AWS::StackName", "web", "web"],
    ["!GetAtt Unnamed.Arn", "Unnamed.Arn", "arn:aws:s3:::logs", "arn:aws:s3:::logs"],
    ["!GetAtt Key.Arn", "Key.Arn", "arn:aws:kms:eu-west-1:1:key/1", "arn:aws:kms:eu-west-1:1:key/1"],
    ["!ImportValue shared", "shared", "x", "x"],
    ["!If [Here, yes, no]", "AWS::Region", "eu-west-1", "yes"],
  ])("%s needs --parameter %s", (yaml, key, value, expected) => {
    expect(() => resolved(yaml)).toThrow(`pass --parameter ${key}=VALUE`);
    expect(resolved(yaml, [[key, value]])).toEqual(expected);
  });

  test.each([
    ["!Ref Secret", "parameter Secret is a secret (NoEcho)"],
    ["!GetAZs eu-west-1", "Fn::GetAZs cannot be resolved without CloudFormation"],
    ["Fn::Transform: {Name: x}", "Fn::Transform cannot be resolved without CloudFormation"],
    ["!Ref Self", "Ref Self refers to itself"],
    ["!If [Loop, a, b]", "Condition Loop refers to itself"],
    ["!If [Nope, a, b]", "the template has no condition Nope"],
    ["!FindInMap [Names, dev, Bucket]", "Fn::FindInMap finds no Names, dev, Bucket"],
    ["!FindInMap [__proto__, constructor, name]", "Fn::FindInMap finds no __proto__, constructor, name"],
    ["!Ref constructor", "the name of constructor is not known"],
    ["!Select [7, [a]]", "Fn::Select selects nothing"],
    [`!Sub "\${Subnets}"`, `\${Subnets} needs a text`],
  ])("%s is refused by name", (yaml, words) => {
    expect(() => resolved(yaml)).toThrow(words);
  });

  test("what the command line gives wins over what a manifest leaves to the account", () => {
    expect(resolved("!Ref AWS::AccountId", [["AWS::AccountId", "123456789012"]])).toBe("123456789012");
    expect(resolved("!GetAtt Unnamed.Arn", [["Unnamed", "logs"]])).toBe("arn:{partition}:s3:::logs");
    expect(resolved("!Ref Topic", [["AWS::Region", "eu-west-1"]])).toBe(
      "arn:{partition}:sns:eu-west-1:{account}:alerts",
    );
  });

  test("a secret is not read even when it is given", () => {
    expect(() => resolved("!Ref Secret", [["Secret", "hunter3"]])).toThrow("NoEcho");
  });

  test("references that double a text in each step end early", () => {
    const names = Array.from({ length: 60 }, (_, i) => `N${i}`);
    const buckets = names.map(
      (name, i) => `  ${name}: {Type: AWS::S3::Bucket, Properties: {BucketName: !Sub "x\${N${i + 1}}\${N${i + 1}}"}}`,
    );
    const template = `Resources:\n${buckets.join("\n")}\n  N60: {Type: AWS::S3::Bucket, Properties: {BucketName: end}}`;
    const values = new TemplateValues(parsed(template) as JsonObject, new Map());
    expect(() => values.resolve(parsed("!Ref N0"))).toThrow("too large");
  });
});
