import { stat } from 'node:fs/promises';
import type { Action } from '../../serving/fleet.ts';
import { type DesiredModel, plan as planOf } from '../../serving/plan.ts';
import { type Command, type CommandArguments, type CommandIo, EXIT, type ExitStatus, UsageError } from './command.ts';
import { type ServedModel, manifestsBelow, readServedModel } from './served-model.ts';
import { driverOf } from './status.ts';

export const plan: Command = {
  name: 'plan',
  summary: 'what would change in a fleet if the manifests here were its desired state',
  usage: `[MANIFEST…] [--fleet URL]

  MANIFEST                  a model.yaml or a folder that holds one (default: models/*/model.yaml)
  --fleet URL               the fleet's admin API (default http://127.0.0.1:8003)
  --admin-token-file FILE   where the fleet asks for one

It changes nothing, and says what would be so at the end of a rollout. Exit status 0 when nothing differs, 1 when something does.`,
  options: { fleet: { type: 'string' }, 'admin-token-file': { type: 'string' } },
  run,
};

const LIMIT_MS = 30_000;

async function run(args: CommandArguments, io: CommandIo): Promise<ExitStatus> {
  const paths = args.positionals.length > 0 ? args.positionals : await manifestsBelow(process.cwd());
  if (paths.length === 0) throw new UsageError('no manifest given, and none at models/*/model.yaml');
  const read = await Promise.all(paths.map(readServedModel));
  for (const problem of read.flatMap((each) => (each.kind === 'refused' ? each.problems : []))) io.err(problem);
  if (read.some(({ kind }) => kind === 'refused')) return EXIT.cannotTell;
  const driver = await driverOf(args);
  const observed = await driver.observe(AbortSignal.any([io.signal, AbortSignal.timeout(LIMIT_MS)]));
  const served = read.flatMap((each) => (each.kind === 'model' ? [each.model] : []));
  const differing = served.filter(
    ({ target }) => observed.models.find(({ model }) => model === target.model)?.arms[0]?.revision !== target.revision,
  );
  const desired = await Promise.all(differing.map(desiredOf));
  const actions = planOf({ models: desired }, observed);
  for (const action of actions) io.out(actionText(action, served));
  for (const { model, held } of observed.models)
    if (held !== undefined) io.out(`${model} is held since ${held.since} by ${held.by}: ${held.because}`);
  if (actions.length === 0) io.out('nothing differs');
  await io.json({ actions });
  return actions.length === 0 ? EXIT.good : EXIT.failed;
}

async function desiredOf({ target, loaded, paths }: ServedModel): Promise<DesiredModel> {
  const sizes = await Promise.all([...paths].map(async ([sha256, path]) => [sha256, (await stat(path)).size] as const));
  return {
    model: target.model,
    target: {
      arms: [{ revision: target.revision, weight: 100 }],
      salt: target.model,
      replicas: loaded.manifest.replicas,
    },
    revisions: [{ target, sizes: Object.fromEntries(sizes) }],
  };
}

function actionText(action: Action, served: readonly ServedModel[]): string {
  const versionOf = (revision: string): string =>
    served.find(({ target }) => target.revision === revision)?.target.version ?? revision;
  switch (action.kind) {
    case 'put-artifact':
      return `deliver ${action.sizeBytes} bytes, sha256 ${action.sha256}`;
    case 'put-revision':
      return `${action.target.model}: bring version ${action.target.version}, ${action.target.revision}`;
    case 'put-model':
      return `${action.model}: ${action.target.arms.map(({ revision, weight }) => `${versionOf(revision)} gets ${weight} %`).join(', ')}`;
    case 'renew-lease':
      return `${action.model}: renew the candidate's lease for ${action.seconds} s`;
    case 'retire-model':
      return `${action.model}: retire`;
  }
}
