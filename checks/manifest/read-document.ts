import type { Problem } from './problem.ts';
import { schemaProblems } from './schema-problems.ts';
import type { SchemaName } from './schemas.ts';
import { readYaml, type YamlDocument } from './yaml-document.ts';

export type ReadDocument = YamlDocument | { readonly kind: 'refused'; readonly problems: readonly Problem[] };

/** YAML that follows one of our schemas; every problem of it at once, each with its place. */
export function readDocument(source: string, path: string, schema: SchemaName, check: string): ReadDocument {
  const document = readYaml(source, path, check);
  if (document.kind === 'refused') return document;
  const problems = schemaProblems(schema, document, check);
  return problems.length > 0 ? { kind: 'refused', problems } : document;
}

/**
 * A file's bytes as text. Bytes that are no UTF-8 become U+FFFD, which `readYaml` then refuses with its place; a mark at
 * the start (BOM) is dropped.
 */
export function textOfBytes(bytes: Uint8Array): string {
  return new TextDecoder('utf-8').decode(bytes);
}
