import { basename } from "node:path";
import { describe, expect, test } from "vitest";
import { classSpecField, classStatusField } from "../../../src/api/class-fields.ts";
import { API_GROUP, API_VERSION } from "../../../src/api/instance-profile.ts";
import { CLASS_KIND, CLASS_PLURAL } from "../../../src/api/instance-profile-class.ts";
import { parseInstanceProfileClass } from "../../../src/api/parse-instance-profile-class.ts";
import { type ApiAnswer, sandboxAnswer } from "./api-answer.ts";
import { type CrdNode, shapeOf } from "./crd-shape.ts";
import { CLASS_CRD_FILE, CLASS_SAMPLES_FOLDER, documents, listSamples, type Manifest } from "./samples.ts";

interface Crd {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly scope: string;
    readonly names: { readonly kind: string; readonly plural: string };
    readonly versions: readonly {
      readonly name: string;
      readonly schema: {
        readonly openAPIV3Schema: { readonly properties: Readonly<Record<"spec" | "status", CrdNode>> };
      };
    }[];
  };
}

const crd = documents(CLASS_CRD_FILE)[0] as unknown as Crd;
const [version] = crd.spec.versions;

describe("the CRD of classes and src/api", () => {
  test("have the same fields, bounds, defaults and messages", () => {
    const properties = version?.schema.openAPIV3Schema.properties;
    expect(properties && shapeOf(properties.spec)).toEqual(classSpecField.schema);
    expect(properties && shapeOf(properties.status)).toEqual(classStatusField.schema);
  });

  test("have the same group, version, kind, plural and scope", () => {
    expect(crd.spec).toMatchObject({ scope: "Cluster", names: { kind: CLASS_KIND, plural: CLASS_PLURAL } });
    expect(`${API_GROUP}/${version?.name}`).toBe(API_VERSION);
    expect(crd.metadata.name).toBe(`${CLASS_PLURAL}.${API_GROUP}`);
  });

  test("describe every field", () => {
    const missing: string[] = [];
    const visit = (node: CrdNode, path: string): void => {
      if (node["description"] === undefined && !/^\.(metadata)?$/.test(path)) missing.push(path);
      for (const [name, child] of Object.entries((node["properties"] ?? {}) as Record<string, CrdNode>)) {
        visit(child, `${path}.${name}`);
      }
      if (node["items"] !== undefined) visit(node["items"] as CrdNode, `${path}[]`);
    };
    visit(version?.schema.openAPIV3Schema as unknown as CrdNode, "");
    expect(missing).toEqual([]);
  });
});

const samples = listSamples(CLASS_SAMPLES_FOLDER).map((sample) => ({ name: basename(sample.file, ".yaml"), sample }));

function parserAnswer(manifest: Manifest): string {
  try {
    parseInstanceProfileClass(manifest);
    return "";
  } catch (error) {
    return (error as Error).message;
  }
}

function messageOf(answer: ApiAnswer): string {
  return answer.outcome === "stored" ? "" : answer.message;
}

describe("a sample of a class", () => {
  test.each(samples)("$name gets the answer it must get of parser and API server", ({ sample }) => {
    switch (sample.outcome) {
      case "accepted":
        expect(parserAnswer(sample.manifest)).toBe("");
        expect(messageOf(sandboxAnswer(sample.manifest))).toBe("");
        return;
      case "refused":
        expect(parserAnswer(sample.manifest)).toContain(sample.message);
        expect(messageOf(sandboxAnswer(sample.manifest))).toContain(sample.message);
        return;
      case "change-refused":
        expect([sample.before, sample.after].map(parserAnswer)).toEqual(["", ""]);
        expect(messageOf(sandboxAnswer(sample.before))).toBe("");
        expect(messageOf(sandboxAnswer(sample.after, sample.before))).toContain(sample.message);
    }
  });
});
