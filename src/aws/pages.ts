import type { AwsCallSubject } from "./aws-errors.ts";
import { expected, unexpectedReply } from "./expected-reply.ts";

/** One page of an IAM list. */
export interface Page<Item> {
  readonly items: readonly Item[] | undefined;
  readonly IsTruncated?: boolean | undefined;
  readonly Marker?: string | undefined;
}

/**
 * Every item of a list, page after page.
 *
 * Errors: RetryableError for a page that is no list, that promises more without saying where, or that leads back to
 * itself: half a list would look like drift.
 */
export async function allPages<Item>(
  subject: AwsCallSubject,
  read: (marker: string | undefined) => Promise<Page<Item>>,
): Promise<Item[]> {
  const items: Item[] = [];
  let marker: string | undefined;
  for (;;) {
    const page = await read(marker);
    items.push(...expected(page.items, "list", subject));
    if (page.IsTruncated !== true) return items;
    const next = expected(page.Marker, "Marker for the next page", subject);
    if (next === marker) throw unexpectedReply("the list leads back to the same page", subject);
    marker = next;
  }
}
