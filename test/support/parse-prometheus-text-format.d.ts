declare module "parse-prometheus-text-format" {
  /** A metric family; histograms come with buckets instead of values. */
  interface Family {
    readonly name: string;
    readonly type: string;
    readonly metrics: readonly unknown[];
  }

  const parse: (text: string) => readonly Family[];
  // biome-ignore lint/style/noDefaultExport: the package has no other
  export default parse;
}
