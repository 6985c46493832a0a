import { describe, expect, test } from "vitest";
import { requestContext } from "../../../../src/model/access/access-request.ts";
import { compileAccess, compilePolicies, evaluatePolicies } from "../../../../src/model/access/evaluate/evaluate.ts";

const GET = { action: "s3:GetObject", resource: "arn:aws:s3:::logs/a", context: requestContext({}) };

const allow = (more: object = {}) => ({ Effect: "Allow", Action: "s3:Get*", Resource: "*", ...more });

const policy = (...statements: readonly object[]) => ({ Version: "2012-10-17", Statement: statements });

const verdict = (statement: object, request = GET) => evaluatePolicies([policy(statement)], request).verdict;

describe("the verdict", () => {
  test("is silent without a statement that holds", () => {
    expect(evaluatePolicies([], GET)).toEqual({ verdict: "silent", decidedBy: [], unknown: [] });
    expect(verdict(allow({ Action: "s3:Put*" }))).toBe("silent");
  });

  test("names every statement that allows, by document, place and Sid", () => {
    const documents = [policy(allow({ Action: "ec2:*" }), allow({ Sid: "Read" })), policy(allow({ Sid: "" }))];
    expect(evaluatePolicies(documents, GET)).toEqual({
      verdict: "allow",
      decidedBy: [
        { document: 0, statement: 1, sid: "Read", effect: "Allow", by: "name" },
        { document: 1, statement: 0, sid: undefined, effect: "Allow", by: "name" },
      ],
      unknown: [],
    });
  });

  test("is deny with one Deny, whatever allows, and names the Deny alone", () => {
    const denied = evaluatePolicies([policy(allow(), allow({ Effect: "Deny", Sid: "No" })), policy(allow())], GET);
    expect(denied).toMatchObject({ verdict: "deny", decidedBy: [{ document: 0, statement: 1, sid: "No" }] });
    expect(denied.decidedBy).toHaveLength(1);
  });

  test("is the same for a statement without a list around it", () => {
    expect(evaluatePolicies([{ Statement: allow() }], GET).verdict).toBe("allow");
  });

  test("of compiled policies is that of the policies, request by request", () => {
    const compiled = compilePolicies([policy(allow({ Resource: "arn:aws:s3:::logs/*" }))]);
    expect(compiled.evaluate(GET).verdict).toBe("allow");
    expect(compiled.evaluate({ ...GET, resource: "arn:aws:s3:::other/a" }).verdict).toBe("silent");
    expect(compiled.evaluate(GET).verdict).toBe("allow");
  });
});

describe("actions", () => {
  test.each<[string, object, "allow" | "silent"]>([
    ["match in any case", { Action: "S3:gETobject" }, "allow"],
    ["match in ASCII case alone: the Kelvin sign is no k", { Action: "s3:GetObject\u212a" }, "silent"],
    ["match by wildcards", { Action: ["ec2:*", "s3:?etO*t"] }, "allow"],
    ["have no variables", { Action: `s3:\${none, 'GetObject'}` }, "silent"],
    ["of NotAction are all others", { Action: undefined, NotAction: ["ec2:*", "s3:Put*"] }, "allow"],
    ["of NotAction are not those, in any case", { Action: undefined, NotAction: "S3:GET*" }, "silent"],
  ])("%s", (_, more, expected) => {
    expect(verdict(allow(more))).toBe(expected);
  });
});

describe("resources", () => {
  test.each<[string, object, "allow" | "silent"]>([
    ["match in their own case alone", { Resource: "arn:aws:s3:::LOGS/a" }, "silent"],
    ["of NotResource are all others", { Resource: undefined, NotResource: "arn:aws:s3:::other/*" }, "allow"],
    ["of NotResource are not those", { Resource: undefined, NotResource: ["arn:aws:s3:::l*"] }, "silent"],
    [
      "of NotResource are none when a variable has no value: all but something unknown could be anything",
      { Resource: undefined, NotResource: `arn:aws:s3:::\${aws:username}/*` },
      "silent",
    ],
  ])("%s", (_, more, expected) => {
    expect(verdict(allow(more))).toBe(expected);
  });
});

