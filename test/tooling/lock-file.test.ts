import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "./copy-of-sources.ts";

/** What we read of a package in the lock file. */
interface LockedPackage {
  readonly resolved?: string;
  readonly integrity?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const text = readFileSync(join(ROOT, "package-lock.json"), "utf8");
const { packages } = JSON.parse(text) as { readonly packages: Readonly<Record<string, LockedPackage>> };

/** Looks where Node would: beside the package that asks, then beside each one that holds it. */
function isLocked(name: string, askedBy: string): boolean {
  for (let holder = askedBy; ; holder = dirname(holder)) {
    if (join(holder, "node_modules", name) in packages) return true;
    if (holder === ".") return false;
  }
}

// `npm install` leaves out the packages of platforms that its registry does not have, and `npm ci` then refuses the file
// with "Missing: … from lock file", on every platform.
test("the lock file names the optional packages of every platform, so that npm ci takes it", () => {
  const missing = Object.entries(packages).flatMap(([askedBy, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter((name) => !isLocked(name, askedBy === "" ? "." : askedBy)),
  );
  expect(missing).toEqual([]);
});

test("the lock file names no registry, so that everybody's own is used", () => {
  expect(Object.values(packages).flatMap(({ resolved }) => resolved ?? [])).toEqual([]);
});

// Without one, npm takes whatever the registry answers on that platform.
test("the lock file has the digest of every package, those of other platforms too", () => {
  const withoutDigest = Object.entries(packages)
    .filter(([path, { integrity = "" }]) => path !== "" && !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity))
    .map(([path]) => path);
  expect(withoutDigest).toEqual([]);
});
