import { expect, test } from "vitest";
import { representation } from "../../../../../src/sandbox/kube/query/media-type.ts";

const none = new URLSearchParams();
const table = "application/json;as=Table;v=v1;g=meta.k8s.io";

test.each([
  [undefined, "json", "object"],
  ["*/*", "json", "object"],
  ["application/json, */*", "json", "object"],
  ["application/yaml", "yaml", "object"],
  ["application/vnd.kubernetes.protobuf,application/json", "json", "object"],
  [`${table},application/json`, "json", "table"],
  ["application/json;as=Table;v=v9;g=meta.k8s.io,application/json", "json", "object"],
  ["application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io", "json", "metadata"],
  ["application/yaml;q=0.5,application/json;q=0.9", "json", "object"],
])("Accept %j is answered with %s as %s", (accept, format, shape) => {
  expect(representation(accept, none)).toMatchObject({ format, shape });
});

test("an Accept that cannot be served is refused, naming what can", () => {
  expect(() => representation("text/html", none)).toThrow(
    "only the following media types are accepted: application/json",
  );
});

test("a table row carries the metadata unless more or less is asked for", () => {
  expect(representation(table, none).includeObject).toBe("Metadata");
  expect(representation(table, new URLSearchParams("includeObject=None")).includeObject).toBe("None");
  expect(() => representation(table, new URLSearchParams("includeObject=All"))).toThrow("Unable to convert to Table");
});
