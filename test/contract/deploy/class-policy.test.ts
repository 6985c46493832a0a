import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { WELL_KNOWN_ACTIONS } from "../../../src/model/policy/well-known-actions.ts";
import { leftoverIn } from "../../../src/model/variables/template.ts";
import { classViolations } from "../../../src/plan/class/class-guards.ts";
import { aClass, anInstanceProfile, aPolicy } from "../../support/builders.ts";
import { CLASS_POLICY, CLASS_POLICY_FILE, reasonOf, saidAtAdmission } from "../../support/class-policy.ts";

const [policy, binding] = parseAllDocuments(readFileSync(CLASS_POLICY_FILE, "utf8")).map((one) => one.toJS());
const allowed = { class: aClass({ allowedActions: ["s3:Get*"] }), namespace: "team-a" };

describe("the admission policy of classes", () => {
  test("refuses nothing by its own failure, nor where there are no classes", () => {
    expect(policy.spec).toMatchObject({ failurePolicy: "Ignore", paramKind: { kind: "InstanceProfileClass" } });
    expect(binding.spec).toEqual({
      policyName: policy.metadata.name,
      validationActions: ["Deny"],
      paramRef: { selector: {}, parameterNotFoundAction: "Allow" },
    });
  });

  test("knows the actions that the guard knows, in its order", () => {
    const expression = CLASS_POLICY.variables?.find(({ name }) => name === "wellKnown")?.expression ?? "";
    expect([...expression.matchAll(/'([^']+)'/g)].map(([, action]) => action)).toEqual(WELL_KNOWN_ACTIONS);
  });

  test("looks at every statement and every trust statement that the schema allows", () => {
    const statement = { effect: "Allow", actions: ["s3:GetObject"], resources: ["*"] } as const;
    const wide = { ...statement, actions: ["s3:PutObject"] };
    const statements = [...Array.from({ length: 99 }, () => statement), wide];
    const trusted = { effect: "Allow", principals: { aws: ["123456789012"] }, actions: ["sts:AssumeRole"] } as const;
    const distrusted = { ...trusted, effect: "Deny" } as const;
    const trust = { services: [], statements: [...Array.from({ length: 19 }, () => distrusted), trusted] };
    const { spec } = anInstanceProfile({ spec: { statements } });
    const said = saidAtAdmission(spec, allowed.class, allowed).join("\n");
    expect(said).toContain(
      "ActionNotAllowed: spec.statements[99].actions[0]: s3:PutObject is an action that class readers",
    );
    const { spec: trusting } = anInstanceProfile({ spec: { trust } });
    expect(saidAtAdmission(trusting, aClass({}), allowed)).toContain(
      "TrustStatementNotAllowed: spec.trust.statements[19]: class readers does not allow trust statements. Remove it.",
    );
  });

  test("judges each policy of the object, by its field, and no statement that another policy had before", () => {
    const wide = { effect: "Allow", actions: ["s3:PutObject"], resources: ["*"] } as const;
    const inlinePolicies = [
      aPolicy([wide], "a", "spec.inlinePolicies[0].statements"),
      aPolicy([{ ...wide, actions: ["iam:*"] }], "b", "spec.inlinePolicies[1].statements"),
    ];
    const managedPolicies = [aPolicy([wide], "c", "spec.managedPolicies[0].statements")];
    const of = aClass({ allowedActions: ["s3:Get*"], allowManagedPolicies: true });
    const { spec } = anInstanceProfile({ spec: { inlinePolicies, managedPolicies } });
    const said = saidAtAdmission(spec, of, allowed).map((message) => message.split(/: (?=s3|iam)/)[0]);
    expect(said).toEqual([
      "ActionNotAllowed: spec.inlinePolicies[0].statements[0].actions[0]",
      "ActionNotAllowed: spec.inlinePolicies[1].statements[0].actions[0]",
      "ActionNotAllowed: spec.managedPolicies[0].statements[0].actions[0]",
    ]);
    const { spec: moved } = anInstanceProfile({ spec: { statements: [wide, { ...wide, actions: ["iam:*"] }] } });
    expect(saidAtAdmission(moved, of, { namespace: "team-a", old: spec })).toEqual([]);
  });

  test.each([
    ["a name without the prefix", { name: "app" }, ".name app does not begin with team-a-, as class readers requires."],
    ["another path", { name: "team-a-app", path: "/b/" }, ".path is /b/, and class readers requires /team-a/. Remove"],
    ["the name of the boundary", { name: "TEAM-A-LIMIT" }, ".name TEAM-A-LIMIT does not begin with team-a-"],
    ["the name of the boundary", { name: "team-a-limit" }, ".name team-a-limit is that of the permissions boundary"],
    ["what the class allows", { name: "team-a-app", path: "/team-a/" }, undefined],
  ])("judges name and path of a managed policy, in the words of the controller: %s", (_, own, words) => {
    const of = aClass({
      ...{ allowedActions: ["*"], allowManagedPolicies: true, roleNamePrefix: "{namespace}-", path: "/{namespace}/" },
      permissionsBoundaryArn: "arn:aws:iam::123456789012:policy/x/team-a-limit",
    });
    const statement = { effect: "Allow", actions: ["s3:GetObject"], resources: ["*"] } as const;
    const managedPolicies = [{ ...aPolicy([statement], "", "spec.managedPolicies[0].statements"), ...own }];
    const { spec } = anInstanceProfile({ spec: { roleName: "team-a-app", path: "/team-a/", managedPolicies } });
    const said = saidAtAdmission(spec, of, allowed);
    expect(said).toEqual(words === undefined ? [] : [expect.stringContaining(`spec.managedPolicies[0]${words}`)]);
    const bounds = { class: of, namespace: "team-a", clusterId: "prod", olderPeers: 0 };
    expect(classViolations(spec, bounds).map(({ reason, message }) => `${reason}: ${message}`)).toEqual(said);
    expect(saidAtAdmission({ ...spec, description: "edited" }, of, { namespace: "team-a", old: spec })).toEqual([]);
  });

  test("leaves a document to the controller", () => {
    const statements = [{ effect: "Allow", actions: ["iam:*"], resources: ["*"] }] as const;
    const document = { Statement: { Effect: "Allow", Action: "iam:*", Resource: "*" } };
    const inlinePolicies = [{ ...aPolicy([...statements], "a", "spec.inlinePolicies[0].document"), document }];
    expect(saidAtAdmission(anInstanceProfile({ spec: { inlinePolicies } }).spec, allowed.class, allowed)).toEqual([]);
  });

  test.each([
    [`arn:aws:s3:::$${"{var.bucket}"}/*`, true],
    [`arn:aws:s3:::$${"{AWS::AccountId}"}-logs`, true],
    ["arn:aws:s3:::{{ .Values.bucket }}", true],
    [`arn:aws:s3:::$${"{aws:username}"}/*`, false],
    [`arn:aws:s3:::$${"{data.example.com:sub}"}/*`, false],
    ["arn:aws:s3:::logs-{account}", false],
  ])("refuses template text of other tools as the controller does: %s", (text, isRefused) => {
    const resources = [text];
    const conditions = { StringLike: { "s3:prefix": [text] } };
    const get = { effect: "Allow", actions: ["s3:GetObject"] } as const;
    const asked = [[{ ...get, resources }], [{ ...get, resources: ["*"], conditions }]];
    const said = asked.map((statements) =>
      saidAtAdmission(anInstanceProfile({ spec: { statements } }).spec, allowed.class, allowed).map(reasonOf),
    );
    expect(said).toEqual(isRefused ? [["UnfilledTemplate"], ["UnfilledTemplate"]] : [[], []]);
    expect(leftoverIn(text, true) !== undefined).toBe(isRefused);
  });

  test("takes a manifest that names no service for one that trusts EC2", () => {
    const { spec } = anInstanceProfile();
    const said = (services: readonly string[], old?: typeof spec) =>
      saidAtAdmission(spec, aClass({ allowedTrustServices: services }), { namespace: "team-a", ...(old && { old }) });
    expect(said(["ssm.amazonaws.com"])).toEqual([
      expect.stringMatching(/^TrustServiceNotAllowed: .*ec2.amazonaws.com/),
    ]);
    expect([said(["ec2.amazonaws.com"]), said(["ssm.amazonaws.com"], { ...spec, description: "old" })]).toEqual([
      [],
      [],
    ]);
  });

  test("says no more than an API server shows", () => {
    const statements = Array.from({ length: 100 }, () => ({
      effect: "Allow" as const,
      actions: ["iam:*"],
      resources: ["*"],
    }));
    const said = saidAtAdmission(anInstanceProfile({ spec: { statements } }).spec, allowed.class, allowed).join(" ");
    expect(said).toMatch(/^ActionNotAllowed: .* \.\.\.$/);
    expect(Buffer.byteLength(said)).toBeLessThan(5 * 1024);
  });

  test("says each expression in one line: readers of YAML fold lines that are indented more in their own ways", () => {
    const texts = [...(CLASS_POLICY.variables ?? []), ...CLASS_POLICY.validations].map(({ expression }) => expression);
    expect(texts.filter((text) => text.includes("\n"))).toEqual([]);
  });

  test("is short for what it does: every variable is used", () => {
    const { variables = [], validations } = CLASS_POLICY;
    const texts = [...variables, ...validations].map((one) => JSON.stringify(one));
    const unused = variables.filter(({ name }) => !texts.some((text) => text.includes(`variables.${name}`)));
    expect(unused.map(({ name }) => name)).toEqual([]);
  });
});
