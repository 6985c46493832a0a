import type { AwsCallSubject } from "../errors/aws-errors.ts";
import { expected, unexpectedReply } from "../errors/require-field.ts";

/** One page of an IAM list. */
export interface Page<Item> {
  readonly items: readonly Item[] | undefined;
  readonly IsTruncated?: boolean | undefined;
  readonly Marker?: string | undefined;
}

/**
 * The pages of a list, one after the other.
 *
 * Errors: RetryableError for a page that is no list, that promises more without saying where, or that leads back to
 * itself: half a list would look like drift.
 */
export async function* eachPage<Item>(
  subject: AwsCallSubject,
  read: (marker: string | undefined) => Promise<Page<Item>>,
): AsyncGenerator<readonly Item[], void> {
  let marker: string | undefined;
  for (;;) {
    const page = await read(marker);
    yield expected(page.items, "list", subject);
    if (page.IsTruncated !== true) return;
    const next = expected(page.Marker, "Marker for the next page", subject);
    if (next === marker) throw unexpectedReply("the list leads back to the same page", subject);
    marker = next;
  }
}

/** Every item of a list. Errors: as {@link eachPage}. */
export async function allPages<Item>(
  subject: AwsCallSubject,
  read: (marker: string | undefined) => Promise<Page<Item>>,
): Promise<Item[]> {
  const items: Item[] = [];
  for await (const page of eachPage(subject, read)) items.push(...page);
  return items;
}
