/** RFC 3339 with exactly six fractional digits: what the API server takes for a MicroTime and nothing else. */
const pattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)$/;

/** What is wrong with a MicroTime, in the words of the API server's decoder; undefined when it is right or absent. */
export function microTimeProblem(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") return `json: cannot unmarshal ${typeof value} into Go value of type string`;
  if (pattern.test(value) && !Number.isNaN(Date.parse(value))) return undefined;
  const rest = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(.*)$/.exec(value)?.[1];
  const format = '"2006-01-02T15:04:05.000000Z07:00"';
  const found =
    rest === undefined
      ? `cannot parse ${JSON.stringify(value)} as "2006"`
      : `cannot parse ${JSON.stringify(rest)} as ".000000"`;
  return `parsing time ${JSON.stringify(value)} as ${format}: ${found}`;
}
