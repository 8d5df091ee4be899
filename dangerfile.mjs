// Reviews pull requests for what the checks cannot see. The rules are in .github/danger/model-rules.ts; danger gives `danger`, `fail`, `warn` as globals.
import { modelRules } from './.github/danger/model-rules.ts';

const changed = [...danger.git.created_files, ...danger.git.modified_files];
const manifests = changed.filter((path) => /^models\/[^/]+\/model\.ya?ml$/.test(path));
const diffs = await Promise.all(
  manifests.map(async (path) => ({ path, diff: (await danger.git.diffForFile(path)) ?? { before: '', after: '' } })),
);
const { statSync } = await import('node:fs');
const sizeOf = (path) => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
for (const { kind, message } of modelRules({
  description: danger.github?.pr?.body ?? '',
  hasDescription: danger.github !== undefined,
  files: changed.map((path) => ({ path, sizeBytes: sizeOf(path) })),
  manifests: diffs.map(({ path, diff }) => ({ path, before: diff.before, after: diff.after })),
})) {
  (kind === 'fail' ? fail : warn)(message);
}
