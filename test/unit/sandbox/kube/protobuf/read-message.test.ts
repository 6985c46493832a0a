import { PbfWriter } from "pbf";
import { expect, test } from "vitest";
import { readProtobuf } from "../../../../../src/sandbox/kube/protobuf/read-message.ts";

type Write = (writer: PbfWriter) => void;

const text =
  (field: number, value: string): Write =>
  (writer) =>
    writer.writeStringField(field, value);
const number =
  (field: number, value: number): Write =>
  (writer) =>
    writer.writeVarintField(field, value);

function message(field: number, ...parts: readonly Write[]): Write {
  return (writer) => writer.writeBytesField(field, bytesOf(...parts));
}

function bytesOf(...parts: readonly Write[]): Uint8Array {
  const writer = new PbfWriter();
  for (const part of parts) part(writer);
  return writer.finish();
}

/** A body as client-go sends it. */
function body(apiVersion: string, kind: string, ...parts: readonly Write[]): Uint8Array {
  const raw: Write = (writer) => writer.writeBytesField(2, bytesOf(...parts));
  const envelope = bytesOf(message(1, text(1, apiVersion), text(2, kind)), raw, text(3, ""));
  return Buffer.concat([Buffer.from("k8s\0"), envelope]);
}

test("reads a ConfigMap with its maps", () => {
  const entry = (field: number, key: string, value: string) => message(field, text(1, key), text(2, value));
  const meta = message(
    1,
    text(1, "config"),
    text(2, ""),
    text(3, "default"),
    message(8),
    entry(11, "a", "b"),
    entry(11, "c", "d"),
  );
  expect(readProtobuf(body("v1", "ConfigMap", meta, entry(2, "key", "value"), entry(2, "empty", "")))).toEqual({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "config", namespace: "default", labels: { a: "b", c: "d" } },
    data: { key: "value", empty: "" },
  });
});

test("reads a Lease with times to the microsecond", () => {
  const time = (field: number) => message(field, number(1, 1_767_323_045), number(2, 6_789));
  const spec = message(2, text(1, "me"), number(2, 15), time(3), time(4), number(5, 0));
  expect(readProtobuf(body("coordination.k8s.io/v1", "Lease", message(1, text(1, "leader")), spec))).toMatchObject({
    metadata: { name: "leader" },
    spec: {
      holderIdentity: "me",
      leaseDurationSeconds: 15,
      acquireTime: "2026-01-02T03:04:05.000006Z",
      renewTime: "2026-01-02T03:04:05.000006Z",
      leaseTransitions: 0,
    },
  });
});

test("reads repeated messages and texts, and skips fields that it does not know", () => {
  const owner = (name: string) => message(13, text(1, "Widget"), text(3, name), number(6, 1));
  const meta = message(1, text(1, "sa"), owner("a"), owner("b"), text(14, "x/y"), text(14, "z/w"), text(99, "future"));
  expect(readProtobuf(body("v1", "ServiceAccount", meta))).toMatchObject({
    metadata: {
      name: "sa",
      ownerReferences: [
        { kind: "Widget", name: "a", controller: true },
        { kind: "Widget", name: "b", controller: true },
      ],
      finalizers: ["x/y", "z/w"],
    },
  });
});

test("reads DeleteOptions under any group", () => {
  expect(readProtobuf(body("apps/v1", "DeleteOptions", message(2, text(1, "uid")), text(4, "Background")))).toEqual({
    apiVersion: "apps/v1",
    kind: "DeleteOptions",
    preconditions: { uid: "uid" },
    propagationPolicy: "Background",
  });
});

test("refuses what is not the Kubernetes encoding, and kinds that it does not know", () => {
  expect(() => readProtobuf(Buffer.from("{}"))).toThrow("does not start with the k8s prefix");
  expect(() => readProtobuf(body("apps/v1", "Deployment"))).toThrow(
    "no protobuf message is known for apps/v1, Kind=Deployment",
  );
});
