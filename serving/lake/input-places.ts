import type { LogSchema } from './entry.ts';
import type { JsonBytes } from './json-bytes.ts';

/** Where a name of a request goes: into one logged column, into each of several, or nowhere, since it must not be written. */
export type Place =
  | { readonly kind: 'columns'; readonly columns: readonly number[] }
  | { readonly kind: 'list'; readonly column: number }
  | { readonly kind: 'none' };

/** Names as requests carry them. Callers send them in one order, so the next is guessed, and compared as bytes. */
export class Names {
  readonly #places: ReadonlyMap<string, Place>;
  readonly #order: { readonly bytes: Buffer; readonly place: Place }[] = [];
  #next = 0;

  constructor(places: ReadonlyMap<string, Place>) {
    this.#places = places;
  }

  begin(): void {
    this.#next = 0;
  }

  /** Of the text that was read last; undefined where it is unknown. */
  placeOf(json: JsonBytes): Place | undefined {
    const guess = this.#order[this.#next];
    if (guess !== undefined && json.textIs(guess.bytes)) {
      this.#next += 1;
      return guess.place;
    }
    const name = json.textValue();
    const place = this.#places.get(name);
    if (place !== undefined) this.#order[this.#next++] = { bytes: Buffer.from(name), place };
    return place;
  }
}

const NOWHERE: Place = { kind: 'none' };

/** Of records: by column names. */
export function recordPlaces({ columns, inputs, withheld = [] }: LogSchema): ReadonlyMap<string, Place> {
  const places = new Map<string, Place>();
  for (const name of [...withheld, ...inputs.flatMap((input) => [input.name, ...input.columns])])
    places.set(name, NOWHERE);
  for (const [column, { name }] of columns.entries()) places.set(name, { kind: 'columns', columns: [column] });
  return places;
}

/** Of tensors: by the plan by which records become tensors. */
export function tensorPlaces({ columns, inputs, withheld = [] }: LogSchema): ReadonlyMap<string, Place> {
  const numbers = new Map(columns.map(({ name }, column) => [name, column]));
  // A column that two inputs take is logged as the last of them has it.
  const filledBy = new Map(inputs.flatMap((input) => input.columns.map((name) => [name, input] as const)));
  const places = new Map<string, Place>();
  for (const name of [...withheld, ...filledBy.keys()]) places.set(name, NOWHERE);
  for (const [column, { name, type }] of columns.entries())
    if (!filledBy.has(name))
      places.set(name, type === 'list' ? { kind: 'list', column } : { kind: 'columns', columns: [column] });
  for (const input of inputs) {
    const taken = input.columns.map((name) => (filledBy.get(name) === input ? (numbers.get(name) ?? -1) : -1));
    const [first = -1] = taken;
    if (!input.list) places.set(input.name, { kind: 'columns', columns: taken });
    else places.set(input.name, first < 0 ? NOWHERE : { kind: 'list', column: first });
  }
  return places;
}
