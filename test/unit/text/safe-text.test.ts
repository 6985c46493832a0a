import { describe, expect, test } from "vitest";
import {
  isPrintableLine,
  messageText,
  printable,
  printableJson,
  printableLine,
  redact,
} from "../../../src/text/safe-text.ts";

describe("printable text", () => {
  test.each([
    ["plain words, ü, 中 and 😀", "plain words, ü, 中 and 😀"],
    ["a\nb\tc\u001bd", "a\\u000ab\\u0009c\\u001bd"],
    ["\u0085\u009b\u2028\u202e\u2069\ufeff\u00ad", "\\u0085\\u009b\\u2028\\u202e\\u2069\\ufeff\\u00ad"],
    ["\u{e0041}", "\\udb40\\udc41"],
    ["\ud800", "\\ud800"],
    ["a\\u001b", "a\\u001b"],
  ])("%j is %s", (text, shown) => {
    expect(printable(text)).toBe(shown);
    expect(printable(shown)).toBe(shown);
  });
});

describe("a printable line", () => {
  test.each([
    ["::error::x", "\\u003a:error::x"],
    ["  ::error::x", "  \\u003a:error::x"],
    ["\u00a0::error::x", "\u00a0\\u003a:error::x"],
    ["arn:aws:iam::1:role/x", "arn:aws:iam::1:role/x"],
    ["a ##[error]b ##VSO[c]d ##teamcity[e", "a \\u0023#[error]b \\u0023#VSO[c]d \\u0023#teamcity[e"],
    ["## a heading", "## a heading"],
  ])("%j is no command to a CI system: %s", (text, shown) => {
    expect(printableLine(text)).toBe(shown);
    expect(isPrintableLine(text)).toBe(text === shown);
  });

  test.each(["\u2028::error::\u{e0041}", "##[x]", "::x"])("the escapes of %j mean in JSON what stood there", (text) => {
    expect(JSON.parse(printableLine(JSON.stringify(text)))).toBe(text);
    expect(JSON.parse(printableJson(JSON.stringify([text], null, 2)))).toEqual([text]);
  });
});

describe("a redacted text", () => {
  test.each([
    ["connect to https://me:pw@host:1/a failed", "connect to https://[redacted]@host:1/a failed"],
    ["(https://pw@host)", "(https://[redacted]@host)"],
    ["https://me:p/w#x?y@host", "https://[redacted]@host"],
    ["https://host/a and b@c", "https://host/a and b@c"],
    ["arn:aws:sts::1:assumed-role/a/b@c", "arn:aws:sts::1:assumed-role/a/b@c"],
    [`Unexpected token 'p', ..."token": pw"... is not valid JSON`, "Unexpected token 'p': the text is not valid JSON"],
  ])("%j is %j", (text, redacted) => {
    expect(redact(text)).toBe(redacted);
    expect(redact(redacted)).toBe(redacted);
  });

  test.each(["//".repeat(200_000), `, "`.repeat(200_000), `${', "'.repeat(100_000)} is not valid JSON`])(
    "a long text takes time that grows with its length alone: %#",
    (text) => {
      expect(redact(text).length).toBeGreaterThan(0);
    },
  );
});

test("a message is cut after its credentials are taken out, never within them", () => {
  expect(messageText(`${"x".repeat(20)} https://me:password@host`, 40)).not.toContain("passw");
  expect(messageText("short", 40)).toBe("short");
  expect(messageText("😀".repeat(40), 40)).toBe(`${"😀".repeat(19)}\ufffd…`);
});
