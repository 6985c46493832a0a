/** The time in RFC 3339 with whole seconds, as in Kubernetes. */
export function rfc3339(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
