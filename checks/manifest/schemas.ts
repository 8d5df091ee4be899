import modelSchema from './model.schema.json' with { type: 'json' };
import { segmentsOf } from './pointer.ts';
import policySchema from './policy.schema.json' with { type: 'json' };
import reportSchema from './report.schema.json' with { type: 'json' };

/**
 * The three public formats, as JSON Schemas (draft 2020-12): the one place where fields, limits and defaults are written.
 * Types (`*.generated.ts`) and docs/manifest.md follow from them: `npx node checks/manifest/generate-types.ts`.
 *
 * They carry one annotation of their own, `x-expected`: what a pattern or a choice asks for, in words.
 */
export type Schema = Readonly<Record<string, unknown>>;

export const schemas = { model: modelSchema, policy: policySchema, report: reportSchema } as const;
export type SchemaName = keyof typeof schemas;

/** Follows `$ref`; what stands beside it wins. The policy refers to the model's definitions by file name. */
export function resolveReference(schema: Schema): Schema {
  const { $ref: reference, ...own } = schema;
  if (typeof reference !== 'string') return schema;
  const [file, path = ''] = reference.split('#');
  const segments = segmentsOf(path);
  const root = roots.find((candidate) => file === '' && definitionIn(candidate, segments) !== undefined) ?? modelSchema;
  return { ...resolveReference(recordOf(definitionIn(root, segments))), ...own };
}

/** A bare `#/$defs/x` does not say whose it is; the three schemas share no names (schemas.test.ts). */
const roots: readonly Schema[] = [modelSchema, policySchema, reportSchema];

function definitionIn(root: Schema, segments: readonly string[]): unknown {
  return segments.reduce<unknown>((at, segment) => recordOf(at)[segment], root);
}

/** The properties of a mapping's schema; of a choice between a word and a mapping, the mapping's. */
export function propertiesOf(schema: Schema): Readonly<Record<string, Schema>> {
  const properties = recordOf(mappingBranch(resolveReference(schema))['properties']);
  return Object.fromEntries(Object.entries(properties).map(([name, property]) => [name, recordOf(property)]));
}

/** The schema of keys that `properties` does not name; undefined when there are none. */
export function otherPropertiesOf(schema: Schema): Schema | undefined {
  const others = mappingBranch(resolveReference(schema))['additionalProperties'];
  return isMapping(others) ? others : undefined;
}

/** Of a choice between a word and a mapping, the mapping. */
export function mappingBranch(schema: Schema): Schema {
  const branches = Array.isArray(schema['anyOf'])
    ? schema['anyOf'].map((branch) => resolveReference(recordOf(branch)))
    : [];
  return branches.find((branch) => branch['type'] === 'object') ?? schema;
}

export function isMapping(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The mapping, or an empty one for whatever is none. */
export function recordOf(value: unknown): Schema {
  return isMapping(value) ? value : {};
}
