import { pointerOf } from './pointer.ts';
import { isMapping, otherPropertiesOf, propertiesOf, recordOf, resolveReference, type Schema } from './schemas.ts';

/**
 * Fills a valid document with its schema's defaults.
 *
 * `first` is asked before the schema: a repository's policy may know better. `used` collects pointer → value of each
 * default that was taken; a section that only holds defaults, or an empty list, is not told.
 */
export function withDefaults(
  schema: Schema,
  value: unknown,
  used: Map<string, unknown>,
  first?: unknown,
  segments: readonly (string | number)[] = [],
): unknown {
  if (Array.isArray(value)) {
    const items = recordOf(resolveReference(schema)['items']);
    return value.map((item, index) => withDefaults(items, item, used, undefined, [...segments, index]));
  }
  if (!isMapping(value)) return value;
  const properties = propertiesOf(schema);
  const preferred = recordOf(first);
  const given = Object.entries(value).map(([key, child]): [string, unknown] => {
    const childSchema = properties[key] ?? otherPropertiesOf(schema) ?? {};
    return [key, withDefaults(childSchema, child, used, preferred[key], [...segments, key])];
  });
  const absent = Object.entries(properties).flatMap(([key, childSchema]): [string, unknown][] => {
    if (Object.hasOwn(value, key)) return [];
    const chosen = preferred[key] ?? resolveReference(childSchema)['default'];
    if (chosen === undefined) return [];
    const path = [...segments, key];
    const isSection = isMapping(chosen) && Object.keys(propertiesOf(childSchema)).length > 0;
    if (isSection) return [[key, withDefaults(childSchema, {}, used, chosen, path)]];
    if (!isEmpty(chosen)) used.set(pointerOf(path), chosen);
    return [[key, withDefaults(childSchema, chosen, new Map(), undefined, path)]];
  });
  return Object.fromEntries([...given, ...absent]);
}

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) ? value.length === 0 : isMapping(value) && Object.keys(value).length === 0;
}
