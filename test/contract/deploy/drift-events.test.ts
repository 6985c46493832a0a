import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { yamlEvents } from "../../../src/cli/manifests/yaml-events.ts";
import { templateJsonOf } from "../../../src/cli/manifests/yaml-json.ts";
import { readChangeEvent } from "../../../src/engine/drift/change-event.ts";
import { DRIFTS, stepsFor } from "../../scenario/drift-stories.ts";
import { DEPLOY_FOLDER } from "./deployed-files.ts";

// biome-ignore lint/suspicious/noExplicitAny: a template without a type, looked into by assertions only.
type Untyped = any;

const text = readFileSync(join(DEPLOY_FOLDER, "aws/cloudformation/drift-events.yaml"), "utf8");
const template = templateJsonOf(yamlEvents(text), text)[0] as Untyped;
const module = readFileSync(join(DEPLOY_FOLDER, "aws/terraform/drift-events/main.tf"), "utf8");
const page = readFileSync(join(DEPLOY_FOLDER, "../docs/how-to/drift-events.md"), "utf8");
const { Queue, DeadLetters, QueuePolicy, Rule, Receive } = template.Resources;
const { eventName: actions } = Rule.Properties.EventPattern.detail;

const POLICY_ARN = "arn:aws:iam::123456789012:policy/app";
const OF_EC2 = /^(?:Associate|Replace|Disassociate)/;
const OF_POLICIES = /^(?:CreatePolicyVersion|SetDefault|DeletePolicy|TagPolicy|UntagPolicy)/;

/** What the call names. */
function parametersOf(action: string): Readonly<Record<string, string>> {
  if (OF_EC2.test(action)) return { AssociationId: "iip-assoc-0123456789abcdef0" };
  if (OF_POLICIES.test(action)) return { policyArn: POLICY_ARN };
  if (action.includes("InstanceProfile")) return { instanceProfileName: "app", roleName: "app" };
  return { roleName: "app", policyName: "app", policyArn: POLICY_ARN };
}

function eventOf(eventName: string): string {
  const eventSource = OF_EC2.test(eventName) ? "ec2.amazonaws.com" : "iam.amazonaws.com";
  const [type] = Rule.Properties.EventPattern["detail-type"];
  return JSON.stringify({
    ...{ source: "aws.iam", account: "123456789012", "detail-type": type },
    detail: { eventSource, eventName, eventTime: "2026-01-01T00:00:00Z", requestParameters: parametersOf(eventName) },
  });
}

describe("the rule", () => {
  test("sends every call by which another client makes one of the known drifts, and EC2's of associations", () => {
    const steps = Object.values(DRIFTS).flatMap((drift) => drift("app", stepsFor("app")).steps);
    expect(actions).toEqual(expect.arrayContaining([...new Set(steps.map(([action]) => action))]));
    expect(
      actions.filter((action: string) => action.endsWith("Association") || action.endsWith("IamInstanceProfile")),
    ).toHaveLength(3);
  });

  test("sends nothing that the controller does not understand", () => {
    for (const action of actions) {
      const reading = readChangeEvent(eventOf(action));
      expect(reading.kind, action).toBe("change");
      const touched = reading.kind === "change" ? reading.event.touched : [];
      expect(
        touched.map(({ parts }) => parts),
        action,
      ).not.toContain("everything");
    }
  });

  test("is the same in the Terraform module", () => {
    const [, listed = ""] = /eventName = \[([^\]]*)\]/.exec(module) ?? [];
    expect([...listed.matchAll(/"(\w+)"/g)].map(([, action]) => action)).toEqual(actions);
  });
});

test("only the rule can send, nobody unencrypted, and what fails goes to a dead-letter queue", () => {
  const [send, encrypted, ...others] = QueuePolicy.Properties.PolicyDocument.Statement;
  expect(others).toEqual([]);
  expect(send).toMatchObject({ Principal: { Service: "events.amazonaws.com" }, Action: "sqs:SendMessage" });
  expect(send.Condition).toEqual({ ArnEquals: { "aws:SourceArn": { "Fn::GetAtt": "Rule.Arn" } } });
  expect(encrypted).toMatchObject({ Effect: "Deny", Condition: { Bool: { "aws:SecureTransport": "false" } } });
  expect([Queue, DeadLetters].map(({ Properties }) => String(Properties.SqsManagedSseEnabled))).toEqual([
    "true",
    "true",
  ]);
  expect(Queue.Properties.RedrivePolicy.deadLetterTargetArn).toEqual({ "Fn::GetAtt": "DeadLetters.Arn" });
});

test("the controller gets the permissions that it uses, the same in the template, the module and on the page", () => {
  const [statement, ...others] = Receive.Properties.PolicyDocument.Statement;
  expect(others).toEqual([]);
  const adapter = readFileSync(join(import.meta.dirname, "../../../src/aws/sqs/sqs-event-queue.ts"), "utf8");
  const used = [...new Set([...adapter.matchAll(/new (\w+?)(?:Batch)?Command\(/g)].map(([, name]) => `sqs:${name}`))];
  expect(statement.Action.toSorted()).toEqual(used.toSorted());
  for (const action of used)
    expect(
      [module, page].map((one) => one.includes(`"${action}"`)),
      action,
    ).toEqual([true, true]);
});
