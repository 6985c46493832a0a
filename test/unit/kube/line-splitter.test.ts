import { expect, test } from "vitest";
import { RetryableError } from "../../../src/errors.ts";
import { MalformedStreamError, splitLines } from "../../../src/kube/line-splitter.ts";

async function* chunksOf(...chunks: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield typeof chunk === "string" ? Buffer.from(chunk) : chunk;
}

async function linesOf(chunks: AsyncIterable<Uint8Array>, maxBytes?: number): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of splitLines(chunks, maxBytes)) lines.push(Buffer.from(line).toString("utf8"));
  return lines;
}

test("gives lines however the bytes were cut", async () => {
  const bytes = Buffer.from("ein\nzwölf\n\n\u2028drei\r\n");
  for (let size = 1; size <= bytes.length; size++) {
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
    expect(await linesOf(chunksOf(...pieces))).toEqual(["ein", "zwölf", "\u2028drei\r"]);
  }
});

test("gives nothing for an empty stream", async () => {
  expect(await linesOf(chunksOf())).toEqual([]);
  expect(await linesOf(chunksOf("", "\n"))).toEqual([]);
});

test("refuses a line that is too long, finished or not", async () => {
  await expect(linesOf(chunksOf("12345\n"), 4)).rejects.toThrow(MalformedStreamError);
  await expect(linesOf(chunksOf("123", "45"), 4)).rejects.toThrow(MalformedStreamError);
  await expect(linesOf(chunksOf("123", "45\n"), 4)).rejects.toThrow(MalformedStreamError);
  expect(await linesOf(chunksOf("12", "34\n"), 4)).toEqual(["1234"]);
});

test("does not take half a line for a line when the stream ends", async () => {
  const lost = linesOf(chunksOf("whole\n", '{"half":'));
  await expect(lost).rejects.toThrow(RetryableError);
  await expect(lost).rejects.not.toThrow(MalformedStreamError);
});
