import { readFile, writeFile } from 'node:fs/promises';
import { compile, type JSONSchema } from 'json-schema-to-typescript';
import { manifestPage } from './manifest-page.ts';
import { isMapping, propertiesOf, resolveReference, type Schema, schemas } from './schemas.ts';

/**
 * Writes what follows from the schemas: the documents' types and docs/manifest.md.
 *
 * `npx node checks/manifest/generate-types.ts` writes; `--check` compares and ends with status 1 when something is stale.
 */
export async function generatedFiles(): Promise<ReadonlyMap<URL, string>> {
  return new Map([
    [new URL('./manifest-document.generated.ts', import.meta.url), await typesOf('model', 'ModelDocument')],
    [new URL('./policy-document.generated.ts', import.meta.url), await typesOf('policy', 'PolicyDocument')],
    [new URL('../../docs/manifest.md', import.meta.url), manifestPage()],
  ]);
}

/** The type of a document whose defaults are filled in: what has a default is always there. */
async function typesOf(name: 'model' | 'policy', typeName: string): Promise<string> {
  const schema = { ...simplified(schemas[name], schemas[name].$defs), title: typeName };
  const options = {
    bannerComment: `// Generated from ${name}.schema.json by generate-types.ts; do not edit.`,
    cwd: import.meta.dirname,
    additionalProperties: false,
    format: true,
    style: { singleQuote: true, printWidth: 120 },
    strictIndexSignatures: false,
    $refOptions: {},
  };
  return compile(schema as JSONSchema, typeName, options);
}

/**
 * What TypeScript cannot say is left out (choices between required keys, policy references into the model are written
 * out), and what has a default is required.
 */
function simplified(schema: Schema, own: Schema): Schema {
  const resolved = isForeign(schema, own) ? resolveReference(schema) : schema;
  if ('$ref' in resolved) return { $ref: resolved['$ref'] };
  const entries = Object.entries(resolved).flatMap(([key, value]): [string, unknown][] => {
    if (
      key === 'oneOf' ||
      key === 'dependentRequired' ||
      key === 'default' ||
      key === 'x-expected' ||
      key === 'propertyNames'
    )
      return [];
    if (key === 'minItems' || key === 'maxItems') return [];
    if (key === 'defaults' && isMapping(value)) return [[key, { ...opaque, description: value['description'] }]];
    if (Array.isArray(value))
      return [[key, value.map((item: unknown) => (isMapping(item) ? simplified(item, own) : item))]];
    return [[key, isMapping(value) ? simplified(value, own) : value]];
  });
  const withDefault = Object.entries(propertiesOf(resolved))
    .filter(([, property]) => 'default' in resolveReference(property))
    .map(([key]) => key);
  if (withDefault.length === 0 || !('properties' in resolved)) return Object.fromEntries(entries);
  const required = Array.isArray(resolved['required']) ? resolved['required'] : [];
  return { ...Object.fromEntries(entries), required: [...required, ...withDefault] };
}

function isForeign(schema: Schema, own: Schema): boolean {
  const reference = schema['$ref'];
  return typeof reference === 'string' && !Object.hasOwn(own, reference.replace('#/$defs/', ''));
}

/** The policy's defaults for manifests are kept as they were written: they are merged before anything is filled in. */
const opaque = { type: 'object', tsType: 'Readonly<Record<string, unknown>>' } as const;

async function main(check: boolean): Promise<number> {
  const stale: string[] = [];
  for (const [file, text] of await generatedFiles()) {
    const current = await readFile(file, 'utf8').catch(() => undefined);
    if (current === text) continue;
    stale.push(file.pathname);
    if (!check) await writeFile(file, text);
  }
  if (check && stale.length > 0) {
    process.stderr.write(`stale: ${stale.join(', ')}; run npx node checks/manifest/generate-types.ts\n`);
    return 1;
  }
  return 0;
}

if (process.argv[1] === import.meta.filename) process.exitCode = await main(process.argv.includes('--check'));
