import { expect, test } from "vitest";
import { readProtobuf } from "../../../../../src/sandbox/kube/decoding/protobuf.ts";

/** A field whose bytes are given: texts and messages, of fewer than 128 bytes. */
function field(number: number, ...parts: readonly (string | Buffer)[]): Buffer {
  const content = Buffer.concat(parts.map((part) => Buffer.from(part)));
  return Buffer.concat([Buffer.from([number * 8 + 2, content.length]), content]);
}

/** A field with a small number. */
function numeric(number: number, value: number): Buffer {
  return Buffer.from([number * 8, value]);
}

/** A body as client-go sends it. */
function body(apiVersion: string, kind: string, ...parts: readonly Buffer[]): Buffer {
  const envelope = [field(1, field(1, apiVersion), field(2, kind)), field(2, ...parts), field(3, ""), field(4, "")];
  return Buffer.concat([Buffer.from("k8s\0"), ...envelope]);
}

const entry = (number: number, key: string, value: string | Buffer): Buffer =>
  field(number, field(1, key), field(2, value));

test("reads what kubectl 1.33 sends to create a namespace", () => {
  const sent = "azhzAAoPCgJ2MRIJTmFtZXNwYWNlEh4KFgoGdGVhbS1hEgAaACIAKgAyADgAQgASABoCCgAaACIA";
  expect(readProtobuf(Buffer.from(sent, "base64"))).toEqual({
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: "team-a" },
  });
});

test("reads a ConfigMap with its maps", () => {
  const meta = field(1, field(1, "config"), field(3, "default"), field(8), entry(11, "a", "b"), entry(11, "c", "d"));
  const data = [
    entry(2, "key", "value"),
    entry(2, "empty", ""),
    entry(3, "bytes", Buffer.from([0, 255])),
    numeric(4, 1),
  ];
  expect(readProtobuf(body("v1", "ConfigMap", meta, ...data))).toEqual({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "config", namespace: "default", labels: { a: "b", c: "d" } },
    data: { key: "value", empty: "" },
    binaryData: { bytes: "AP8=" },
    immutable: true,
  });
});

test("reads lengths of more than one byte", () => {
  const [long, text] = ["a".repeat(300), Buffer.from("a".repeat(300))];
  const tagged = (number: number, content: Buffer): Buffer =>
    Buffer.concat([
      Buffer.from([number * 8 + 2, 128 + (content.length % 128), Math.floor(content.length / 128)]),
      content,
    ]);
  const message = tagged(2, Buffer.concat([field(1, "k"), tagged(2, text)]));
  const raw = Buffer.concat([
    Buffer.from("k8s\0"),
    field(1, field(1, "v1"), field(2, "ConfigMap")),
    tagged(2, message),
  ]);
  expect(readProtobuf(raw)["data"]).toEqual({ k: long });
});

test.each<[string, Buffer, string]>([
  ["what is not the Kubernetes encoding", Buffer.from("{}"), "does not start with the k8s prefix"],
  ["kinds that it does not know", body("apps/v1", "Deployment"), "is known for apps/v1, Kind=Deployment: send JSON"],
  [
    "fields that it does not know, lest they be lost",
    body("v1", "Namespace", field(1, field(1, "n"), field(14, "x/finalizer"))),
    "field 14 of metadata is not known as protobuf: send JSON",
  ],
  ["a body that is cut off", body("v1", "Namespace", field(1, field(1, "n"))).subarray(0, -6), "is cut off"],
  ["numbers of a fixed size", body("v1", "Namespace", Buffer.from([0x0d, 0, 0, 0, 0])), "wire type 5"],
])("refuses %s", (_, sent, message) => {
  expect(() => readProtobuf(sent)).toThrow(message);
});
