import { defaultMetrics, metricFacts } from './metric-defaults.ts';
import { fullManifest, samplePolicy, smallestManifest } from './manifest-samples.ts';
import { segmentsOf } from './pointer.ts';
import { describe } from './schema-problems.ts';
import { mappingBranch, propertiesOf, recordOf, resolveReference, type Schema, schemas } from './schemas.ts';
import { tightening } from './tightening.ts';

/** docs/manifest.md: the three public formats as their schemas describe them. */
export function manifestPage(): string {
  return `${[
    '<!-- Generated from checks/manifest/*.schema.json by checks/manifest/generate-types.ts; do not edit. -->',
    '# The model manifest, the policy and the report',
    introduction,
    '## `models/<name>/model.yaml`',
    `The smallest manifest that works:\n\n${yaml(smallestManifest)}`,
    `Everything else has a default, and the report says which defaults were used. In full:\n\n${yaml(fullManifest)}`,
    editors,
    ...sections(schemas.model, '###'),
    '### Default metrics and margins',
    metricsTable(),
    '### A proposal may only tighten',
    tighteningText,
    tighteningTable(),
    '### The revision',
    revisionText,
    '## `.github/slipway.yml`',
    `The policy of a repository is read from its default branch, never from the proposal. A repository without one has the defaults.\n\n${yaml(samplePolicy)}`,
    ...sections(schemas.policy, '###'),
    '## The report',
    recordOf(schemas.report)['description'],
    fieldTable(schemas.report),
    ...['checkResult', 'finding'].flatMap((name) => {
      const definition = resolveReference({ $ref: `#/$defs/${name}` });
      return [`### ${name === 'finding' ? 'A finding' : 'A check’s result'}`, fieldTable(definition)];
    }),
  ].join('\n\n')}\n`;
}

const introduction =
  'These formats are public contracts: fields are added, never renamed. Their JSON Schemas (draft 2020-12) are the one source; this page, the types and ' +
  'the messages follow from them. A file that does not follow its schema is refused with every problem at once, each with its line and column.';

const editors = `Editors with a YAML language server check a manifest while it is written, when its first line names the schema:

\`\`\`yaml
# yaml-language-server: $schema=../../node_modules/slipway/checks/manifest/model.schema.json
\`\`\``;

const tighteningText =
  'What judges a model is the strictest of the policy’s `checks.defaults`, the manifest on the default branch, and the proposal. A proposal that loosens one of ' +
  'these is blocked by `manifest/loosened/…` until that finding is waived. A field that is left out counts as its default; a column that is protected is a cohort.';

const revisionText =
  'A version is a label that is bound to one revision for ever. The revision is the SHA-256 of the canonical JSON (RFC 8785) of what decides an answer: `artifact` and ' +
  'its files, `features`, `inputs`, the `type`, `min`, `max` and `values` of `columns`, `outputs` and `serving`, defaults filled in. Owners, margins, cohorts and the rollout are no part of it.';

function yaml(text: string): string {
  return `\`\`\`yaml\n${text.trimEnd()}\n\`\`\``;
}

/** A table of the top level, then one for each mapping below it that has fields of its own. */
function sections(schema: Schema, heading: string): readonly string[] {
  const nested = Object.entries(propertiesOf(schema)).flatMap(([name, property]) =>
    nestedSections(name, property, heading),
  );
  return [fieldTable(schema), ...nested];
}

function nestedSections(path: string, property: Schema, heading: string): readonly string[] {
  const schema = resolveReference(property);
  const items = resolveReference(recordOf(schema['items']));
  const others = resolveReference(recordOf(schema['additionalProperties']));
  const [label, inner] =
    Object.keys(propertiesOf(items)).length > 0
      ? [`${path}[]`, items]
      : Object.keys(propertiesOf(others)).length > 0
        ? [`${path}.<name>`, others]
        : [path, schema];
  const fields = Object.entries(propertiesOf(inner));
  if (fields.length === 0 || isReference(inner)) return [];
  return [
    `${heading} \`${label}\``,
    fieldTable(inner),
    ...fields.flatMap(([name, child]) => nestedSections(`${label}.${name}`, child, `${heading}#`.slice(0, 5))),
  ];
}

/** `{ uri, sha256 }` is the same everywhere. */
function isReference(schema: Schema): boolean {
  return Object.keys(propertiesOf(schema)).join() === 'uri,sha256';
}

function fieldTable(schema: Schema): string {
  const required = mappingBranch(resolveReference(schema))['required'];
  const names = Array.isArray(required) ? required : [];
  const rows = Object.entries(propertiesOf(schema)).map(([name, property]) => {
    const resolved = resolveReference(property);
    const description = typeof resolved['description'] === 'string' ? resolved['description'] : '';
    return `| \`${name}\` | ${valueText(resolved)} | ${names.includes(name) ? 'required' : defaultText(resolved)} | ${description.replaceAll('|', '\\|')} |`;
  });
  return ['| Field | Value | Default | Meaning |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

function valueText(schema: Schema): string {
  if (isReference(schema)) return '`{ uri, sha256 }`';
  const isMappingWithFields = schema['type'] === 'object' && Object.keys(propertiesOf(schema)).length > 0;
  if (isMappingWithFields) return 'mapping';
  return describe(schema).replaceAll('a text that is not empty', 'text').replaceAll('|', '\\|');
}

function defaultText(schema: Schema): string {
  const value = schema['default'];
  if (value === undefined) return '';
  const text = JSON.stringify(value);
  if (text === '{}' && Object.keys(propertiesOf(schema)).length > 0) return 'see below';
  return text === '[]' || text === '{}' ? 'none' : `\`${typeof value === 'string' ? value : text}\``;
}

function metricsTable(): string {
  const isDefault = (name: string) =>
    Object.entries(defaultMetrics).flatMap(([task, metrics]) =>
      (metrics as readonly string[]).includes(name) ? [task] : [],
    );
  const rows = Object.entries(metricFacts).map(
    ([
      name,
      {
        margin: { kind, value },
      },
    ]) => {
      const margin = kind === 'absolute' ? String(value) : `${value * 100} % of the baseline’s value`;
      return `| \`${name}\` | ${margin} | ${isDefault(name).join(', ')} |`;
    },
  );
  return [
    '`cohortMargin` is four times the margin unless it is given. `min` and `max` judge the point estimate.',
    '',
    '| Metric | Default margin | Default for |',
    '| --- | --- | --- |',
    ...rows,
  ].join('\n');
}

function tighteningTable(): string {
  const rows = tightening.map(
    ({ pointer, may }) => `| \`${segmentsOf(pointer).join('.').replaceAll('*', '<name>')}\` | ${may} |`,
  );
  return ['| Field | What may become of it |', '| --- | --- |', ...rows].join('\n');
}
