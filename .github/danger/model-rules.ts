import { parse } from 'yaml';

/** What a rule may look at: the changed files and the manifests among them, before and after. */
export interface ModelChange {
  readonly description: string;
  /** False where the description cannot be known (`danger local`). */
  readonly hasDescription: boolean;
  readonly files: readonly { readonly path: string; readonly sizeBytes: number }[];
  readonly manifests: readonly { readonly path: string; readonly before: string; readonly after: string }[];
}

export interface Remark {
  readonly kind: 'fail' | 'warn';
  readonly message: string;
}

/** A file above this belongs into Git LFS or an artifact store: every clone carries it for ever. */
const largestBlobBytes = 10 * 1024 * 1024;
const shortestDescription = 20;

/** Remarks on a pull request that touches models; none for one that does not. */
export function modelRules(change: ModelChange): readonly Remark[] {
  if (change.manifests.length === 0 && !change.files.some(({ path }) => path.startsWith('models/'))) return [];
  return [
    ...oneModel(change),
    ...smallBlobs(change),
    ...described(change),
    ...change.manifests.flatMap(({ path, before, after }) => {
      const then = documentOf(before);
      const now = documentOf(after);
      return then === undefined || now === undefined
        ? []
        : [...newVersion(path, then, now), ...notBothAtOnce(path, then, now)];
    }),
  ];
}

function oneModel({ files }: ModelChange): readonly Remark[] {
  const models = new Set(files.flatMap(({ path }) => /^models\/([^/]+)\//.exec(path)?.[1] ?? []));
  if (models.size <= 1) return [];
  return [
    {
      kind: 'warn',
      message: `This pull request touches ${models.size} models (${[...models].join(', ')}); one model each is easier to judge and to roll back.`,
    },
  ];
}

function smallBlobs({ files }: ModelChange): readonly Remark[] {
  return files
    .filter(({ path, sizeBytes }) => path.startsWith('models/') && sizeBytes > largestBlobBytes)
    .map(({ path, sizeBytes }) => ({
      kind: 'fail',
      message: `\`${path}\` has ${(sizeBytes / 1024 / 1024).toFixed(1)} MB; above 10 MB it belongs into Git LFS, a release or an artifact store (\`artifact.uri\`).`,
    }));
}

function described({ description, hasDescription }: ModelChange): readonly Remark[] {
  if (!hasDescription || description.replaceAll(/<!--[\s\S]*?-->/g, '').trim().length >= shortestDescription) return [];
  return [
    { kind: 'warn', message: 'No description: say what the model decides, for whom, and what is better about it.' },
  ];
}

function newVersion(path: string, before: Document, after: Document): readonly Remark[] {
  const digest = (document: Document): unknown => record(document['artifact'])['sha256'];
  if (digest(before) === digest(after) || before['version'] !== after['version']) return [];
  return [
    {
      kind: 'fail',
      message: `\`${path}\`: the artifact changed and \`version\` is still ${JSON.stringify(after['version'])}; a version is one revision, for ever.`,
    },
  ];
}

function notBothAtOnce(path: string, before: Document, after: Document): readonly Remark[] {
  const training = (document: Document): string =>
    JSON.stringify(record(document['reproducibility'])['training'] ?? null);
  const thresholds = (document: Document): string =>
    JSON.stringify([
      record(document['outputs'])['threshold'] ?? null,
      record(document['evaluation'])['metrics'] ?? null,
    ]);
  if (training(before) === training(after) || thresholds(before) === thresholds(after)) return [];
  return [
    {
      kind: 'warn',
      message: `\`${path}\`: training and thresholds or margins change together; whether the model or the yardstick got better cannot be told apart.`,
    },
  ];
}

type Document = Readonly<Record<string, unknown>>;

function documentOf(source: string): Document | undefined {
  if (source === '') return undefined;
  try {
    return record(parse(source));
  } catch {
    return undefined; // the `manifest` check says what is wrong with it, line by line
  }
}

function record(value: unknown): Document {
  return typeof value === 'object' && value !== null ? (value as Document) : {};
}
