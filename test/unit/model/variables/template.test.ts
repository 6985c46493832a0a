// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts of other tools are what is tested.
import { describe, expect, test } from "vitest";
import { fillIn, leftoverIn, leftoverMessage, variablesIn } from "../../../../src/model/variables/template.ts";

const VALUES = { account: "123456789012", namespace: "team-a", name: "app", stage: "{account}", empty: "" };
const filled = (text: string): string => fillIn(text, VALUES).text;

describe("a variable", () => {
  test.each([
    ["{namespace}-{name}", "team-a-app"],
    ["arn:aws:iam::{account}:role/x", "arn:aws:iam::123456789012:role/x"],
    ["{name}{name}", "appapp"],
    ["{empty}", ""],
    ["a{leftBrace}name}", "a{name}"],
    ["{leftBrace}{name}}", "{{name}}"],
  ])("in %s gives %s", (text, result) => {
    expect(fillIn(text, VALUES)).toEqual({ text: result, unknown: [], pending: [] });
  });

  test("is filled in once: a value that looks like a variable is text", () => {
    expect(filled("{stage}")).toBe("{account}");
  });

  test("that nobody knows stays, and is named once", () => {
    expect(fillIn("{acount}/{acount}/{name}", VALUES)).toEqual({
      text: "{acount}/{acount}/app",
      unknown: ["acount"],
      pending: [],
    });
  });

  test("that every object has and that has no value yet is pending", () => {
    expect(fillIn("{region}-{account}", VALUES)).toEqual({
      text: "{region}-123456789012",
      unknown: [],
      pending: ["region"],
    });
  });

  test.each(["constructor", "toString", "__proto__"])("is none of the members of an object: %s", (word) => {
    expect(filled(`{${word}}`)).toBe(`{${word}}`);
  });
});

test.each([
  "${aws:username}",
  "${namespace}",
  "{{name}}",
  "{{ name }}",
  "{ name }",
  "{}",
  "{1}",
  "{a:b}",
  "{name",
  "name}",
  "$" + "{*}",
])("%s is no variable and stays", (text) => {
  expect(fillIn(text, VALUES)).toEqual({ text, unknown: [], pending: [] });
  expect(variablesIn(text)).toEqual([]);
});

test("the variables of a text are found without their values", () => {
  expect(variablesIn("{a}-{name}-{leftBrace}{a}}")).toEqual(["a", "name"]);
});

const inArn = (part: string): string => `arn:aws:s3:::b-${part}/*`;

describe("template text of another tool is found and named", () => {
  test.each([
    ["${AWS::AccountId}", "CloudFormation", "account"],
    ["${AWS::Region}", "CloudFormation", "region"],
    ["${AWS::Partition}", "CloudFormation", "partition"],
    ["${AWS::StackName}", "CloudFormation", undefined],
    ["${Bucket.Arn}", "CloudFormation", undefined],
    ["{{resolve:ssm:/a}}", "CloudFormation", undefined],
    ["${var.bucket}", "Terraform", undefined],
    ["${local.name}", "Terraform", undefined],
    ["${aws_s3_bucket.b.arn}", "Terraform", undefined],
    ["${data.aws_caller_identity.current.account_id}", "Terraform", "account"],
    ["${data.aws_partition.current.partition}", "Terraform", "partition"],
    ["${data.aws_region.current.name}", "Terraform", "region"],
    ["${terraform.workspace}", "Terraform", undefined],
    ["${lower(var.x)}", "Terraform", undefined],
    ["%{ if var.x }", "Terraform", undefined],
    ["{{ .Values.bucket }}", "Helm or another Go template", undefined],
    ["{{.Release.Namespace}}", "Helm or another Go template", "namespace"],
    ['{{- include "app.name" . }}', "Helm or another Go template", undefined],
    ["{{ bucket }}", "Jinja, Ansible or Helm", undefined],
    ["{{namespace}}", "Jinja, Ansible or Helm", "namespace"],
    ["${{ vars.BUCKET }}", "GitHub Actions", undefined],
    ["$(BUCKET)", "kustomize or a Makefile", undefined],
    ["$ACCOUNT", "a shell", "account"],
    ["$AWS_REGION", "a shell", "region"],
    ["${BUCKET}", "a shell, envsubst or Flux", undefined],
    ["${BUCKET:-x}", "a shell, envsubst or Flux", undefined],
    ["${accountId}", "a shell, envsubst or Flux", "account"],
    ["${namespace}", "a shell, envsubst or Flux", "namespace"],
    ["${cluster_name}", "a shell, envsubst or Flux", "cluster"],
    ["${self:custom.bucket}", "the Serverless Framework", undefined],
    ["${env:BUCKET}", "the Serverless Framework", undefined],
    ["${bucket.arn}", "another tool", undefined],
    ["${}", "another tool", undefined],
    ["<%= bucket %>", "ERB or another template", undefined],
    ["<account-id>", "a reader", undefined],
    ["<YOUR BUCKET>", "a reader", undefined],
  ])("%s: %s", (written, tool, variable) => {
    expect(leftoverIn(inArn(written), true)).toEqual({ written, tool, ...(variable !== undefined && { variable }) });
  });

  test.each(["${aws:accountId}", "${aws:region}"])("%s has the form of IAM's variables, and is none", (written) => {
    expect(leftoverIn(inArn(written), true)).toMatchObject({ written, variable: expect.any(String) });
  });

  test("the message names the tool, and the variable of the same meaning", () => {
    const found = leftoverIn(inArn("${AWS::AccountId}"), true);
    expect(found && leftoverMessage(found)).toBe(
      "${AWS::AccountId} looks like template text of CloudFormation, and nothing here fills it in; render it before, or write {account}",
    );
  });

  test("after IAM's own variables, too", () => {
    expect(leftoverIn("home/${aws:username}/${stage}", false)).toMatchObject({ written: "${stage}" });
  });
});

test.each([
  "${aws:username}",
  "${s3:prefix}",
  "${aws:PrincipalTag/team}",
  "${aws:PrincipalTag/cost center}",
  "${aws:PrincipalTag/a:b}",
  "${aws:username, 'none'}",
  "${aws:PrincipalTag/team, 'company-wide'}",
  "${AWS:UserName}",
  "${ec2:SourceInstanceARN}",
  "${ssm:resourceTag/x}",
  "${saml:sub}",
  "${www.amazon.com:user_id}",
  "${cognito-identity.amazonaws.com:sub}",
  "${oidc.eks.eu-west-1.amazonaws.com/id/ABC:sub}",
  "${token.actions.githubusercontent.com:repository_owner}",
  "${*}",
  "${?}",
  "${$}",
  "{namespace}",
  "{name}-{account}",
  "function:f:$LATEST",
  "$default",
  "price$",
  "a{b}c",
  "{",
  "*",
])("%s is none of them", (part) => {
  expect(leftoverIn(inArn(part), true)).toBeUndefined();
});

test("a placeholder for the reader can be meant where no ARN is", () => {
  expect(leftoverIn("Mozilla <compatible>", false)).toBeUndefined();
});

test("a value of any length and content is judged in time that grows with its length", () => {
  const startedMs = performance.now();
  for (const part of ["${", "{{", "<", "$(", "<%", "%{", "${a:"]) leftoverIn(part.repeat(10_000), true);
  expect(performance.now() - startedMs).toBeLessThan(1_000);
});
