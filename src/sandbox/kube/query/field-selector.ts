import type { JsonObject } from "../../../crd/contract.ts";
import { badRequest } from "../status-error.ts";
import type { ObjectFilter } from "./label-selector.ts";

/** What field selectors may ask of a kind, by label; an absent field is the empty string. */
export type SelectableFields = Readonly<Record<string, (object: JsonObject) => string>>;

/**
 * Compiles a `fieldSelector` parameter: `metadata.name=x,spec.roleName!=y`.
 * Raises a 400 StatusError for a field that the kind does not offer.
 */
export function parseFieldSelector(text: string, fields: SelectableFields): ObjectFilter {
  const requirements = terms(text).map((term) => {
    const match = /^((?:\\.|[^\\=!])+)(==|!=|=)(.*)$/s.exec(term);
    if (match === null) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
    const [, label = "", operator, value = ""] = match;
    const read = Object.hasOwn(fields, label) ? fields[label] : undefined;
    if (read === undefined) throw badRequest(`field label not supported: ${label}`);
    return { read, wanted: value.replace(/\\([\\,=])/g, "$1"), equal: operator !== "!=" };
  });
  return (object) => requirements.every(({ read, wanted, equal }) => (read(object) === wanted) === equal);
}

function terms(text: string): readonly string[] {
  return (text.match(/(?:\\.|[^\\,])+/gs) ?? []).map((term) => term.trim());
}
