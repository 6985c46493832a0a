import { isObject } from "../../../model/access/evaluate/document.ts";
import type { Account } from "../account/account.ts";
import type { TrustPolicy } from "../account/entities.ts";
import type { Random } from "../random.ts";
import { displayPrincipals, mapPrincipalLists } from "./principals.ts";

/**
 * A trust policy as one answer shows it: principals as ARNs where they still exist and, as switched on, in an order of the
 * moment, lists of one as their element, Version filled in, keys in any order. The text is JSON, not yet percent-encoded.
 */
export function displayTrustPolicy(account: Account, stored: TrustPolicy): string {
  const { current } = account.settings.switches;
  let document = displayPrincipals(account, stored);
  if (current.shufflePrincipals === true) {
    document = mapPrincipalLists(document, (_kind, values) =>
      Array.isArray(values) ? account.settings.random.shuffled(values) : values,
    );
  }
  if (current.collapseSingletons === true) {
    document = { ...document, ...asObject(collapse(document)) };
  }
  if (current.fillVersion === true && document["Version"] === undefined) {
    document = { Version: "2008-10-17", ...document };
  }
  return JSON.stringify(current.shuffleKeys === true ? shuffleKeys(document, account.settings.random) : document);
}

/** The same value with the members of every object in another order. */
function shuffleKeys(value: unknown, random: Random): unknown {
  if (Array.isArray(value)) {
    return value.map((item) => shuffleKeys(item, random));
  }
  if (isObject(value)) {
    const members = Object.entries(value).map(([key, member]): [string, unknown] => [key, shuffleKeys(member, random)]);
    return Object.fromEntries(random.shuffled(members));
  }
  return value;
}

/** Lists of one as their element, at every depth, but for the list of statements. */
function collapse(value: unknown, element = ""): unknown {
  if (Array.isArray(value)) {
    const collapsed = value.map((item) => collapse(item));
    return collapsed.length === 1 && element !== "Statement" ? collapsed[0] : collapsed;
  }
  if (isObject(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, collapse(member, key)]));
  }
  return value;
}

function asObject(value: unknown): TrustPolicy {
  return isObject(value) ? value : {};
}

/**
 * Percent-encoding by RFC 3986, as IAM encodes every document: all but letters, digits and `-._~`. encodeURIComponent
 * leaves five more alone.
 */
export function percentEncode(document: string): string {
  return encodeURIComponent(document).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
