import type { Account } from "../account/account.ts";
import { invalidInput } from "../fault.ts";
import type { XmlTree } from "../protocol/answer.ts";
import type { Params } from "../protocol/params.ts";
import { hash32 } from "../random.ts";
import { integer, optional } from "./constraints.ts";

/** One page of a listing. */
export interface Page<T> {
  readonly items: readonly T[];
  /** IsTruncated and, if so, Marker: to be spread into the result. */
  readonly paging: XmlTree;
}

/** Where a listing stands; travels in the Marker. `seed` is 0 for IAM's own order. */
interface Cursor {
  readonly seed: number;
  readonly after: string | undefined;
}

/**
 * The page that Marker and MaxItems ask for (100 when not said). A listing goes on after the last key it showed, so items
 * that come and go between pages make it neither skip nor repeat others. Keys must be unique.
 * @throws AwsFault ValidationError for MaxItems out of 1..1000, InvalidInput for a foreign Marker
 */
export function paginate<T>(
  account: Account,
  params: Params,
  items: readonly T[],
  keyOf: (item: T) => string,
): Page<T> {
  const maxItems = integer(params, "MaxItems", { min: 1, max: 1_000, fallback: 100 });
  const cursor = readCursor(account, optional(params, "Marker"));
  const rank = (key: string): string =>
    cursor.seed === 0 ? key : `${hash32(`${cursor.seed}:${key}`).toString(16).padStart(8, "0")}:${key}`;
  const after = cursor.after === undefined ? undefined : rank(cursor.after);
  const rest = items
    .map((item) => ({ item, key: keyOf(item), rank: rank(keyOf(item)) }))
    .filter((entry) => after === undefined || entry.rank > after)
    .sort((a, b) => (a.rank < b.rank ? -1 : 1));
  const page = rest.slice(0, pageSize(account, maxItems));
  if (page.length === rest.length) {
    return { items: page.map((entry) => entry.item), paging: { IsTruncated: false } };
  }
  const marker = writeCursor(account, { seed: cursor.seed, after: page.at(-1)?.key ?? cursor.after });
  return { items: page.map((entry) => entry.item), paging: { IsTruncated: true, Marker: marker } };
}

function pageSize(account: Account, maxItems: number): number {
  const { switches, random } = account.settings;
  return switches.current.smallPages === true ? Math.min(maxItems, random.integer(0, 3)) : maxItems;
}

function readCursor(account: Account, marker: string | undefined): Cursor {
  if (marker === undefined) {
    const { switches, random } = account.settings;
    return { seed: switches.current.shuffleLists === true ? random.integer(1, 0xffff) : 0, after: undefined };
  }
  const [seed, , after] = Buffer.from(marker, "base64url").toString("utf8").split("|", 3);
  if (seed === undefined || after === undefined || !/^\d+$/.test(seed)) {
    throw invalidInput("Invalid Marker.");
  }
  return { seed: Number(seed), after: after === "" ? undefined : after };
}

/** The random part keeps two markers apart that stand at the same place: clients take a repeated marker for a loop. */
function writeCursor(account: Account, cursor: Cursor): string {
  const nonce = account.settings.random.text("abcdefghijklmnop", 6);
  return Buffer.from(`${cursor.seed}|${nonce}|${cursor.after ?? ""}`, "utf8").toString("base64url");
}