describe("policy variables", () => {
  const BUCKET = `arn:aws:s3:::\${aws:PrincipalTag/bucket}/a`;
  const withTag = { ...GET, context: requestContext({ "aws:principaltag/BUCKET": "logs" }) };
  const statement = (Resource: string) => allow({ Resource });

  test("stand for the value of their key, whose name is the same in any case", () => {
    expect(verdict(statement(BUCKET), withTag)).toBe("allow");
    expect(verdict(statement(BUCKET), GET)).toBe("silent");
  });

  test.each([undefined, "2008-10-17"])("are plain text in version %s", (Version) => {
    const documents = [{ Version, Statement: [statement(BUCKET)] }];
    expect(evaluatePolicies(documents, withTag).verdict).toBe("silent");
    expect(evaluatePolicies(documents, { ...withTag, resource: BUCKET }).verdict).toBe("allow");
  });

  test("have a default for a key without a value, or with several", () => {
    const byDefault = statement(`arn:aws:s3:::\${ aws:PrincipalTag/bucket , 'logs' }/a`);
    expect(verdict(byDefault, GET)).toBe("allow");
    expect(verdict(byDefault, { ...GET, context: requestContext({ "aws:PrincipalTag/bucket": ["x", "y"] }) })).toBe(
      "allow",
    );
    expect(verdict(byDefault, { ...GET, context: requestContext({ "aws:PrincipalTag/bucket": "x" }) })).toBe("silent");
  });

  test.each(["*", "?", "$"])("write the character %s itself", (character) => {
    const escaped = statement(`arn:aws:s3:::logs/\${${character}}`);
    expect(verdict(escaped, { ...GET, resource: `arn:aws:s3:::logs/${character}` })).toBe("allow");
    expect(verdict(escaped, GET)).toBe("silent");
  });
});

describe("what cannot be read", () => {
  test.each<[string, object, string]>([
    ["another Effect", { Effect: "allow" }, "its Effect is neither Allow nor Deny"],
    ["no action", { Action: undefined }, "it has no Action"],
    ["an empty list of actions", { Action: [] }, "its Action cannot be read"],
    ["an action that is no text", { Action: [1] }, "its Action cannot be read"],
    ["both elements of a pair", { NotAction: "s3:*" }, "it has both Action and NotAction"],
    ["no resource", { Resource: undefined }, "it has no Resource"],
    ["a Condition that is no object", { Condition: "x" }, "its Condition cannot be read"],
    ["an operator without keys", { Condition: { StringEquals: "x" } }, "its Condition cannot be read"],
    ["an unknown operator", { Condition: { StringIs: { a: "b" } } }, "the operator StringIs is unknown"],
    ["a value that is an object", { Condition: { Null: { a: {} } } }, "the values of a under Null cannot be read"],
  ])("%s: the statement counts as not there, and is reported", (_, more, reason) => {
    expect(evaluatePolicies([policy(allow(), allow(more))], GET)).toMatchObject({
      verdict: "allow",
      decidedBy: [{ statement: 0 }],
      unknown: [{ document: 0, statement: 1, reason }],
    });
    expect(evaluatePolicies([policy(allow(), allow({ Effect: "Deny", ...more }))], GET).verdict).toBe("allow");
  });

  test("a document that is none is reported", () => {
    for (const document of ["{}", null, [], { Statement: ["x"] }, {}]) {
      expect(evaluatePolicies([document], GET)).toMatchObject({
        verdict: "silent",
        unknown: [{ document: 0, reason: "its document cannot be read" }],
      });
    }
  });

  test("a statement is not reported when it does not concern the request anyway", () => {
    const unknown = allow({ Action: "ec2:*", Condition: { StringIs: { a: "b" } } });
    expect(evaluatePolicies([policy(unknown)], GET).unknown).toEqual([]);
    const other = allow({ Condition: { StringIs: { a: "b" }, StringEquals: { c: "d" } } });
    expect(evaluatePolicies([policy(other)], GET).unknown).toEqual([]);
  });
});

describe("layers", () => {
  const request = (layers: readonly object[][]) =>
    compileAccess({ use: "permissions", layers: layers as never }).evaluate(GET);

  test("must all allow: a boundary takes away what it does not allow", () => {
    expect(request([[policy(allow())], [policy(allow())]]).isAllowed).toBe(true);
    expect(request([[policy(allow())], [policy(allow({ Action: "ec2:*" }))]]).isAllowed).toBe(false);
    expect(request([[policy(allow())], [policy(allow(), allow({ Effect: "Deny" }))]]).isAllowed).toBe(false);
    expect(request([[policy(allow())], []]).isAllowed).toBe(false);
    expect(request([]).isAllowed).toBe(false);
  });

  test("each say what decided them", () => {
    const { layers } = request([[policy(allow({ Sid: "Own" }))], [policy(allow({ Effect: "Deny", Sid: "Bound" }))]]);
    expect(layers.map(({ verdict: said, decidedBy }) => [said, decidedBy[0]?.sid])).toEqual([
      ["allow", "Own"],
      ["deny", "Bound"],
    ]);
  });
});
