import type { AccountReader } from "../../src/engine/ports.ts";

/** An account reader whose replies are long in coming: `after` is waited for after each page, and after the quotas. */
export function slowReader(reader: AccountReader, after: (what: keyof AccountReader) => Promise<void>): AccountReader {
  async function* slowly<T>(what: keyof AccountReader, pages: AsyncIterable<T>): AsyncGenerator<T> {
    for await (const page of pages) {
      await after(what);
      yield page;
    }
  }
  return {
    listRoles: (signal) => slowly("listRoles", reader.listRoles(signal)),
    reportRoles: (signal) => slowly("reportRoles", reader.reportRoles(signal)),
    reportRolesAndPolicies: (signal) => slowly("reportRolesAndPolicies", reader.reportRolesAndPolicies(signal)),
    listInstanceProfiles: (signal) => slowly("listInstanceProfiles", reader.listInstanceProfiles(signal)),
    getQuotas: async (signal) => {
      const quotas = await reader.getQuotas(signal);
      await after("getQuotas");
      return quotas;
    },
  };
}
