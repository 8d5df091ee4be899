import { fail, pass, type Rule } from './rule.ts';

/** A model's folder is named like the model, so that people and globs find it. */
export const folderIsNamed: Rule = ({ proposal }) => {
  const { name } = proposal.manifest;
  const folder = proposal.folder.split('/').at(-1) ?? '';
  const measured = { name, folder };
  if (folder === '') return [];
  if (folder === name) return [pass('folder', `the folder ${folder} is named like its model`, measured)];
  const reason = `the model is named ${name} and lies in the folder ${folder}; expected one name for both`;
  return [
    fail(
      'folder',
      reason,
      measured,
      proposal.place('/name'),
      `rename the folder to ${name}, or the model to ${folder}`,
    ),
  ];
};

/** Traffic, logs and the fleet know a model by its name alone. */
export const nameIsUnique: Rule = ({ proposal, names }) => {
  const { name } = proposal.manifest;
  const others = names.filter((other) => other.name === name && other.path !== proposal.path).map(({ path }) => path);
  const measured = { name, others };
  if (others.length === 0) return [pass('name', `no other manifest is named ${name}`, measured)];
  const reason = `the name ${name} is taken by ${others.join(' and ')}; expected a name that no other manifest has`;
  return [fail('name', reason, measured, proposal.place('/name'), 'choose another name')];
};

/** A version is a label bound to one revision for ever: by its first commit on the default branch. */
export const versionIsBoundOnce: Rule = ({ proposal, bindings }) => {
  const { name, version } = proposal.manifest;
  const { revision } = proposal;
  const first = bindings.findLast((binding) => binding.model === name && binding.version === version);
  const measured = { version, revision, bound: first?.revision ?? null, commit: first?.commit ?? null };
  if (first === undefined) return [pass('version-rebound', `version ${version} is new`, measured)];
  if (first.revision === revision) {
    return [
      pass(
        'version-rebound',
        `version ${version} is bound to this very revision since ${short(first.commit)}`,
        measured,
      ),
    ];
  }
  const reason =
    `version ${version} is bound to the revision ${short(first.revision)} since ${short(first.commit)}, and this is ${short(revision)}; ` +
    'expected a version that is new';
  return [fail('version-rebound', reason, measured, proposal.place('/version'), 'give it a new version')];
};

function short(digest: string): string {
  return digest.replace(/^sha256:/, '').slice(0, 12);
}
