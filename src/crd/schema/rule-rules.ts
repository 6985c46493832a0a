import type { FieldCause, JsonObject } from "../contract.ts";
import { invalid, notSupported, required } from "../field-cause.ts";
import { stringMember } from "../json.ts";
import { relativeFieldPath } from "./field-path.ts";
import type { SchemaNode } from "./structural.ts";

const reasons = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];

function messageCauses(rule: JsonObject, path: string): readonly FieldCause[] {
  const message = stringMember(rule, "message");
  const text = stringMember(rule, "rule").trim();
  if (text === "") {
    return [required(`${path}.rule`, "rule is not specified")];
  }
  if (message !== "" && message.trim() === "") {
    return [invalid(`${path}.message`, message, "must be non-empty if specified")];
  }
  if (/[\n\r]/.test(message.trim())) {
    return [invalid(`${path}.message`, message, "must not contain line breaks")];
  }
  return /[\n\r]/.test(text) && message.trim() === ""
    ? [required(`${path}.message`, "message must be specified if rule contains line breaks")]
    : [];
}

function ruleCauses(rule: JsonObject, node: SchemaNode, path: string): readonly FieldCause[] {
  const causes = [...messageCauses(rule, path)];
  const expression = stringMember(rule, "messageExpression");
  if (expression !== "" && expression.trim() === "") {
    causes.push(required(`${path}.messageExpression`, "messageExpression must be non-empty if specified"));
  }
  const reason = stringMember(rule, "reason");
  if (reason !== "" && !reasons.includes(reason)) {
    causes.push(notSupported(`${path}.reason`, reason, reasons));
  }
  const fieldPath = stringMember(rule, "fieldPath");
  if (fieldPath !== "" && relativeFieldPath(fieldPath, node) === undefined) {
    causes.push(invalid(`${path}.fieldPath`, fieldPath, "must be a valid path"));
  }
  return causes;
}

/** What is wrong with the `x-kubernetes-validations` of a schema besides their expressions. */
export function ruleDeclarationCauses(node: SchemaNode, path: string): readonly FieldCause[] {
  const own = node.rules.flatMap((rule, index) => ruleCauses(rule, node, `${path}.x-kubernetes-validations[${index}]`));
  const properties = [...node.properties].flatMap(([name, property]) =>
    ruleDeclarationCauses(property, `${path}.properties[${name}]`),
  );
  const additional = node.additional === undefined || node.additional === "any" ? undefined : node.additional;
  return [
    ...own,
    ...properties,
    ...(node.items === undefined ? [] : ruleDeclarationCauses(node.items, `${path}.items`)),
    ...(additional === undefined ? [] : ruleDeclarationCauses(additional, `${path}.additionalProperties`)),
  ];
}
