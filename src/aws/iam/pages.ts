import type { AwsCallSubject } from "../errors/aws-errors.ts";
import { requireField, unexpectedReply } from "../errors/require-field.ts";

/** One page of an IAM list. */
export interface Page<Item> {
  readonly items: readonly Item[] | undefined;
  readonly IsTruncated?: boolean | undefined;
  readonly Marker?: string | undefined;
}

/**
 * Reads the pages of a list in sequence.
 *
 * Errors: RetryableError for a page without a list, a truncated page without a marker, or a marker that repeats: an incomplete
 * list would look like drift.
 */
export async function* eachPage<Item>(
  subject: AwsCallSubject,
  read: (marker: string | undefined) => Promise<Page<Item>>,
): AsyncGenerator<readonly Item[], void> {
  let marker: string | undefined;
  for (;;) {
    const page = await read(marker);
    yield requireField(page.items, "list", subject);
    if (page.IsTruncated !== true) return;
    const next = requireField(page.Marker, "Marker for the next page", subject);
    if (next === marker) throw unexpectedReply("the list repeats the same page", subject);
    marker = next;
  }
}

/** Reads all items of a list. Errors: as {@link eachPage}. */
export async function allPages<Item>(
  subject: AwsCallSubject,
  read: (marker: string | undefined) => Promise<Page<Item>>,
): Promise<Item[]> {
  const items: Item[] = [];
  for await (const page of eachPage(subject, read)) items.push(...page);
  return items;
}
