import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { collectBody } from "../../../src/aws/client/collect-body.ts";

test("the body of a reply is all of its chunks, in order", async () => {
  const chunks = ["one, ", "two, ", "three"].map((text) => Buffer.from(text));
  expect((await collectBody(Readable.from(chunks))).toString()).toBe("one, two, three");
  expect((await collectBody(Readable.from(chunks.slice(0, 1)))).toString()).toBe("one, ");
  expect((await collectBody(Readable.from([]))).toString()).toBe("");
});

test("a reply that fails, or ends too early, is no body", async () => {
  const failing = new Readable({ read: () => {} });
  const failed = expect(collectBody(failing)).rejects.toThrow("reset");
  failing.push("a part");
  failing.destroy(new Error("reset"));
  await failed;
  const cut = new Readable({ read: () => {} });
  const ended = expect(collectBody(cut)).rejects.toMatchObject({ code: "ECONNRESET" });
  cut.push("a part");
  cut.destroy();
  await ended;
});

test("a reply that ended before it is read is no body, and fails at once", async () => {
  const cut = new Readable({ read: () => {} }).destroy();
  await new Promise((resolve) => cut.on("close", resolve));
  await expect(collectBody(cut)).rejects.toMatchObject({ code: "ECONNRESET" });
  const failed = new Readable({ read: () => {} }).destroy(new Error("reset"));
  await expect(collectBody(failed)).rejects.toThrow("reset");
});
