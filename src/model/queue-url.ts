/** The URL of an SQS queue, taken apart. */
export interface SqsQueueUrl {
  readonly url: string;
  /** `us-east-1/123456789012/drift-events`: queues of several regions usually have the same name. */
  readonly name: string;
  readonly origin: string;
  /** By the name of the host; undefined where it does not say, as at an endpoint of another provider. */
  readonly region: string | undefined;
}

/** The hosts of SQS, of a VPC endpoint for it, and with IPv6; https://docs.aws.amazon.com/general/latest/gr/sqs-service.html */
const REGION_IN_HOST =
  /(?:^|\.)sqs(?:-fips)?\.([a-z]{2}(?:-[a-z]+)+-\d+)\.(?:vpce\.)?(?:amazonaws\.com(?:\.cn)?|api\.aws)$/;
/** Former hosts of SQS, which still work; the one without a region is in us-east-1. */
const LEGACY_HOST = /^(?:([a-z]{2}(?:-[a-z]+)+-\d+)\.)?queue\.amazonaws\.com(?:\.cn)?$/;
const LOOPBACK = /^(?:127\.\d+\.\d+\.\d+|localhost|\[::1\])$/;

/** Reads the URL of a queue, however it names the host of SQS; undefined for anything else, and for a URL that is not encrypted on its way. */
export function parseQueueUrl(text: string): SqsQueueUrl | undefined {
  const url = URL.parse(text);
  if (url === null || url.username !== "" || url.search !== "" || url.hash !== "") return undefined;
  // A name in DNS can end with a dot.
  url.hostname = url.hostname.replace(/\.$/, "");
  if (url.protocol !== "https:" && !(url.protocol === "http:" && LOOPBACK.test(url.hostname))) return undefined;
  const [, accountId, queue] = /^\/(\d{12})\/([\w-]{1,80})$/.exec(url.pathname) ?? [];
  if (accountId === undefined || queue === undefined) return undefined;
  const region = regionOf(url.hostname);
  // Without a region, the host tells the queues apart.
  return { url: url.href, name: `${region ?? url.host}/${accountId}/${queue}`, origin: url.origin, region };
}

function regionOf(host: string): string | undefined {
  const legacy = LEGACY_HOST.exec(host);
  return legacy === null ? REGION_IN_HOST.exec(host)?.[1] : (legacy[1] ?? "us-east-1");
}
