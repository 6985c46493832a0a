import { expect, test } from "vitest";
import type { Fault } from "../../../src/api/field.ts";
import { defaulted, object, optional, required } from "../../../src/api/object-fields.ts";
import { flag, text } from "../../../src/api/scalar-fields.ts";

interface Sample {
  readonly name: string;
  readonly isOpen: boolean;
  readonly note?: string;
}

test("the compiler refuses a descriptor that differs from its type", () => {
  const whole = { name: required(text()), isOpen: defaulted(flag(), false), note: optional(text()) };
  object<Sample>(whole);
  // @ts-expect-error: a property is missing
  object<Sample>({ name: whole.name, isOpen: whole.isOpen });
  // @ts-expect-error: a property is too many
  object<Sample>({ ...whole, extra: optional(text()) });
  // @ts-expect-error: a property has another type
  object<Sample>({ ...whole, name: required(flag()) });
  // @ts-expect-error: the type promises the property
  object<Sample>({ ...whole, name: optional(text()) });
  // @ts-expect-error: the type does not promise the property
  object<Sample>({ ...whole, note: required(text()) });
});

test("rules of an object wait until all of it has the right shape", () => {
  const neverHolds = { message: "never", holds: ({ name }: Sample) => name.length < 0 };
  const field = object<Sample>(
    { name: required(text()), isOpen: defaulted(flag(), false), note: optional(text()) },
    neverHolds,
  );
  const faultsOf = (value: unknown): readonly Fault[] => {
    const faults: Fault[] = [];
    field.read(value, "it", faults);
    return faults;
  };
  expect(faultsOf({ name: "a" })).toEqual([{ path: "it", problem: "Invalid value: never" }]);
  expect(faultsOf({ isOpen: true })).toEqual([{ path: "it.name", problem: "Required value" }]);
});
